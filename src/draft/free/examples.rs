//! Worked examples of each kind, which stand before a request of that kind: `prompts/manifests/`.
//!
//! A small model that has seen two right NetworkPolicies knows which pods a policy selects and which it lets in; one that
//! has seen four objects of other kinds guesses. A kind without examples of its own gets the general ones of
//! `prompts/manifest.md`.

use serde_json::Value;

use crate::constraint::walk::{Known, text};
use crate::draft::prompt::request_line;
use crate::manifest::{Budget, parse};

/// Instructions; then the general examples.
const GENERAL: &str = include_str!("../../../prompts/manifest.md");
/// Where the first example begins.
const FIRST: &str = "Request: ";

macro_rules! shipped {
    ($($kind:literal),* $(,)?) => {
        &[$(($kind, include_str!(concat!("../../../prompts/manifests/", $kind, ".md")))),*]
    };
}

/// Kinds in lower case, as the files are called.
const KINDS: &[(&str, &str)] = shipped![
    "clusterqueue",
    "clusterrole",
    "clusterrolebinding",
    "configmap",
    "cronjob",
    "daemonset",
    "dataset",
    "deployment",
    "experiment",
    "gateway",
    "horizontalpodautoscaler",
    "httproute",
    "inferencepool",
    "inferenceservice",
    "ingress",
    "job",
    "jobset",
    "leaderworkerset",
    "limitrange",
    "llminferenceservice",
    "localqueue",
    "mpijob",
    "networkpolicy",
    "nimcache",
    "nimservice",
    "notebook",
    "persistentvolumeclaim",
    "pod",
    "poddisruptionbudget",
    "priorityclass",
    "pytorchjob",
    "raycluster",
    "rayjob",
    "rayservice",
    "referencegrant",
    "resourceflavor",
    "resourcequota",
    "role",
    "rolebinding",
    "scaledjob",
    "scaledobject",
    "service",
    "serviceaccount",
    "servingruntime",
    "statefulset",
    "storageclass",
    "tensorboard",
    "topology",
    "trainingruntime",
    "trainjob",
    "triggerauthentication",
    "volumesnapshot",
    "workloadpriorityclass",
    "workspace",
];

/// What stands before a request for an object of a kind: instructions and examples. Ends with an empty line.
pub(super) fn examples(kind: &str) -> String {
    let own: String = of(kind)
        .iter()
        .map(|(request, object)| format!("{}```yaml\n{}```\n\n", request_line(request), text(object)))
        .collect();
    if own.is_empty() {
        return GENERAL.to_owned();
    }
    let instructions = GENERAL.split(FIRST).next().unwrap_or_default();
    format!("{instructions}{own}")
}

/// What the examples of a kind have.
pub(super) fn known(kind: &str) -> Known {
    Known::of(of(kind).iter().map(|(_, object)| object))
}

/// The examples of a kind. One that is no YAML is left out; a test finds it.
fn of(kind: &str) -> Vec<(String, Value)> {
    let kind = kind.to_lowercase();
    let parsed = |(request, yaml): (String, String)| {
        let manifests = parse(yaml.as_bytes(), None, &Budget::default()).ok()?;
        Some((request, manifests.into_iter().next()?.object))
    };
    all()
        .into_iter()
        .filter(|(name, _, _)| *name == kind)
        .filter_map(|(_, request, yaml)| parsed((request, yaml)))
        .collect()
}

/// The kind in lower case, request and object of every example.
fn all() -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for (kind, text) in KINDS {
        for example in text.split(FIRST).skip(1) {
            let (request, rest) = example.split_once("\n```yaml\n").unwrap_or((example, ""));
            let yaml = rest.split_once("```").map_or(rest, |(yaml, _)| yaml);
            found.push((*kind, request.trim().to_owned(), yaml.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::constraint::Prompt;
    use crate::constraint::walk::Walk;
    use crate::draft::facts::Facts;
    use crate::draft::free::said::said;
    use crate::model::{Backend, Cancel, Scripted};
    use crate::schema::SchemaSet;

    #[test]
    fn every_file_of_the_folder_is_shipped_and_holds_whole_examples_of_its_kind() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/manifests");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let shipped: BTreeSet<String> = KINDS.iter().map(|(kind, _)| format!("{kind}.md")).collect();
        assert_eq!(files, shipped);
        for (kind, request, yaml) in all() {
            let manifests = parse(yaml.as_bytes(), None, &Budget::default())
                .unwrap_or_else(|error| panic!("{kind}: {request}: {error}"));
            let [only] = manifests.as_slice() else { panic!("{kind}: {request}: one object each") };
            assert_eq!(
                only.object["kind"].as_str().map(str::to_lowercase).as_deref(),
                Some(kind),
                "{request}"
            );
        }
    }

    /// A model cannot follow an example that the walk does not let it write.
    #[test]
    fn the_examples_of_built_in_kinds_can_be_written_for_their_requests() {
        let set = SchemaSet::bundled(None).expect("bundled");
        let mut missed = Vec::new();
        let mut tried = 0;
        for (kind, request, yaml) in all() {
            let object = parse(yaml.as_bytes(), None, &Budget::default()).expect("YAML").remove(0).object;
            let name = object["kind"].as_str().expect("a kind");
            let Some(info) = set.find_kind(name).into_iter().next() else { continue };
            let names = [object["metadata"]["name"].as_str().expect("a name").to_owned()];
            let namespaces: Vec<String> =
                object["metadata"]["namespace"].as_str().map(str::to_owned).into_iter().collect();
            let mut words = said(&request, &Facts::builtin().lex(&request, 0));
            words.plurals = set
                .kinds()
                .map(|info| info.plural.clone())
                .chain([
                    "pods/log".into(),
                    "pods/exec".into(),
                    "deployments/scale".into(),
                    "pods/portforward".into(),
                ])
                .collect();
            let known = known(kind);
            let walk = Walk::new(set.kind(&info.gvk).expect("served"), &names, &namespaces, &words);
            let mut walk = walk.expect("rules").with_known(&known);
            let mut backend = Scripted::new(Vec::new()).with_texts([format!("{}```\n", text(&object))]);
            let prompt = Prompt { prefix: String::new(), body: String::new() };
            tried += 1;
            if let Err(error) = backend.write(&prompt, &mut walk, &Cancel::default()) {
                missed.push(format!("{kind}: {request}\n    {error}"));
            }
        }
        assert!(missed.is_empty(), "{} of {tried}:\n{}", missed.len(), missed.join("\n"));
    }
}
