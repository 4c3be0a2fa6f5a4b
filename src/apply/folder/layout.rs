//! Where a new object goes: the folder's own habit where it has a clear one, else the folder itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scan::Scan;
use crate::apply::digest::sha256;
use crate::manifest::ObjectKey;

/// Longest name of a file, without extension and number; file systems stop at 255 bytes.
const LONGEST: usize = 200;

/// How the files of a folder are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// All in one folder, or in no way that is understood.
    Flat,
    /// One sub-folder for each namespace.
    Namespace,
    /// One sub-folder for each application.
    Application,
}

/// Names for new files; remembers what it has given away.
pub(super) struct Layout<'a> {
    scan: &'a Scan,
    habit: Habit,
    given: BTreeSet<String>,
}

impl<'a> Layout<'a> {
    pub(super) fn of(scan: &'a Scan) -> Self {
        Self { scan, habit: habit(scan), given: BTreeSet::new() }
    }

    /// The path of a new file for an object, below the target: unique, lower case, `kind-name.yaml`.
    pub(super) fn place(&mut self, object: &Value) -> String {
        let key = ObjectKey::of(object);
        let folder = match self.habit {
            Habit::Flat => None,
            Habit::Namespace if key.kind == "Namespace" => Some(key.name.clone()),
            Habit::Namespace => key.namespace.clone(),
            Habit::Application => application(object).map(str::to_owned),
        };
        // Only into a plain sub-folder: the name comes from an object.
        let folder = folder.filter(|folder| *folder == plain(folder) && !folder.starts_with('.'));
        let folder = folder.map(|folder| format!("{folder}/")).unwrap_or_default();
        let stem = shortened(&plain(&format!("{}-{}", key.kind, key.name)));
        let mut path = format!("{folder}{stem}.yaml");
        if let (true, Some(namespace)) = (self.is_taken(&path), &key.namespace) {
            path = format!(
                "{folder}{}.yaml",
                shortened(&plain(&format!("{}-{}-{namespace}", key.kind, key.name)))
            );
        }
        let mut number = 2;
        while self.is_taken(&path) {
            path = format!("{folder}{stem}-{number}.yaml");
            number += 1;
        }
        self.given.insert(path.clone());
        path
    }

    fn is_taken(&self, path: &str) -> bool {
        self.scan.taken.contains(path) || self.given.contains(path)
    }
}

/// Lower case; what is no letter, digit, `.` or `-` becomes `-`.
fn plain(text: &str) -> String {
    let text: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-' { c } else { '-' })
        .collect();
    text.trim_matches(['-', '.']).to_owned()
}

fn shortened(stem: &str) -> String {
    if stem.len() <= LONGEST {
        return stem.to_owned();
    }
    let hash = sha256(stem.as_bytes());
    format!("{}-{}", &stem[..LONGEST], &hash["sha256:".len()..][..8])
}

fn application(object: &Value) -> Option<&str> {
    let labels = object.get("metadata")?.get("labels")?;
    ["app.kubernetes.io/instance", "app.kubernetes.io/name"]
        .iter()
        .find_map(|label| labels.get(*label)?.as_str())
}

fn habit(scan: &Scan) -> Habit {
    let mut by_namespace = true;
    let mut by_application = true;
    let mut any = false;
    for (path, file) in &scan.files {
        for placed in &file.objects {
            let Some((folder, name)) = path.split_once('/') else { return Habit::Flat };
            if name.contains('/') {
                return Habit::Flat;
            }
            any = true;
            let key = ObjectKey::of(&placed.object);
            let namespace =
                if key.kind == "Namespace" { Some(key.name.as_str()) } else { key.namespace.as_deref() };
            by_namespace &= namespace == Some(folder);
            by_application &= application(&placed.object) == Some(folder);
        }
    }
    match (any, by_namespace, by_application) {
        (true, true, false) => Habit::Namespace,
        (true, false, true) => Habit::Application,
        _ => Habit::Flat,
    }
}
