//! Reading a cluster, on the real control plane: who may see what, what is said where something may not be seen, and
//! bad kubeconfigs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kubectl_copilot::capacity::{Verdict, fits};
use kubectl_copilot::cluster::{
    Ask, ClusterError, ConnectOptions, Connection, Selector, Snapshot, Timeouts, Wrong,
};
use kubectl_copilot::manifest::masked::MaskKey;
use kubectl_copilot::manifest::{GroupVersionKind, Manifest, pods};
use kubectl_copilot::policy::PolicySet;
use kubectl_copilot::schema::{SchemaSet, validate};
use serde_json::{Value, json};

use crate::support::Copilot;
use crate::support::copilot::Output;
use crate::support::listener::Listener;
use crate::support::rig::{Rig, rig};

const SOON: Duration = Duration::from_secs(60);

fn options(kubeconfig: &Path, context: &str) -> ConnectOptions {
    ConnectOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        context: Some(context.to_owned()),
        // The machine may be busy with other tests.
        timeouts: Timeouts { connect: SOON, first: SOON, ..Timeouts::default() },
        ..ConnectOptions::new(MaskKey::new([7; 32]))
    }
}

fn open(rig: &Rig, context: &str) -> Connection {
    Connection::open(&options(&rig.kubeconfig, context)).unwrap_or_else(|error| panic!("{context}: {error}"))
}

fn kind(api_version: &str, kind: &str) -> GroupVersionKind {
    GroupVersionKind::new(api_version, kind)
}

#[track_caller]
fn refused(result: Result<Connection, ClusterError>, wrong: Wrong, parts: &[&str]) {
    let error = result.map(|connection| connection.server().to_owned()).expect_err("it must not open");
    assert_eq!(error.wrong(), wrong, "{error}");
    let text = format!("{error}\nhint: {}", error.hint());
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
}

#[test]
fn a_connection_knows_where_it_is_and_as_whom() {
    let Some(rig) = rig("identity of a cluster and a user") else { return };
    let admin = open(rig, "admin");
    assert_eq!((admin.context(), admin.namespace()), ("admin", "default"));
    assert_eq!(admin.server(), rig.server.trim_end_matches('/'));
    assert!(admin.server_version().is_some_and(|version| version.minor.starts_with("1.")));
    let identity = admin.identity("team-a").expect("admin may read namespaces");
    assert!(identity.ca.as_ref().is_some_and(|ca| ca.starts_with("sha256:")));
    assert!(identity.namespace_uid.is_some() && identity.kube_system_uid.is_some());
    assert_ne!(identity.namespace_uid, identity.kube_system_uid);
    assert_eq!(admin.identity("nowhere").expect("an absent namespace is no error").namespace_uid, None);

    let alice = open(rig, "alice");
    assert_eq!(alice.namespace(), "team-a");
    assert_eq!(alice.user().name, "alice");
    assert!(alice.user().confirmed && alice.user().groups.iter().any(|group| group == "researchers"));
    let own = alice.identity("team-a").expect("what may not be read is absent");
    assert_eq!(own.namespace_uid, identity.namespace_uid, "one namespace has one uid, whoever asks");
    assert_eq!(own.kube_system_uid, None);
    let flag = ConnectOptions { namespace: Some("team-b".into()), ..options(&rig.kubeconfig, "alice") };
    assert_eq!(Connection::open(&flag).expect("it opens").namespace(), "team-b");
}

#[test]
fn impersonation_is_what_the_server_sees() {
    let Some(rig) = rig("impersonation") else { return };
    let as_alice = ConnectOptions {
        as_user: Some("mira".into()),
        as_groups: vec!["researchers".into(), "others".into()],
        ..options(&rig.kubeconfig, "admin")
    };
    let mira = Connection::open(&as_alice).expect("an administrator may impersonate");
    assert_eq!(mira.user().name, "mira");
    for group in ["researchers", "others"] {
        assert!(mira.user().groups.iter().any(|own| own == group), "{:?}", mira.user());
    }
    // Nobody else may; and groups alone are refused before anything is sent.
    let not_alice = ConnectOptions { as_user: Some("admin".into()), ..options(&rig.kubeconfig, "alice") };
    let parts = ["cannot act as 'admin' with context 'alice'", "cannot impersonate"];
    refused(Connection::open(&not_alice), Wrong::Forbidden, &parts);
    let groups_only =
        ConnectOptions { as_groups: vec!["system:masters".into()], ..options(&rig.kubeconfig, "admin") };
    refused(Connection::open(&groups_only), Wrong::Kubeconfig, &["--as-group", "--as USER"]);
}

#[test]
fn objects_are_read_and_secret_values_are_not() {
    let Some(rig) = rig("secrets are masked when they are read") else { return };
    let namespace = rig.namespace("read");
    rig.create(&format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: {namespace}, labels: {{app: db}}}}
stringData: {{password: hunter2-hunter2}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {namespace}}}
data: {{mode: fast}}
"
    ));
    let admin = open(rig, "admin");
    let secret = admin.get(&kind("v1", "Secret"), Some(&namespace), "db").expect("it may be read");
    let secret = secret.expect("it is there");
    let shown = secret.to_string();
    assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMi"), "{shown}");
    assert!(secret["data"]["password"].as_str().is_some_and(|text| text.starts_with("***(15 bytes, hmac:")));
    let list =
        admin.list(&kind("v1", "Secret"), Some(&namespace), &Selector::labels("app=db")).expect("listed");
    assert!(list.complete && list.items.len() == 1);
    assert_eq!((&list.items[0]["kind"], &list.items[0]["apiVersion"]), (&json!("Secret"), &json!("v1")));
    assert_eq!(list.items[0]["data"], secret["data"]);
    let map = admin.get(&kind("v1", "ConfigMap"), Some(&namespace), "settings").expect("it may be read");
    assert_eq!(map.expect("it is there")["data"]["mode"], "fast");

    assert_eq!(admin.get(&kind("v1", "ConfigMap"), Some(&namespace), "absent").expect("no error"), None);
    let error = admin.get(&kind("v1", "ConfigMap"), Some(&namespace), "../secrets/db").expect_err("no name");
    assert!(error.to_string().contains("no name"), "{error}");
    let error = admin.get(&kind("example.com/v1", "Thing"), None, "a").expect_err("not served");
    assert_eq!(error.wrong(), Wrong::NotServed);
    let error =
        open(rig, "alice").get(&kind("v1", "Secret"), Some(&namespace), "db").expect_err("not alice's");
    assert!(error.is_forbidden() && error.to_string().contains("alice"), "{error}");
}

#[test]
fn rights_are_the_servers_own_word() {
    let Some(rig) = rig("rights by self-review") else { return };
    let may = |context: &str, verb: &str, group: &str, resource: &str, namespace: &str| {
        open(rig, context).may(&Ask::new(verb, group, resource, namespace)).expect("an answer").allowed
    };
    assert!(may("alice", "create", "apps", "deployments", "team-a"));
    assert!(!may("alice", "create", "apps", "deployments", "team-b"));
    assert!(!may("viewer", "create", "apps", "deployments", "team-a"));
    assert!(may("viewer", "list", "", "pods", "team-a"));
    let rules = open(rig, "alice").rules("team-a").expect("an answer");
    assert!(rules.allow("patch", "apps", "statefulsets") && !rules.allow("list", "", "nodes"));
    assert!(!open(rig, "nobody").rules("team-a").expect("an answer").allow("list", "", "pods"));
}

#[test]
fn an_administrator_sees_the_whole_cluster() {
    let Some(rig) = rig("the snapshot of an administrator") else { return };
    let snapshot = Snapshot::read(&open(rig, "admin"), "team-a").expect("it can be read");
    assert_eq!(snapshot.warnings, []);
    let nodes = snapshot.nodes.as_ref().expect("nodes");
    let gpus = kubectl_copilot::manifest::Quantity::from_whole(8);
    assert_eq!(nodes.iter().filter(|node| node.allocatable.get("nvidia.com/gpu") == Some(&gpus)).count(), 3);
    assert_eq!(nodes.len(), 4);
    assert_eq!(snapshot.gpu_products(), ["NVIDIA-A100-SXM4-80GB"]);
    assert!(snapshot.namespaces.as_ref().is_some_and(|names| names.iter().any(|name| name == "team-b")));
    assert_eq!(snapshot.default_storage_class.as_deref(), Some("standard"));
    assert!(
        snapshot.priority_classes.is_some_and(|names| names.contains(&"system-node-critical".to_owned()))
    );
    assert_eq!((snapshot.namespace_exists, snapshot.queues.as_deref()), (Some(true), Some([].as_slice())));
    let elsewhere = Snapshot::read(&open(rig, "admin"), "nowhere").expect("it can be read");
    assert_eq!(elsewhere.namespace_exists, Some(false));
}

#[test]
fn a_person_with_one_role_binding_gets_what_they_may_see() {
    let Some(rig) = rig("the snapshot of a person with one RoleBinding") else { return };
    let snapshot = Snapshot::read(&open(rig, "alice"), "team-a").expect("missing rights are no error");
    assert!(snapshot.quotas.is_some() && snapshot.claims.is_some() && snapshot.queues.is_some());
    assert_eq!(snapshot.namespace_exists, Some(true));
    assert_eq!((&snapshot.nodes, &snapshot.pods, &snapshot.namespaces), (&None, &None, &None));
    let about: Vec<&str> = snapshot.warnings.iter().map(|warning| warning.object.kind.as_str()).collect();
    for source in ["Node", "Pod", "Namespace"] {
        assert_eq!(about.iter().filter(|kind| **kind == source).count(), 1, "one warning each: {about:?}");
    }
    assert!(
        snapshot.warnings.iter().all(|warning| warning.hint.is_some() && warning.message.contains("alice"))
    );
    let pod = pods(&pod_with_gpus(1));
    assert_eq!(fits(&pod, &snapshot).verdict, Verdict::Unknown);

    let nobody = Snapshot::read(&open(rig, "nobody"), "team-a").expect("missing rights are no error");
    assert_eq!((nobody.namespace_exists, nobody.quotas, nobody.claims), (None, None, None));
}

fn pod_with_gpus(count: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [{"name": "main", "image": "i", "resources": {"limits": {"nvidia.com/gpu": count}}}]}})
}

#[test]
fn the_ninth_gpu_is_explained_and_quota_is_known() {
    let Some(rig) = rig("capacity on simulated GPU nodes") else { return };
    let namespace = rig.namespace("capacity");
    rig.kubectl(&["create", "quota", "gpu", "-n", &namespace, "--hard=requests.nvidia.com/gpu=12"]);
    let admin = open(rig, "admin");
    let snapshot = Snapshot::read(&admin, &namespace).expect("it can be read");
    let fit = fits(&pods(&pod_with_gpus(9)), &snapshot);
    assert_eq!(fit.verdict, Verdict::Blocked);
    assert!(
        fit.why.as_ref().is_some_and(|why| why.contains("9 GPUs in one pod: the largest node")),
        "{fit:?}"
    );
    assert_eq!(fit.would_fit, ["8 GPUs in one pod"]);
    let two = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {
        "parallelism": 2, "template": {"spec": pod_with_gpus(7)["spec"]}}});
    let fit = fits(&pods(&two), &snapshot);
    assert!(fit.line().contains("quota 'gpu'") && fit.verdict == Verdict::Blocked, "{fit:?}");
}

#[test]
fn live_schemas_are_those_that_are_bundled() {
    let Some(rig) = rig("live schemas") else { return };
    let cache = tempfile::tempdir().expect("a temporary folder");
    let cached =
        ConnectOptions { cache_dir: Some(cache.path().to_owned()), ..options(&rig.kubeconfig, "alice") };
    let alice = Connection::open(&cached).expect("it opens");
    let wanted: Vec<String> = ["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "nothing.example.com/v1"]
        .map(str::to_owned)
        .into();
    let documents = alice.schemas(&wanted).expect("everybody may read schemas");
    assert_eq!(documents.len(), 4, "what is not served is left out");
    let kept = std::fs::read_dir(cache.path().join("openapi")).expect("the cache").count();
    assert_eq!(kept, 4);
    assert_eq!(alice.schemas(&wanted).expect("from the cache"), documents);

    let minor = alice.server_version().expect("its version").minor.clone();
    let bundled = SchemaSet::bundled(Some(&minor)).expect("this minor is bundled");
    let pairs: Vec<(&str, &[u8])> =
        documents.iter().map(|one| (one.group_version.as_str(), one.bytes.as_slice())).collect();
    let live = bundled.with_openapi_v3(&pairs).expect("they can be read");
    let in_documents = |info: &&kubectl_copilot::schema::KindInfo| wanted.contains(&info.gvk.api_version());
    for info in bundled.kinds().filter(in_documents) {
        let (old, new) = (bundled.kind(&info.gvk), live.kind(&info.gvk));
        let (old, new) = (old.expect("bundled"), new.unwrap_or_else(|| panic!("{:?} is not live", info.gvk)));
        assert_eq!((&old.info.plural, old.info.namespaced), (&new.info.plural, new.info.namespaced));
        assert_eq!(new.info.definition, None);
        same(old.node, new.node, &format!("{} {}", info.gvk.api_version(), info.gvk.kind), 0);
    }
    let wrong = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
        "spec": {"replica": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "m", "image": "i"}]}}}});
    let findings = validate(&Manifest::rendered(wrong), &live);
    assert!(findings.len() == 1 && findings[0].path == "/spec/replica", "{findings:?}");
}

/// Two schemas say the same, a few levels down.
fn same(
    old: kubectl_copilot::schema::Node<'_>,
    new: kubectl_copilot::schema::Node<'_>,
    place: &str,
    depth: usize,
) {
    let (one, two) = (old.schema(), new.schema());
    assert_eq!((old.broken(), new.broken()), (None, None), "{place}");
    assert_eq!(
        (&one.type_name, &one.format, &one.required),
        (&two.type_name, &two.format, &two.required),
        "{place}"
    );
    assert_eq!((&one.values, old.default()), (&two.values, new.default()), "{place}");
    assert_eq!(
        (&one.list_type, &one.list_map_keys, &one.map_type),
        (&two.list_type, &two.list_map_keys, &two.map_type),
        "{place}"
    );
    assert_eq!(
        (old.is_open(), old.is_quantity(), old.is_int_or_string()),
        (new.is_open(), new.is_quantity(), new.is_int_or_string()),
        "{place}"
    );
    if depth == 7 {
        return;
    }
    let names = |node: kubectl_copilot::schema::Node<'_>| {
        node.properties().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(old), names(new), "{place}");
    for (name, child) in old.properties() {
        same(child, new.property(name).expect("the same names"), &format!("{place}/{name}"), depth + 1);
    }
    match (old.items(), new.items()) {
        (Some(old), Some(new)) => same(old, new, &format!("{place}/-"), depth + 1),
        (old, new) => assert_eq!(old.is_some(), new.is_some(), "{place}"),
    }
    match (old.values(), new.values()) {
        (Some(old), Some(new)) => same(old, new, &format!("{place}/*"), depth + 1),
        (old, new) => assert_eq!(old.is_some(), new.is_some(), "{place}"),
    }
}

#[test]
fn policies_of_the_cluster_are_evaluated_like_files() {
    let Some(rig) = rig("policies from the cluster") else { return };
    let namespace = rig.namespace("policies");
    let policy = format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: cap, namespace: {namespace}}}
data: {{most: '1'}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: cap-{namespace}}}
spec:
  paramKind: {{apiVersion: v1, kind: ConfigMap}}
  matchConstraints:
    resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}}]
  validations:
  - {{expression: 'size(object.data) <= int(params.data.most)', message: too many keys}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: cap-{namespace}}}
spec:
  policyName: cap-{namespace}
  paramRef: {{name: cap, namespace: {namespace}, parameterNotFoundAction: Deny}}
  validationActions: [Deny]
  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: dangling-{namespace}}}
spec: {{policyName: gone, validationActions: [Deny]}}
"
    );
    rig.create(&policy);
    let found = open(rig, "admin").policies(&namespace).expect("they can be read");
    assert_eq!(found.findings, []);
    let policies = PolicySet::from_manifests(&found.manifests).expect("they can be evaluated");
    let info = policies.list().into_iter().find(|info| info.name == format!("cap-{namespace}"));
    let info = info.expect("the policy is there");
    assert!(info.in_force && info.unsupported.is_none(), "{info:?}");
    assert_eq!(info.params, ["ConfigMap/cap"]);
    assert!(found.manifests.iter().any(|manifest| manifest.key().kind == "ConfigMap"), "its parameter too");
    assert!(
        found.manifests.iter().all(|manifest| manifest.object["metadata"].get("managedFields").is_none())
    );

    let alice = open(rig, "alice").policies("team-a").expect("missing rights are no error");
    assert!(alice.manifests.is_empty());
    assert_eq!(alice.findings.len(), 2, "policies and bindings: {:?}", alice.findings);
    assert!(alice.findings[0].message.contains("only its dry-run decides"), "{:?}", alice.findings[0]);
    rig.kubectl(&[
        "delete",
        "validatingadmissionpolicybinding",
        &format!("cap-{namespace}"),
        &format!("dangling-{namespace}"),
    ]);
    rig.kubectl(&["delete", "validatingadmissionpolicy", &format!("cap-{namespace}")]);
}

#[test]
fn an_expired_token_says_so() {
    let Some(rig) = rig("an expired token") else { return };
    let result = Connection::open(&options(&rig.kubeconfig, "expired"));
    refused(result, Wrong::Unauthorized, &["context 'expired'", &rig.server, "log in again"]);
}

#[test]
fn a_server_that_is_not_trusted_is_not_asked() {
    let Some(rig) = rig("an untrusted certificate") else { return };
    let copilot = Copilot::new();
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: c,
contexts: [{{name: c, context: {{cluster: c, user: u}}}}],
clusters: [{{name: c, cluster: {{server: '{}'}}}}],
users: [{{name: u, user: {{token: admin-token}}}}]}}",
        rig.server
    );
    let file = copilot.write("config", &text);
    refused(
        Connection::open(&options(&file, "c")),
        Wrong::Untrusted,
        &["certificate", "certificate-authority"],
    );
}

fn capacity(rig: &Rig, context: &str, more: &[&str]) -> Output {
    let copilot = Copilot::new().with_env("KUBECONFIG", rig.kubeconfig.as_os_str());
    copilot.run(["capacity", "--context", context].iter().chain(more).copied())
}

#[test]
fn the_capacity_table() {
    let Some(rig) = rig("the capacity table") else { return };
    let document = capacity(rig, "admin", &["-n", "team-a", "-o", "json"]).expect_code(0).json();
    assert_eq!(document["version"], 1);
    let nodes = document["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 4);
    let gpu = nodes.iter().find(|node| node["name"] == "gpu-1").expect("gpu-1");
    assert_eq!(gpu["product"], "NVIDIA-A100-SXM4-80GB");
    assert_eq!(gpu["resources"][0]["allocatable"], 8);
    assert_eq!(gpu["taints"][0]["key"], "nvidia.com/gpu");
    let text = capacity(rig, "admin", &[]).expect_code(0).stdout;
    assert!(text.contains("gpu-1") && text.contains("of 24 free; 1 node without GPUs"), "{text}");

    let output = capacity(rig, "alice", &[]).expect_code(3);
    assert!(output.stdout.contains("GPUs: not known"), "{}", output.stdout);
    assert!(output.stderr.contains("Node") && output.stderr.contains("hint: "), "{}", output.stderr);
    let output = capacity(rig, "expired", &[]).expect_code(2);
    assert!(output.stderr.starts_with("error: cannot use context 'expired'"), "{}", output.stderr);
    assert_eq!(output.stdout, "");
}

// --- without a cluster ---------------------------------------------------------------------------------------------

/// A kubeconfig with two contexts whose server is not there.
fn dead(copilot: &Copilot, user: &str) -> PathBuf {
    let text = format!(
        "apiVersion: v1
kind: Config
current-context: lab
contexts:
- {{name: lab, context: {{cluster: lab, user: me, namespace: team-a}}}}
- {{name: production, context: {{cluster: lab, user: me}}}}
- {{name: broken, context: {{cluster: elsewhere, user: me}}}}
clusters: [{{name: lab, cluster: {{server: 'http://127.0.0.1:1'}}}}]
users: [{{name: me, user: {user}}}]
"
    );
    copilot.write("kubeconfig", &text)
}

#[track_caller]
fn fails(copilot: &Copilot, arguments: &[&str], parts: &[&str]) {
    let output = copilot.run(["capacity"].iter().chain(arguments).copied()).expect_code(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with("error: cannot "), "{}", output.stderr);
    for part in parts.iter().chain(&["\nhint: "]) {
        assert!(output.stderr.contains(part), "'{part}' is not in: {}", output.stderr);
    }
}

#[test]
fn without_a_kubeconfig() {
    let copilot = Copilot::new();
    fails(&copilot, &[], &["cannot find a kubeconfig", ".kube/config", "--to DIR"]);
    fails(&copilot, &["--kubeconfig", "absent"], &["cannot read the kubeconfig absent", "no such file"]);
    let copilot = copilot.without_env("KUBECONFIG").without_env("HOME");
    fails(&copilot, &[], &["no home folder"]);
}

#[test]
fn an_unusable_kubeconfig_is_named_and_its_values_are_not() {
    let copilot = Copilot::new();
    for (text, part) in [
        ("users: [{name: me, user: {token: hunter2", "line "),
        ("contexts: hunter2\n", "no kubeconfig"),
        ("a: *hunter2\n", "line "),
    ] {
        let file = copilot.write("bad", text);
        let file = file.to_str().expect("a path in UTF-8");
        let output = copilot.run(["capacity", "--kubeconfig", file]).expect_code(2);
        assert!(output.stderr.contains(file) && output.stderr.contains(part), "{}", output.stderr);
        assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
    }
    std::fs::create_dir(copilot.work().join("folder")).expect("a folder");
    fails(&copilot, &["--kubeconfig", "folder"], &["cannot read the kubeconfig folder"]);
}

#[test]
fn an_unknown_context_names_those_that_are_there() {
    let copilot = Copilot::new();
    let file = dead(&copilot, "{token: x}");
    let file = file.to_str().expect("a path in UTF-8");
    let parts = ["cannot use the context 'prodution'", file, "did you mean 'production'?", "lab, production"];
    fails(&copilot, &["--kubeconfig", file, "--context", "prodution"], &parts);
    let parts = ["'broken'", "'elsewhere'", "add the cluster"];
    fails(&copilot, &["--kubeconfig", file, "--context", "broken"], &parts);
    let unset = copilot.write("unset", "contexts: [{name: a, context: {cluster: a}}]\n");
    let unset = unset.to_str().expect("a path in UTF-8");
    fails(&copilot, &["--kubeconfig", unset], &["names no current context", "--context NAME; there are: a"]);
}

#[test]
fn a_dead_server_is_named_with_the_reason() {
    let copilot = Copilot::new();
    let file = dead(&copilot, "{token: x}");
    let parts = ["cannot use context 'lab'", "http://127.0.0.1:1 cannot be reached", "refused"];
    fails(&copilot, &["--kubeconfig", file.to_str().expect("a path in UTF-8")], &parts);
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_forever() {
    let listener = Listener::start();
    let copilot = Copilot::new();
    let file = copilot.write("kubeconfig", &listener.kubeconfig());
    let mut options = options(&file, "poisoned");
    options.timeouts.first = Duration::from_millis(300);
    let parts = ["cannot use context 'poisoned'", "did not answer within", "check the network"];
    refused(Connection::open(&options), Wrong::TimedOut, &parts);
}

#[test]
fn several_files_are_merged_and_the_first_word_counts() {
    let copilot = Copilot::new();
    let one = copilot
        .write("one", "current-context: lab\ncontexts: [{name: lab, context: {cluster: c, user: u}}]\n");
    let two = copilot.write(
        "two",
        "current-context: other\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n",
    );
    let list = std::env::join_paths([copilot.work().join("absent"), one, two]).expect("paths");
    let copilot = copilot.with_env("KUBECONFIG", list);
    fails(&copilot, &[], &["cannot use context 'lab'", "http://127.0.0.1:1"]);
}

#[test]
fn a_credential_plug_in_that_fails_is_quoted_but_not_its_output() {
    let copilot = Copilot::new();
    let script = copilot.write("login", "#!/bin/sh\necho token-hunter2\necho please log in >&2\nexit 3\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).expect("an executable file");
    let exec = |command: &str| {
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {command}, interactiveMode: Never, installHint: get it from the lab}}}}"
        )
    };
    // A command with a slash is relative to the kubeconfig's folder.
    let file = dead(&copilot, &exec("./login"));
    let file = file.to_str().expect("a path in UTF-8").to_owned();
    let output = copilot.run(["capacity", "--kubeconfig", &file]).expect_code(2);
    for part in ["credential plug-in", "login'", "exit status: 3", "please log in", "\nhint: "] {
        assert!(output.stderr.contains(part), "'{part}' is not in: {}", output.stderr);
    }
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
    dead(&copilot, &exec("no-such-plug-in"));
    fails(
        &copilot,
        &["--kubeconfig", &file],
        &["no-such-plug-in", "cannot be started", "get it from the lab"],
    );
}
