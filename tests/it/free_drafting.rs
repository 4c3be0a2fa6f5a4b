//! Kinds beyond patterns and forms: what a model that writes is led to, through the engine that every face uses.

use std::path::Path;

use serde_json::json;

use kubectl_copilot::config::{Config, PolicySource, Style, Where};
use kubectl_copilot::draft::{Origin, Outcome};
use kubectl_copilot::model::{Cancel, ModelChoice, Scripted};
use kubectl_copilot::session::Engine;

use crate::support::Copilot;

/// An engine over an empty folder whose model writes these manifests (each without its end).
pub fn engine(room: &Path, texts: &[&str], policies: Vec<PolicySource>) -> Engine {
    let config = Config {
        place: Where::Folder(room.join("manifests")),
        wait: std::time::Duration::ZERO,
        namespace: None,
        owner: None,
        user: Some("ann".to_owned()),
        policies,
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model: ModelChoice::Embedded,
        adapter: None,
        device: None,
        context_tokens: kubectl_copilot::model::DEFAULT_CONTEXT,
        threads: None,
        cache_dir: room.join("cache"),
        state_dir: room.join("state"),
        executable: room.join("none"),
        editor: None,
        style: Style::NONE,
    };
    let mut engine = Engine::open(config).expect("opened");
    let texts = texts.iter().map(|text| format!("{text}```\n"));
    engine.set_backend(Box::new(Scripted::new(Vec::new()).with_texts(texts))).expect("set");
    engine
}

fn draft(request: &str, texts: &[&str], policies: Vec<PolicySource>) -> Outcome {
    let room = tempfile::tempdir().expect("a folder");
    engine(room.path(), texts, policies).draft(request, &Cancel::default()).expect("an outcome")
}

pub const HPA: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: web
  minReplicas: 2
  maxReplicas: 9
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 70
";

#[test]
fn a_kind_without_a_form_is_written_and_every_value_says_whose_it_is() {
    let request = "an HPA called web for the deployment web, 2 to 9 replicas at 70% cpu";
    let Outcome::Drafted(draft) = draft(request, &[HPA], Vec::new()) else { panic!("not drafted") };
    assert_eq!(draft.things.len(), 1);
    let thing = &draft.things[0];
    assert_eq!((thing.kind.as_str(), thing.pattern), ("HorizontalPodAutoscaler", false));
    let origin = |name: &str| thing.fields.iter().find(|field| field.name == name).map(|field| field.origin);
    assert_eq!(origin("spec.maxReplicas"), Some(Origin::Request));
    assert_eq!(
        origin("spec.metrics[0].resource.target.type"),
        Some(Origin::Model),
        "nobody said Utilization"
    );
    assert!(draft.unused.is_empty(), "{:?}", draft.unused);
}

#[test]
fn a_number_that_nobody_said_stops_the_draft_and_is_not_written() {
    let request = "an HPA called web for the deployment web, 2 to 9 replicas at 70% cpu";
    let room = tempfile::tempdir().expect("a folder");
    let text = HPA.replace("maxReplicas: 9", "maxReplicas: 10");
    let mut engine = engine(room.path(), &[&text], Vec::new());
    let error = engine.draft(request, &Cancel::default()).expect_err("10 was never said").to_string();
    assert!(error.contains("10"), "{error}");
}

#[test]
fn what_the_first_draft_has_no_place_for_is_looked_for_again() {
    let request = "an HPA called web for the deployment web, 2 to 9 replicas at 70% cpu, wait 4 minutes before scaling down";
    let waits = format!("{HPA}  behavior:\n    scaleDown:\n      stabilizationWindowSeconds: 240\n");
    let waiting = |texts: &[&str]| {
        let Outcome::Drafted(draft) = draft(request, texts, Vec::new()) else { panic!("drafted") };
        let object = draft.objects().next().expect("an object").clone();
        object.pointer("/spec/behavior/scaleDown/stabilizationWindowSeconds").cloned()
    };
    assert_eq!(waiting(&[HPA, &waits]), Some(json!(240)), "the second draft has what the first one lacks");
    assert_eq!(waiting(&[&waits, HPA]), Some(json!(240)), "nothing is missing: there is no second draft");
    assert_eq!(waiting(&[HPA]), None, "the first draft stands where the second one fails");
}

#[test]
fn the_pods_that_an_object_is_about_are_no_object_of_their_own() {
    let budget = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: calm
spec:
  maxUnavailable: 2
  selector:
    matchLabels:
      app: engine
";
    let request = "pod disruption budget calm: at most 2 of the pods labelled app=engine down at a time";
    let Outcome::Drafted(draft) = draft(request, &[budget], Vec::new()) else { panic!("drafted") };
    assert_eq!(draft.objects().count(), 1);
}

#[test]
fn rights_get_the_group_of_their_resources_and_the_owner_that_a_policy_wants() {
    let role = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: runner
rules:
- resources:
  - jobs
  verbs:
  - get
";
    let Outcome::Drafted(draft) =
        draft("a role called runner that may get jobs", &[role], vec![PolicySource::Builtin])
    else {
        panic!("not drafted")
    };
    let object = draft.objects().next().expect("an object");
    assert_eq!(object["rules"][0]["apiGroups"], serde_json::json!(["batch"]));
}

#[test]
fn a_form_that_does_not_hold_all_that_was_said_gives_way() {
    let request =
        "a Job called dedup with image ghcr.io/acme/dedup:2.1, clean it up 30 minutes after it finishes";
    let job = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: dedup
spec:
  ttlSecondsAfterFinished: 1800
  template:
    spec:
      containers:
      - name: dedup
        image: ghcr.io/acme/dedup:2.1
      restartPolicy: Never
";
    let Outcome::Drafted(draft) = draft(request, &[job], Vec::new()) else { panic!("not drafted") };
    let object = draft.objects().next().expect("an object");
    assert_eq!(object["spec"]["ttlSecondsAfterFinished"], 1800);
}

#[test]
fn without_a_model_that_writes_the_request_is_declined_with_the_command_that_installs_one() {
    let request = "an ingress called web for a.example.com to the service web on port 80";
    let ran = Copilot::new().run(["draft", "--model", "embedded", "-p", request]).expect_code(1);
    assert!(ran.stderr.contains("model pull"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
}

#[test]
fn what_exists_is_not_written_anew_to_change_it() {
    let quota =
        "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: team\nspec:\n  hard:\n    pods: 64\n";
    for request in ["raise the GPU quota of team-vision to 64", "change the ingress web to port 81"] {
        let room = tempfile::tempdir().expect("a folder");
        let outcome = engine(room.path(), &[quota], Vec::new()).draft(request, &Cancel::default());
        assert!(!matches!(outcome, Ok(Outcome::Drafted(_))), "{request}: {outcome:?}");
    }
}

#[test]
fn by_its_schema_alone_a_manifest_may_be_what_the_api_refuses() {
    let both = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 2
  maxUnavailable: 1
  selector:
    matchLabels:
      app: web
";
    let request = "a pod disruption budget called web for app=web, min available 2, max unavailable 1";
    let room = tempfile::tempdir().expect("a folder");
    let led = engine(room.path(), &[both], Vec::new()).draft(request, &Cancel::default());
    let problem = led.expect_err("one of the two is led to").to_string();
    assert!(problem.contains("maxUnavailable"), "{problem}");
    let mut alone = engine(room.path(), &[both], Vec::new());
    alone.set_bare(true);
    let outcome = alone.draft(request, &Cancel::default()).expect("an outcome");
    assert!(!matches!(outcome, Outcome::Drafted(_)), "the gate stands in either case: {outcome:?}");
}
