//! Policies shape what is drafted: wishes that they forbid are asked about, what the model chooses is narrowed, and what they
//! require appears or is asked for.

use std::path::Path;

use serde_json::{Value, json};

use kubectl_copilot::config::PolicySource;
use kubectl_copilot::draft::{Asked, Draft, Origin, Outcome};
use kubectl_copilot::model::Cancel;
use kubectl_copilot::session::Engine;

use crate::free_drafting::{HPA, engine};
use crate::support::Copilot;

/// A policy on these resources with a binding that denies.
fn policy(name: &str, group: &str, resources: &str, expression: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  matchConstraints:
    resourceRules:
    - {{apiGroups: ['{group}'], apiVersions: ['*'], operations: [CREATE], resources: [{resources}]}}
  validations:
  - expression: \"{expression}\"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: {name}, validationActions: [Deny]}}
"
    )
}

/// An engine whose model writes these texts under this policy.
fn under(room: &Path, policy: &str, texts: &[&str]) -> Engine {
    let file = room.join("policy.yaml");
    std::fs::write(&file, policy).expect("written");
    engine(room, texts, vec![PolicySource::Path(file)])
}

fn asked(outcome: Outcome) -> Asked {
    match outcome {
        Outcome::Asked(asked) => asked,
        other => panic!("not asked: {other:?}"),
    }
}

fn drafted(outcome: Outcome) -> Draft {
    match outcome {
        Outcome::Drafted(draft) => draft,
        other => panic!("not drafted: {other:?}"),
    }
}

fn origin(draft: &Draft, name: &str) -> Option<Origin> {
    draft.things[0].fields.iter().find(|field| field.name == name).map(|field| field.origin)
}

#[test]
fn a_number_that_was_said_and_is_forbidden_is_asked_about_and_a_yes_takes_the_nearest() {
    for (wanted, cap) in [(16, 8), (100, 64)] {
        let room = tempfile::tempdir().expect("a folder");
        let cap_policy = policy(
            "cap",
            "autoscaling",
            "horizontalpodautoscalers",
            &format!("object.spec.maxReplicas <= {cap}"),
        );
        let text = HPA.replace("maxReplicas: 9", &format!("maxReplicas: {wanted}"));
        let mut engine = under(room.path(), &cap_policy, &[&text]);
        let request = format!("an HPA called web for the deployment web, 2 to {wanted} replicas at 70% cpu");
        let question = asked(engine.draft(&request, &Cancel::default()).expect("an outcome"));
        let intervention = &question.interventions[0];
        assert_eq!(
            (
                intervention.path.as_str(),
                &intervention.wanted,
                &intervention.allowed,
                intervention.policy.as_str()
            ),
            ("spec.maxReplicas", &json!(wanted), &Some(json!(cap)), "cap")
        );
        assert!(question.questions[0].text.contains(&format!("shall I draft {cap}?")), "{question:?}");
        let draft = drafted(engine.draft("yes", &Cancel::default()).expect("an outcome"));
        assert_eq!(draft.things[0].objects[0]["spec"]["maxReplicas"], json!(cap));
        assert_eq!(origin(&draft, "spec.maxReplicas"), Some(Origin::Policy));
    }
}

#[test]
fn what_nobody_said_is_offered_as_policy_has_it() {
    let room = tempfile::tempdir().expect("a folder");
    let exact = policy(
        "exact-paths",
        "networking.k8s.io",
        "ingresses",
        "object.spec.rules.all(r, r.http.paths.all(p, p.pathType == 'Exact'))",
    );
    let text = |kind: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: {kind}
        backend:
          service:
            name: web
            port:
              number: 80
"
        )
    };
    let request = "an ingress called shop for shop.example.com to the service web on port 80";
    let refused = under(room.path(), &exact, &[&text("Prefix")]).draft(request, &Cancel::default());
    let problem = refused.expect_err("Prefix is not offered").to_string();
    assert!(problem.contains("Prefix"), "{problem}");
    let draft = drafted(
        under(room.path(), &exact, &[&text("Exact")]).draft(request, &Cancel::default()).expect("one"),
    );
    assert_eq!(
        draft.things[0].objects[0].pointer("/spec/rules/0/http/paths/0/pathType"),
        Some(&json!("Exact"))
    );
    // Without the policy the model may choose.
    let free = engine(room.path(), &[&text("Prefix")], Vec::new()).draft(request, &Cancel::default());
    drafted(free.expect("an outcome"));
}

const COST_CENTER: &str = "has(object.metadata.labels) && 'acme.com/cost-center' in object.metadata.labels && object.metadata.labels['acme.com/cost-center'] != ''";

#[test]
fn a_label_that_policy_requires_is_asked_for_in_what_a_model_writes() {
    let room = tempfile::tempdir().expect("a folder");
    let rule = policy("cost-center", "autoscaling", "horizontalpodautoscalers", COST_CENTER);
    let request = "an HPA called web for the deployment web, 2 to 9 replicas at 70% cpu";
    let mut talk = under(room.path(), &rule, &[HPA]);
    let question = asked(talk.draft(request, &Cancel::default()).expect("an outcome"));
    assert_eq!(question.questions[0].field, "labels.acme.com/cost-center");
    assert!(question.questions[0].text.contains("policy cost-center wants the label"), "{question:?}");
    let draft = drafted(talk.draft("it is ml-7", &Cancel::default()).expect("an outcome"));
    let label =
        |draft: &Draft| draft.things[0].objects[0]["metadata"]["labels"]["acme.com/cost-center"].clone();
    assert_eq!(label(&draft), json!("ml-7"));
    let said = format!("{request}, cost center 4711");
    let draft =
        drafted(under(room.path(), &rule, &[HPA]).draft(&said, &Cancel::default()).expect("an outcome"));
    assert_eq!(label(&draft), json!("4711"));
}

/// `draft -o json` of a request under a policy, with the embedded model.
fn draft(rule: &str, request: &str, earlier: &[&str], code: i32) -> Value {
    let copilot = Copilot::new().with_env("USER", "alice");
    copilot.write("policy.yaml", rule);
    let mut args = vec!["draft", "-p", request, "--policies", "policy.yaml", "-o", "json"];
    for words in earlier {
        args.extend(["--earlier", words]);
    }
    copilot.run(args).expect_code(code).json()
}

#[test]
fn a_label_that_policy_requires_is_asked_for_in_a_pattern_and_taken_from_the_words() {
    let rule = policy("cost-center", "apps", "statefulsets", COST_CENTER);
    let request = "a notebook called mira with two GPUs";
    let document = draft(&rule, request, &[], 1);
    assert_eq!(document["outcome"], "asked", "{document}");
    assert_eq!(document["questions"][0]["field"], "labels.acme.com/cost-center");
    let document = draft(&rule, "4711", &[request], 0);
    let label = |document: &Value| {
        let objects = document["objects"].as_array().cloned().unwrap_or_default();
        let set = objects.into_iter().find(|object| object["kind"] == "StatefulSet").unwrap_or_default();
        set["metadata"]["labels"]["acme.com/cost-center"].clone()
    };
    assert_eq!(label(&document), json!("4711"), "{document}");
    // Words that are no answer leave the question open.
    for no_answer in ["what do you mean?", "hm?"] {
        let document = draft(&rule, no_answer, &[request], 1);
        assert_eq!(document["outcome"], "asked", "{no_answer}: {document}");
        assert_eq!(document["questions"][0]["field"], "labels.acme.com/cost-center", "{no_answer}");
    }
    let document = draft(&rule, &format!("{request}, cost center 4711"), &[], 0);
    assert_eq!(label(&document), json!("4711"), "{document}");
}

#[test]
fn an_image_without_the_prefix_that_policy_wants_is_asked_about_and_never_prefixed() {
    let rule = policy(
        "registry",
        "apps",
        "deployments",
        "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.corp/'))",
    );
    let document = draft(&rule, "a deployment called web with the image nginx:1.25 on port 80", &[], 1);
    assert_eq!(document["outcome"], "asked", "{document}");
    let intervention = &document["interventions"][0];
    assert_eq!(intervention["policy"], "registry", "{document}");
    assert!(intervention["wanted"].as_str().is_some_and(|image| image.contains("nginx")), "{document}");
    assert!(!document.to_string().contains("registry.corp/nginx"), "{document}");
    let again = draft(&rule, "no idea", &["a deployment called web with the image nginx:1.25 on port 80"], 1);
    assert_eq!(again["interventions"][0]["policy"], "registry", "{again}");
}
