use serde_json::{Value, json};

use super::*;
use crate::finding::Severity;
use crate::policy::{PolicySet, User};
use crate::schema::SchemaSet;

fn schemas() -> SchemaSet {
    SchemaSet::bundled(None).unwrap()
}

/// A container that no rule and no shipped policy has anything to say about.
fn container() -> Value {
    json!({"name": "web", "image": "quay.io/org/web:1.2",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}})
}

fn pod_spec(changes: &[(&str, Value)]) -> Value {
    let mut spec = json!({"containers": [container()],
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}});
    for (pointer, value) in changes {
        set(&mut spec, pointer, value.clone());
    }
    spec
}

/// Sets a field, maps on the way made where they are missing.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for part in pointer.split('/').skip(1) {
        at = match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part.replace("~1", "/")],
        };
    }
    *at = value;
}

fn deployment(spec: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "lab", "labels": {"kubectl-copilot.dev/owner": "ann"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}}})
}

fn report(object: &Value, policies: &PolicySet) -> CheckReport {
    let (schemas, user) = (schemas(), User::named("ann"));
    check(std::slice::from_ref(object), &CheckContext::new(&schemas, policies, &user))
}

/// Rule, severity and path of what the built-in rules say of a Deployment with a changed pod spec.
fn said(changes: &[(&str, Value)]) -> Vec<(String, Severity, String)> {
    let report = report(&deployment(&pod_spec(changes)), &PolicySet::none());
    report.findings.into_iter().map(|finding| (finding.rule, finding.severity, finding.path)).collect()
}

fn manifests(text: &str) -> PolicySet {
    let parsed = crate::manifest::parse(text.as_bytes(), Some("p.yaml"), &Default::default()).unwrap();
    PolicySet::from_manifests(&parsed).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// A policy on Pods or another resource that is bound to deny.
fn policy(name: &str, group: &str, resource: &str, expression: &str, message: &str) -> String {
    format!(
        r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  matchConstraints:
    resourceRules:
    - {{apiGroups: ["{group}"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [{resource}]}}
  validations:
  - expression: >-
      {expression}
    message: {message}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: {name}, validationActions: [Deny]}}
---
"#
    )
}

#[test]
fn a_good_workload_is_allowed_and_nothing_is_said() {
    let policies = PolicySet::builtin().unwrap();
    let report = report(&deployment(&pod_spec(&[])), &policies);
    assert_eq!(report.findings, []);
    assert_eq!(report.verdict, Verdict::Allowed);
    assert_eq!((report.policies_passed, report.policies_total, report.schema_ok), (5, 5, true));
}

#[test]
fn what_gives_a_container_the_node_is_an_error() {
    let template = "/spec/template/spec";
    for (pointer, value, rule, path) in [
        (
            "/containers/0/securityContext/privileged",
            json!(true),
            "pod-security-privileged",
            "/containers/0/securityContext/privileged",
        ),
        ("/hostNetwork", json!(true), "pod-security-host-namespaces", "/hostNetwork"),
        ("/hostPID", json!(true), "pod-security-host-namespaces", "/hostPID"),
        ("/hostIPC", json!(true), "pod-security-host-namespaces", "/hostIPC"),
        (
            "/volumes",
            json!([{"name": "node", "hostPath": {"path": "/"}}]),
            "pod-security-host-path",
            "/volumes/0/hostPath",
        ),
    ] {
        let found = said(&[(pointer, value)]);
        let expected = (rule.to_owned(), Severity::Error, format!("{template}{path}"));
        assert!(found.contains(&expected), "{pointer}: {found:?}");
    }
    assert_eq!(
        said(&[("/hostNetwork", json!(false)), ("/volumes", json!([{"name": "tmp", "emptyDir": {}}]))]),
        []
    );
}

#[test]
fn the_other_controls_of_the_restricted_level_are_warnings() {
    for (pointer, value, control) in [
        ("/containers/0/securityContext/allowPrivilegeEscalation", json!(true), "privilege-escalation"),
        ("/containers/0/securityContext/capabilities", json!({}), "capabilities"),
        ("/containers/0/securityContext/capabilities/add", json!(["SYS_ADMIN"]), "capabilities"),
        ("/securityContext/runAsNonRoot", json!(false), "run-as-non-root"),
        ("/containers/0/securityContext/runAsNonRoot", json!(false), "run-as-non-root"),
        ("/securityContext/runAsUser", json!(0), "run-as-user"),
        ("/containers/0/securityContext/runAsUser", json!(0), "run-as-user"),
        ("/securityContext/seccompProfile", json!({"type": "Unconfined"}), "seccomp"),
        ("/containers/0/ports", json!([{"containerPort": 80, "hostPort": 80}]), "host-ports"),
        ("/containers/0/livenessProbe", json!({"httpGet": {"host": "10.0.0.1", "port": 80}}), "host-probes"),
        ("/containers/0/securityContext/procMount", json!("Unmasked"), "proc-mount"),
        ("/securityContext/seLinuxOptions", json!({"user": "root"}), "selinux"),
        ("/securityContext/appArmorProfile", json!({"type": "Unconfined"}), "app-armor"),
        ("/securityContext/sysctls", json!([{"name": "kernel.msgmax", "value": "1"}]), "sysctls"),
        ("/volumes", json!([{"name": "n", "nfs": {"server": "s", "path": "/"}}]), "volumes"),
    ] {
        let found = said(&[(pointer, value)]);
        let rule = format!("pod-security-{control}");
        assert!(
            found.iter().any(|(name, severity, _)| *name == rule && *severity == Severity::Warning),
            "{pointer}: {found:?}"
        );
    }
    for (pointer, value) in [
        ("/containers/0/securityContext/capabilities/add", json!(["NET_BIND_SERVICE"])),
        ("/containers/0/securityContext/runAsUser", json!(1000)),
        (
            "/containers/0/securityContext/seccompProfile",
            json!({"type": "Localhost", "localhostProfile": "a.json"}),
        ),
        ("/securityContext/sysctls", json!([{"name": "net.ipv4.tcp_syncookies", "value": "1"}])),
    ] {
        assert_eq!(said(&[(pointer, value.clone())]), [], "{pointer} {value}");
    }
}

#[test]
fn one_control_is_said_once_for_all_containers() {
    let mut other = container();
    other["name"] = json!("side");
    let mut spec = pod_spec(&[("/containers", json!([container(), other]))]);
    spec["containers"][0]["securityContext"] = json!({"capabilities": {"drop": ["ALL"]}});
    spec["containers"][1]["securityContext"] = json!({"capabilities": {"drop": ["ALL"]}});
    let report = report(&deployment(&spec), &PolicySet::none());
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].message.contains("containers 'web', 'side'"), "{:?}", report.findings);
}

#[test]
fn floating_images_and_secrets_in_the_environment_are_warned_of() {
    let image = "/containers/0/image";
    assert_eq!(said(&[(image, json!("nginx:latest"))])[0].0, "image-tag");
    assert_eq!(said(&[(image, json!("nginx"))])[0].2, "/spec/template/spec/containers/0/image");
    let env = |value: Value| said(&[("/containers/0/env", json!([{"name": "A", "value": "1"}, value]))]);
    assert_eq!(
        env(json!({"name": "DB_PASSWORD", "value": "hunter2"})),
        [(
            "secret-in-env".to_owned(),
            Severity::Warning,
            "/spec/template/spec/containers/0/env/1".to_owned()
        )]
    );
    assert_eq!(
        env(json!({"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}})),
        []
    );
    assert_eq!(env(json!({"name": "DB_PASSWORD", "value": "$(OTHER)"})), []);
    let spec = pod_spec(&[("/containers/0/env", json!([{"name": "API_KEY", "value": "hunter2"}]))]);
    let report = report(&deployment(&spec), &PolicySet::none());
    assert!(!format!("{:?}", report.findings).contains("hunter2"), "the value is never shown");
    assert_eq!(report.verdict, Verdict::Allowed, "warnings do not deny");
}

#[test]
fn a_gpu_without_its_toleration_is_worth_knowing() {
    let limits = ("/containers/0/resources/limits", json!({"memory": "1Gi", "nvidia.com/gpu": 1}));
    assert_eq!(said(std::slice::from_ref(&limits))[0].0, "gpu-toleration");
    for toleration in [json!({"key": "nvidia.com/gpu", "operator": "Exists"}), json!({"operator": "Exists"})]
    {
        assert_eq!(said(&[limits.clone(), ("/tolerations", json!([toleration]))]), []);
    }
}

#[test]
fn the_namespaces_of_kubernetes_are_closed() {
    let mut object = deployment(&pod_spec(&[]));
    object["metadata"]["namespace"] = json!("kube-system");
    let found = report(&object, &PolicySet::none());
    assert_eq!((found.verdict, found.findings[0].rule.as_str()), (Verdict::Denied, "system-namespace"));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-public"}});
    assert_eq!(report(&namespace, &PolicySet::none()).verdict, Verdict::Denied);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab"}});
    assert_eq!(report(&namespace, &PolicySet::none()).verdict, Verdict::Allowed);
}

#[test]
fn the_schema_is_asked_first() {
    let mut object = deployment(&pod_spec(&[]));
    object["spec"]["replica"] = json!(3);
    let found = report(&object, &PolicySet::none());
    assert!(!found.schema_ok);
    assert_eq!(found.verdict, Verdict::Denied);
}

#[test]
fn a_policy_on_pods_speaks_of_the_workload() {
    let policies = manifests(&policy(
        "pod-images",
        "",
        "pods",
        "object.spec.containers.all(c, c.image.startsWith('ghcr.io/'))",
        "wrong registry",
    ));
    let found = report(&deployment(&pod_spec(&[])), &policies);
    assert_eq!(found.verdict, Verdict::Denied);
    let finding = &found.findings[0];
    assert_eq!(finding.message, "the Pods of Deployment/web: wrong registry");
    assert_eq!(finding.path, "/spec/template/spec/containers/0/image");
    assert_eq!(finding.object.kind, "Deployment");
    assert_eq!((found.policies_passed, found.policies_total), (0, 1));
}

#[test]
fn what_is_only_told_of_a_workload_does_not_stand_for_what_is_denied_of_its_pods() {
    let of = |name: &str, group: &str, kind: &str, action: &str| {
        format!(
            "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: {name}}}\nspec: {{policyName: never, \
             validationActions: [{action}], matchResources: {{resourceRules: [{{apiGroups: ['{group}'], apiVersions: ['*'], operations: ['*'], \
             resources: [{kind}]}}]}}}}\n"
        )
    };
    let policy = policy("never", "*", "'*'", "false", "never");
    let policy = policy.split("---").next().unwrap();
    let text =
        format!("{policy}{}{}", of("told", "apps", "deployments", "Warn"), of("denied", "", "pods", "Deny"));
    let found = report(&deployment(&pod_spec(&[])), &manifests(&text));
    assert_eq!(found.verdict, Verdict::Denied, "{:#?}", found.findings);
}

#[test]
fn a_policy_on_workloads_and_pods_speaks_once() {
    let policies = PolicySet::builtin().unwrap();
    let spec = pod_spec(&[
        ("/containers/0/image", json!("evil.example.com/miner:1")),
        ("/containers/0/resources", json!({})),
    ]);
    let found = report(&deployment(&spec), &policies);
    let of = |rule: &str| found.findings.iter().filter(|finding| finding.rule == rule).count();
    assert_eq!(of("policy/allowed-registries"), 1, "{:#?}", found.findings);
    assert_eq!(of("policy/requests-and-limits"), 2, "no CPU, and no memory limit: {:#?}", found.findings);
    assert_eq!((found.policies_passed, found.policies_total), (3, 5));
}

#[test]
fn a_custom_workload_is_no_way_around() {
    let policies = PolicySet::builtin().unwrap();
    let spec = pod_spec(&[
        ("/containers/0/image", json!("evil.example.com/miner:1")),
        ("/hostNetwork", json!(true)),
    ]);
    let notebook = json!({"apiVersion": "kubeflow.org/v1", "kind": "Notebook",
        "metadata": {"name": "lab-book", "namespace": "lab", "labels": {"kubectl-copilot.dev/owner": "ann"}},
        "spec": {"template": {"spec": spec}}});
    let found = report(&notebook, &policies);
    let paths: Vec<_> =
        found.findings.iter().map(|finding| (finding.rule.as_str(), finding.path.as_str())).collect();
    assert!(
        paths.contains(&("policy/allowed-registries", "/spec/template/spec/containers/0/image")),
        "{paths:?}"
    );
    assert!(
        paths.contains(&("pod-security-host-namespaces", "/spec/template/spec/hostNetwork")),
        "{paths:?}"
    );
    let predictor = json!({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "llm", "namespace": "lab"},
        "spec": {"predictor": {"containers": [{"name": "m", "image": "evil.example.com/m:1"}]}}});
    let found = report(&predictor, &policies);
    assert!(
        found.findings.iter().any(|finding| finding.path == "/spec/predictor/containers/0/image"),
        "{:#?}",
        found.findings
    );
}

#[test]
fn what_cannot_be_evaluated_is_never_allowed() {
    let policies = manifests(&policy(
        "addresses",
        "apps",
        "deployments",
        "authorizer.path('/x').check('get').allowed()",
        "not an address",
    ));
    let found = report(&deployment(&pod_spec(&[])), &policies);
    assert_eq!(found.verdict, Verdict::Incomplete);
    assert!(found.findings[0].message.contains("authorizer"), "{:?}", found.findings);
    assert_eq!(found.policies_passed, 0);
    // A denial beside it is a denial.
    let mut object = deployment(&pod_spec(&[]));
    object["metadata"]["namespace"] = json!("kube-system");
    assert_eq!(report(&object, &policies).verdict, Verdict::Denied);
    // A kind without a schema could not be checked.
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}});
    assert_eq!(report(&unknown, &PolicySet::none()).verdict, Verdict::Incomplete);
}

#[test]
fn an_object_that_exists_is_changed_and_its_namespace_is_known() {
    let policies = manifests(&format!(
        "{}{}",
        policy(
            "grow-only",
            "apps",
            "deployments",
            "oldObject == null || object.spec.replicas >= oldObject.spec.replicas",
            "shrinks"
        ),
        policy(
            "dev-only",
            "apps",
            "deployments",
            "namespaceObject.metadata.labels['env'] == 'dev'",
            "not dev"
        ),
    ));
    let (schemas, user) = (schemas(), User::named("ann"));
    let mut old = deployment(&pod_spec(&[]));
    old["spec"]["replicas"] = json!(3);
    let namespace = |env: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab", "labels": {"env": env}}});
    let new = deployment(&pod_spec(&[]));
    let verdict = |existing: &[Value]| {
        let context = CheckContext::new(&schemas, &policies, &user).with_existing(existing);
        let report = check(std::slice::from_ref(&new), &context);
        let messages: Vec<String> = report.findings.iter().map(|finding| finding.message.clone()).collect();
        (report.verdict, messages)
    };
    assert_eq!(verdict(&[]).0, Verdict::Incomplete, "the namespace is not known");
    assert_eq!(verdict(&[namespace("dev")]), (Verdict::Allowed, vec![]));
    assert_eq!(verdict(&[namespace("prod")]), (Verdict::Denied, vec!["not dev".to_owned()]));
    // replicas defaults to 1, which is fewer than 3
    assert_eq!(verdict(&[namespace("dev"), old]), (Verdict::Denied, vec!["shrinks".to_owned()]));
}

#[test]
fn the_worst_comes_first_and_nothing_twice() {
    let spec = pod_spec(&[("/containers/0/image", json!("nginx")), ("/hostNetwork", json!(true))]);
    let objects = [deployment(&spec), deployment(&spec)];
    let (schemas, user, policies) = (schemas(), User::named("ann"), PolicySet::none());
    let report = check(&objects, &CheckContext::new(&schemas, &policies, &user));
    let severities: Vec<Severity> = report.findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Warning], "{:#?}", report.findings);
}

#[test]
fn a_namespace_that_enforces_a_level_refuses_what_that_level_in_that_version_objects_to() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "lab"}, "spec": {
        "containers": [{"name": "a", "image": "b:1", "ports": [{"containerPort": 80, "hostPort": 80}]}]}});
    let namespace = |labels: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lab", "labels": labels}});
    let severity = |labels: Value| {
        let existing = [namespace(labels)];
        let (schemas, policies, user) =
            (SchemaSet::bundled(None).unwrap(), PolicySet::none(), User::named("ann"));
        let context = CheckContext::new(&schemas, &policies, &user).with_existing(&existing);
        let report = check(std::slice::from_ref(&pod), &context);
        let of = |rule: &str| {
            report
                .findings
                .iter()
                .filter(|finding| finding.rule == rule)
                .map(|one| one.severity)
                .collect::<Vec<_>>()
        };
        (of("pod-security-host-ports"), of("pod-security-seccomp"), of("pod-security-label").len())
    };
    let enforce = "pod-security.kubernetes.io/enforce";
    let (error, warning) = (vec![Severity::Error], vec![Severity::Warning]);
    assert_eq!(severity(json!({})), (warning.clone(), warning.clone(), 0), "nothing is enforced");
    assert_eq!(severity(json!({enforce: "privileged"})), (warning.clone(), warning.clone(), 0));
    assert_eq!(severity(json!({enforce: "baseline"})), (error.clone(), warning.clone(), 0));
    assert_eq!(severity(json!({enforce: "restricted"})), (error.clone(), error.clone(), 0));
    let version = "pod-security.kubernetes.io/enforce-version";
    let old = severity(json!({enforce: "restricted", version: "v1.18"}));
    assert_eq!(old, (error.clone(), warning, 0), "before 1.19 restricted has no field for seccomp");
    assert_eq!(
        severity(json!({enforce: "strict"})),
        (error.clone(), error, 1),
        "an unknown level is the strictest"
    );
}
