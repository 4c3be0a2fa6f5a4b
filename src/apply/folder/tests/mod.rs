//! A folder as a target, end to end: plan, confirm, write. Here stands what these tests share.

mod agreed;
mod escapes;
mod placed;
mod planned;
mod secrets;
mod written;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::apply::folder::FolderTarget;
use crate::apply::secret::GENERATE_ANNOTATION;
use crate::apply::{ApplyError, ApplyOutcome, Plan};
use crate::diff::MaskKey;
use crate::manifest::DRAFT_ANNOTATION;

/// Stands for every value that must not be seen.
const CANARY: &str = "c4naryc4naryc4nary";

struct Target {
    folder: TempDir,
}

impl Target {
    fn new(files: &[(&str, &str)]) -> Self {
        let target = Self { folder: TempDir::new().unwrap() };
        for (name, text) in files {
            target.put(name, text);
        }
        target
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn open(&self) -> FolderTarget {
        FolderTarget::open(&self.path()).unwrap()
    }

    fn plan(&self, objects: &[Value]) -> Plan {
        self.open().plan(objects, &mask()).unwrap()
    }

    fn write(&self, plan: Plan) -> Result<ApplyOutcome, ApplyError> {
        self.write_until(plan, &|| false)
    }

    fn write_until(&self, plan: Plan, stop: &dyn Fn() -> bool) -> Result<ApplyOutcome, ApplyError> {
        let digest = plan.digest.clone();
        self.open().write(plan.confirm(&digest).unwrap(), stop)
    }

    /// Every file with its text, hidden ones too.
    fn all(&self) -> Vec<(String, String)> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    found.push((name, fs::read_to_string(&path).unwrap_or_default()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(), &self.path(), &mut found);
        found.sort();
        found
    }
}

fn mask() -> MaskKey {
    MaskKey::new([7; 32])
}

fn config_map(name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "team-a", "annotations": {DRAFT_ANNOTATION: "{}"}},
        "data": {"key": value},
    })
}

fn generated(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "annotations": {
            DRAFT_ANNOTATION: "{}", GENERATE_ANNOTATION: r#"{"token":{"kind":"hex","length":48}}"#,
        }},
        "type": "Opaque",
    })
}
