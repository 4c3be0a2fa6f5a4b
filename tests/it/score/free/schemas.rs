//! What an API server would accept, as far as it is known here.

use std::path::Path;

use kubectl_copilot::check::{CheckContext, check};
use kubectl_copilot::finding::Severity;
use kubectl_copilot::manifest::{Budget, Manifest, parse};
use kubectl_copilot::policy::{PolicySet, User};
use kubectl_copilot::schema::SchemaSet;

/// The built-in kinds, and custom ones where their definitions were given.
pub struct Schemas {
    pub set: SchemaSet,
    /// Whether definitions of custom kinds were given.
    pub has_custom: bool,
}

impl Schemas {
    /// Built-in kinds only: objects of other groups are not judged.
    pub fn builtin() -> Self {
        Self { set: SchemaSet::bundled(None).expect("the bundled schemas"), has_custom: false }
    }

    /// With the CustomResourceDefinitions of a folder's `*.yaml`. A definition that cannot be used is reported, and its
    /// kind is not known.
    pub fn with_crds(folder: &Path) -> Self {
        let entries =
            std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry of a folder").path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
        let mut set = Self::builtin().set;
        for file in files {
            let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let name = file.display().to_string();
            let read = parse(&text, Some(&name), &Budget::default()).map_err(|error| error.to_string());
            match read.and_then(|found| set.with_crds(&found).map_err(|error| error.to_string())) {
                Ok(more) => set = more,
                Err(error) => eprintln!("not used: {error}"),
            }
        }
        Self { set, has_custom: true }
    }

    /// Whether kinds of this API group are part of Kubernetes itself.
    pub fn is_builtin(&self, group: &str) -> bool {
        self.set.kinds().any(|kind| kind.definition.is_none() && kind.gvk.group == group)
    }

    /// Whether objects of this API group can be judged.
    pub fn judges(&self, group: &str) -> bool {
        self.has_custom || self.is_builtin(group)
    }

    /// Why the objects would be refused, those of groups that cannot be judged left out.
    pub fn refusals(&self, objects: &[Manifest]) -> Vec<String> {
        let judged = objects.iter().filter(|object| self.judges(&object.key().gvk().group));
        let objects: Vec<_> = judged.map(|manifest| manifest.object.clone()).collect();
        let (policies, user) = (PolicySet::none(), User::named("somebody"));
        let report = check(&objects, &CheckContext::new(&self.set, &policies, &user));
        let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| format!("{}: {} {}", finding.object, finding.path, finding.message)).collect()
    }
}
