//! Volume claims that nothing on the cluster would serve.

use serde_json::Value;

use crate::support::cluster::{machine, planned};
use crate::support::rig::rig;

fn claim(class: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: home}}\nspec:\n  storageClassName: {class}\n  \
         accessModes: [ReadWriteOnce]\n  resources: {{requests: {{storage: 1Gi}}}}\n"
    )
}

/// The findings of one rule.
fn findings<'p>(plan: &'p Value, rule: &str) -> Vec<&'p Value> {
    plan["findings"].as_array().expect("findings").iter().filter(|finding| finding["rule"] == rule).collect()
}

#[test]
fn a_claim_of_a_class_that_is_not_there_is_warned_about_before_it_waits() {
    let Some(rig) = rig("storage classes of a cluster") else { return };
    let namespace = rig.namespace("storage");
    let copilot = machine(rig);
    let plan_for = |class: &str, context: &str| {
        copilot.write("claim.yaml", &claim(class));
        planned(&copilot, &["-f", "claim.yaml", "--context", context, "-n", &namespace])
    };
    let wrong = plan_for("standrad", "admin");
    let [finding] = findings(&wrong, "claim-without-storage-class")[..] else { panic!("{wrong}") };
    assert_eq!(
        (&finding["severity"], &finding["path"]),
        (&"warning".into(), &"/spec/storageClassName".into())
    );
    let message = finding["message"].as_str().unwrap_or_default();
    assert!(message.contains("'standrad'") && message.contains("standard"), "{message}");
    assert!(findings(&plan_for("standard", "admin"), "claim-without-storage-class").is_empty());
    // Who may not list the classes is told that, and nothing is guessed of a claim.
    rig.kubectl(&["create", "rolebinding", "alice", "-n", &namespace, "--clusterrole=edit", "--user=alice"]);
    let alices = plan_for("standrad", "alice");
    assert!(findings(&alices, "claim-without-storage-class").is_empty(), "{alices}");
    let unread = findings(&alices, "cluster-not-readable");
    assert!(unread.iter().any(|finding| finding["object"]["kind"] == "StorageClass"), "{unread:?}");
}
