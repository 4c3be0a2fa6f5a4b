//! The references of `tests/requests/free/` before a real API server: what the scorer calls right is accepted.

use crate::free_requests::rows;
use crate::score::free::Schemas;
use crate::support::cluster::machine;
use crate::support::rig::rig;

#[test]
fn the_api_server_accepts_every_reference_of_a_built_in_kind() {
    let Some(rig) = rig("references of tests/requests/free on a control plane") else { return };
    let schemas = Schemas::builtin();
    let mut documents = String::new();
    let mut expected = 0;
    for mut object in rows().iter().flat_map(|row| row.reference()).map(|manifest| manifest.object) {
        let key = kubectl_copilot::manifest::ObjectKey::of(&object);
        if !schemas.is_builtin(&key.gvk().group) {
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
    assert_eq!(
        created.lines().filter(|line| line.ends_with("created (server dry run)")).count(),
        expected,
        "{created}"
    );
    assert!(expected > 60, "{expected} objects of built-in kinds");
}
