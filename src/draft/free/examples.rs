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

/// What a model is shown of a kind.
pub(super) struct Examples {
    /// What stands before the request: instructions and examples. Ends with an empty line.
    pub prefix: String,
    /// What the examples have.
    pub known: Known,
}

impl Examples {
    /// Those of a kind, or the general ones. One that is no YAML is left out; a test finds it.
    pub fn of(kind: &str) -> Self {
        let kind = kind.to_lowercase();
        let text_of = KINDS.iter().find(|(name, _)| *name == kind).map_or("", |(_, text)| *text);
        let own: Vec<(&str, Value)> = split(text_of)
            .filter_map(|(request, yaml)| {
                let manifests = parse(yaml.as_bytes(), None, &Budget::default()).ok()?;
                Some((request, manifests.into_iter().next()?.object))
            })
            .collect();
        let mut prefix = GENERAL.to_owned();
        if !own.is_empty() {
            prefix.truncate(GENERAL.find(FIRST).unwrap_or_default());
            for (request, object) in &own {
                prefix.push_str(&format!("{}```yaml\n{}```\n\n", request_line(request), text(object)));
            }
        }
        Self { prefix, known: Known::of(own.iter().map(|(request, object)| (*request, object))) }
    }
}

/// Request and object of each example in a file.
fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(FIRST).skip(1).map(|example| {
        let (request, rest) = example.split_once("\n```yaml\n").unwrap_or((example, ""));
        (request.trim(), rest.split_once("```").map_or(rest, |(yaml, _)| yaml))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::constraint::Prompt;
    use crate::constraint::walk::Walk;
    use crate::constraint::walk::rules::Rules;
    use crate::draft::facts::Facts;
    use crate::draft::free::said::said;
    use crate::model::{Backend, Cancel, Scripted};
    use crate::schema::SchemaSet;

    /// The kind in lower case, request and object of every example.
    fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        KINDS.iter().flat_map(|(kind, text)| split(text).map(|(request, yaml)| (*kind, request, yaml)))
    }

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
            let mut words = said(request, &Facts::builtin().lex(request, 0));
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
            let known = Examples::of(kind).known;
            let schema = set.kind(&info.gvk).expect("served");
            let mut walk = Walk::new(schema, &names, &namespaces, &words, Rules::builtin().expect("whole"))
                .with_known(&known);
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
