//! The references of `tests/requests/free/` before a real API server: what the scorer calls right is accepted, CEL rules
//! of custom kinds included.

use std::path::Path;

use kubectl_copilot::manifest::ObjectKey;

use crate::free_requests::{CRDS, rows};
use crate::score::free::Schemas;
use crate::support::cluster::machine;
use crate::support::not_run::not_run;
use crate::support::rig::{Rig, own_rig, rig};

/// Has the API server look at every object of the references that is of a built-in kind, or that is not; returns how
/// many these are.
fn dry_run(rig: &Rig, builtin: bool) -> usize {
    let schemas = Schemas::builtin();
    let mut documents = String::new();
    let mut expected = 0;
    for mut object in rows().iter().flat_map(|row| row.reference()).map(|manifest| manifest.object) {
        let key = ObjectKey::of(&object);
        if schemas.is_builtin(&key.gvk().group) != builtin {
            continue;
        }
        // Nothing is stored, so that one namespace, which has its service account already, serves all.
        if key.namespace.is_some() {
            object["metadata"]["namespace"] = "default".into();
        }
        documents.push_str(&format!("---\n{object}\n"));
        expected += 1;
    }
    let copilot = machine(rig);
    let file = copilot.write("references.yaml", &documents);
    let file = file.to_str().expect("a path");
    let created =
        rig.kubectl(&["create", "--dry-run=server", "--validate=strict", "-n", "default", "-f", file]);
    let seen = created.lines().filter(|line| line.ends_with("created (server dry run)")).count();
    assert_eq!(seen, expected, "{created}");
    expected
}

#[test]
fn the_api_server_accepts_every_reference_of_a_built_in_kind() {
    let Some(rig) = rig("references of tests/requests/free on a control plane") else { return };
    let seen = dry_run(rig, true);
    assert!(seen > 60, "{seen} objects of built-in kinds");
}

/// On a control plane of its own: other tests look at the kinds that theirs has.
#[test]
fn the_api_server_accepts_every_reference_of_a_custom_kind() {
    let what = "references of custom kinds of tests/requests/free on a control plane";
    let Some(folder) = std::env::var_os(CRDS) else {
        not_run(&format!("{what} ({CRDS} names no folder)"));
        return;
    };
    let Some(rig) = own_rig(what) else { return };
    let rows = rows();
    let used: Vec<_> = rows.iter().flat_map(|row| row.reference()).map(|object| object.key().gvk()).collect();
    let mut definitions = Vec::new();
    for entry in std::fs::read_dir(Path::new(&folder)).expect("the folder of definitions") {
        let path = entry.expect("an entry of a folder").path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let is_used = |gvk: &&kubectl_copilot::manifest::GroupVersionKind| {
            text.contains(&format!("\n  group: {}\n", gvk.group))
                && text.contains(&format!("\n    kind: {}\n", gvk.kind))
        };
        if used.iter().any(|gvk| is_used(&gvk)) {
            definitions.push(path.to_str().expect("a path").to_owned());
        }
    }
    let mut arguments = vec!["create"];
    arguments.extend(definitions.iter().flat_map(|file| ["-f", file.as_str()]));
    rig.kubectl(&arguments);
    rig.kubectl(&["wait", "--for=condition=Established", "--timeout=120s", "crd", "--all"]);
    let seen = dry_run(&rig, false);
    assert!(seen > 45, "{seen} objects of custom kinds");
}
