//! Gatekeeper's and Kyverno's policies on a cluster: read where they are installed, evaluated here before anything is sent, and
//! left to the cluster where they cannot be.
//!
//! The kinds are installed and the engines themselves are not: what the server would say of these policies is not asked here.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::Copilot;
use crate::support::cluster::machine;
use crate::support::rig::{Rig, own_rig};

/// A kind that takes any fields: group, version, kind, plural, and whether it lives in namespaces.
const KINDS: [(&str, &str, &str, &str, bool); 9] = [
    ("templates.gatekeeper.sh", "v1", "ConstraintTemplate", "constrainttemplates", false),
    ("constraints.gatekeeper.sh", "v1beta1", "GpuCap", "gpucap", false),
    ("constraints.gatekeeper.sh", "v1beta1", "UniqueHost", "uniquehost", false),
    ("constraints.gatekeeper.sh", "v1beta1", "Broken", "broken", false),
    ("config.gatekeeper.sh", "v1alpha1", "Config", "configs", true),
    ("kyverno.io", "v1", "ClusterPolicy", "clusterpolicies", false),
    ("kyverno.io", "v1", "Policy", "policies", true),
    ("kyverno.io", "v2", "PolicyException", "policyexceptions", true),
    ("policies.kyverno.io", "v1", "ValidatingPolicy", "validatingpolicies", false),
];

const GATEKEEPER: &str = r#"
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: gpucap}
spec:
  crd: {spec: {names: {kind: GpuCap}, validation: {openAPIV3Schema: {type: object, properties: {most: {type: integer}}}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source:
        validations:
        - expression: "!has(variables.anyObject.spec.containers) || variables.anyObject.spec.containers.all(c, !has(c.resources) || !has(c.resources.limits) || !('nvidia.com/gpu' in c.resources.limits) || quantity(c.resources.limits['nvidia.com/gpu']).compareTo(quantity(string(variables.params.most))) <= 0)"
          message: too many GPUs for one container
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: GpuCap
metadata: {name: cap}
spec: {match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}, parameters: {most: 8}}
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: uniquehost}
spec:
  crd: {spec: {names: {kind: UniqueHost}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package uniquehost
      violation[{"msg": msg}] {
        host := input.review.object.spec.rules[_].host
        other := data.inventory.namespace[_][_]["Ingress"][_]
        other.spec.rules[_].host == host
        msg := sprintf("host %v is taken", [host])
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: UniqueHost
metadata: {name: hosts}
spec: {match: {kinds: [{apiGroups: [networking.k8s.io], kinds: [Ingress]}]}}
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: broken}
spec:
  crd: {spec: {names: {kind: Broken}}}
  targets: [{target: admission.k8s.gatekeeper.sh, rego: "package broken\nviolation[{"}]
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Broken
metadata: {name: broken}
---
apiVersion: config.gatekeeper.sh/v1alpha1
kind: Config
metadata: {name: config, namespace: gatekeeper-system}
spec: {match: [{excludedNamespaces: [free], processes: ["*"]}]}
"#;

const KYVERNO: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: maps}
spec:
  rules:
  - name: team
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate: {failureAction: Enforce, message: a team is needed, pattern: {metadata: {labels: {team: "?*"}}}}
  - name: hours
    match: {any: [{resources: {kinds: [ConfigMap]}}]}
    validate: {failureAction: Enforce, message: not now, deny: {conditions: {any: [{key: "{{ time_now_utc() }}", operator: Equals, value: never}]}}}
  - name: stamp
    match: {any: [{resources: {kinds: [PersistentVolumeClaim]}}]}
    mutate: {patchStrategicMerge: {metadata: {labels: {stamped: "yes"}}}}
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: no-load-balancer}
spec:
  validationActions: [Deny]
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]}
  validations: [{expression: "!has(object.spec.type) || object.spec.type != 'LoadBalancer'", message: services stay inside}]
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: excepted}
spec:
  validationActions: [Deny]
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [services]}]}
  validations: [{expression: "false", message: never}]
---
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: but, namespace: default}
spec: {exceptions: [{policyName: excepted, ruleNames: ["*"]}], match: {any: [{resources: {kinds: [Service]}}]}}
"#;

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: train}
spec:
  containers:
  - {name: main, image: docker.io/library/busybox:1.37, resources: {limits: {nvidia.com/gpu: COUNT}, requests: {nvidia.com/gpu: COUNT}}}
";

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: TYPE, selector: {app: web}, ports: [{port: 80}]}\n";

fn definitions() -> String {
    KINDS.iter().fold(String::new(), |mut text, (group, version, kind, plural, namespaced)| {
        let scope = if *namespaced { "Namespaced" } else { "Cluster" };
        let singular = kind.to_lowercase();
        let _ = write!(
            text,
            "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: {scope}
  names: {{kind: {kind}, plural: {plural}, singular: {singular}}}
  versions:
  - {{name: {version}, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}
---
"
        );
        text
    })
}

/// A cluster with both engines' kinds and policies.
fn installed(rig: &Rig) -> Copilot {
    rig.create(&definitions());
    for (group, _, _, plural, _) in KINDS {
        let name = format!("crd/{plural}.{group}");
        rig.kubectl(&["wait", "--for=condition=Established", &name, "--timeout=60s"]);
    }
    rig.create("apiVersion: v1\nkind: Namespace\nmetadata: {name: gatekeeper-system}\n");
    rig.create("apiVersion: v1\nkind: Namespace\nmetadata: {name: free}\n");
    rig.create("apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n");
    rig.create(GATEKEEPER);
    rig.create(KYVERNO);
    machine(rig)
}

struct Asked {
    code: Option<i32>,
    text: String,
}

/// Plans a manifest in a namespace as somebody.
fn plan(copilot: &Copilot, manifest: &str, who: &str, namespace: &str) -> Asked {
    copilot.write("it.yaml", manifest);
    let output = copilot.run(["plan", "-f", "it.yaml", "--context", who, "-n", namespace]);
    Asked { code: output.code, text: format!("{}{}", output.stdout, output.stderr) }
}

#[test]
fn policies_of_gatekeeper_and_kyverno_on_a_cluster_decide_here_or_are_left_to_it() {
    let Some(rig) = own_rig("policies of Gatekeeper and Kyverno on a real API server") else { return };
    let copilot = installed(&rig);

    let listed = copilot.run(["policy", "list", "-o", "json", "--context", "admin"]).expect_code(0).json();
    let named: Vec<&str> =
        listed["policies"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["GpuCap", "UniqueHost", "maps/team", "no-load-balancer"]);
    let left: Vec<(&str, &str)> = listed["byClusterOnly"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["object"]["name"].as_str().unwrap(), one["why"].as_str().unwrap()))
        .collect();
    let about = |name: &str| -> Vec<&str> {
        left.iter().filter(|(of, _)| *of == name).map(|(_, why)| *why).collect()
    };
    assert!(about("broken")[0].contains("Rego cannot be read"), "{left:?}");
    assert!(about("maps")[0].contains("rule 'hours' denies by JMESPath"), "{left:?}");
    assert!(about("excepted")[0].contains("makes exceptions"), "{left:?}");
    assert_eq!(left.len(), 3, "what only changes objects is not named: {left:?}");

    let sixteen = POD.replace("COUNT", "16");
    let refused = plan(&copilot, &sixteen, "admin", "lab");
    assert_eq!(refused.code, Some(1), "{}", refused.text);
    assert!(
        refused.text.contains("too many GPUs for one container") && refused.text.contains("[policy/GpuCap]"),
        "{}",
        refused.text
    );
    let eight = plan(&copilot, &POD.replace("COUNT", "8"), "admin", "lab");
    assert_eq!(eight.code, Some(0), "{}", eight.text);
    let warning = "3 policies are checked by the cluster only";
    assert!(eight.text.contains(warning) && eight.text.contains("policy-by-server-only"), "{}", eight.text);
    assert_eq!(
        plan(&copilot, &sixteen, "admin", "free").code,
        Some(0),
        "Gatekeeper does nothing in this namespace"
    );

    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: b}\n";
    let refused = plan(&copilot, map, "admin", "lab");
    assert_eq!(refused.code, Some(1), "{}", refused.text);
    assert!(refused.text.contains("a team is needed"), "{}", refused.text);
    let refused = plan(&copilot, &SERVICE.replace("TYPE", "LoadBalancer"), "admin", "lab");
    assert!(refused.text.contains("services stay inside"), "{}", refused.text);
    let allowed = plan(&copilot, &SERVICE.replace("TYPE", "ClusterIP"), "admin", "lab");
    assert_eq!(allowed.code, Some(0), "an excepted policy is the cluster's: {}", allowed.text);

    // It compares with objects that are not all known here: no reason to stop, since the cluster's dry-run knows them.
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  rules:\n  - {host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}\n";
    let told = plan(&copilot, ingress, "admin", "lab");
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert!(told.text.contains("the cluster's dry-run decides"), "{}", told.text);

    // Who may not read them is told so, once an engine, and the dry-run decides.
    rig.kubectl(&["create", "rolebinding", "alice", "-n", "lab", "--clusterrole", "edit", "--user", "alice"]);
    let alice = plan(&copilot, &sixteen, "alice", "lab");
    assert_eq!(alice.code, Some(0), "{}", alice.text);
    let unread = "ConstraintTemplate, Constraint, Config, ClusterPolicy, ValidatingPolicy";
    assert!(alice.text.contains(unread), "{}", alice.text);

    // A policy that a folder has too is evaluated as the folder has it.
    let own = KYVERNO.split("---").nth(1).unwrap().replace("services stay inside", "as the folder says");
    copilot.write("policies/own.yaml", &own);
    copilot.write("it.yaml", &SERVICE.replace("TYPE", "LoadBalancer"));
    let output =
        copilot.run(["plan", "-f", "it.yaml", "--context", "admin", "-n", "lab", "--policies", "policies"]);
    let text = format!("{}{}", output.stdout, output.stderr);
    assert!(text.contains("as the folder says") && !text.contains("services stay inside"), "{text}");
}

/// The request that is forbidden by a constraint on the cluster is asked about, with what it allows.
#[test]
fn a_wish_that_gatekeeper_forbids_is_asked_about() {
    let Some(rig) = own_rig("a wish under Gatekeeper on a real API server") else { return };
    let copilot = installed(&rig);
    let output = copilot.run([
        "draft",
        "-p",
        "give me a notebook with 16 GPUs",
        "-o",
        "json",
        "--context",
        "admin",
        "-n",
        "lab",
    ]);
    let document: Value = output.json();
    assert_eq!(document["outcome"], "asked", "{document}");
    let asked = &document["interventions"][0];
    assert_eq!(
        (&asked["wanted"], &asked["allowed"], &asked["policy"]),
        (&json!(16), &json!(8), &json!("GpuCap")),
        "{document}"
    );
}
