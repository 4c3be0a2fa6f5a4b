//! What the engine promises: substitution that no value breaks, refusals by name and line, defaults, validation.

use serde_json::{Value, json};

use super::{config_map, manifest, pattern, spec};
use crate::pattern::{Pattern, PatternError, PatternSet};

fn data(pattern: &Pattern, values: Value) -> Value {
    pattern.expand("x", None, &spec(values)).unwrap().remove(0)["data"].clone()
}

#[test]
fn no_string_breaks_out_of_its_field() {
    let pattern = config_map(
        json!({ "text": "string" }),
        json!({ "whole": "${schema.spec.text}", "inside": "a ${schema.spec.text} b", "untouched": "c" }),
    )
    .unwrap();
    for hostile in [
        "x\nmetadata:\n  name: other",
        "\", \"evil\": \"",
        "${schema.metadata.name}",
        "{{ evil }}",
        "}",
        "---\nkind: Pod",
        "'\"\\",
        "",
        "\u{0}",
        "true",
        "1e3",
    ] {
        let data = data(&pattern, json!({ "text": hostile }));
        let expected = json!({ "whole": hostile, "inside": format!("a {hostile} b"), "untouched": "c" });
        assert_eq!(data, expected, "a value is data, whatever it holds");
    }
}

#[test]
fn values_keep_their_type_and_absent_ones_leave_their_key_out() {
    let pattern = config_map(
        json!({ "n": "integer | default=3", "flag": "boolean | default=true", "list": "[]string", "map": "map[string]string", "no": "string" }),
        json!({
            "n": "${schema.spec.n}", "flag": "${schema.spec.flag}", "ratio": "${double(schema.spec.n) / 2.0}",
            "list": "${schema.spec.?list}", "map": "${schema.spec.?map}",
            "null": "${null}", "omit": "${omit()}", "none": "${optional.none()}", "no": "${schema.spec.?no}",
            "items": ["${omit()}", "kept", "${null}"], "gone": ["${omit()}"], "empty": { "kept": "${omit()}" },
            "fixed": [], "nested": "${{'a': omit(), 'b': [1, null, 2]}}",
        }),
    )
    .unwrap();
    assert_eq!(
        data(&pattern, json!({ "list": ["b", "a"], "map": { "z": "1", "a": "2" } })),
        json!({
            "n": 3, "flag": true, "ratio": 1.5, "list": ["b", "a"], "map": { "a": "2", "z": "1" },
            "items": ["kept"], "empty": {}, "fixed": [], "nested": { "b": [1, 2] },
        })
    );
}

#[test]
fn maps_are_walked_in_order_whatever_the_run() {
    let pattern = config_map(
        json!({ "env": "map[string]string" }),
        json!({ "names": "${schema.spec.env.map(k, {'name': k, 'value': schema.spec.env[k], 'aside': 1})}" }),
    )
    .unwrap();
    let letters: Vec<String> = (b'a'..=b'z').map(|c| char::from(c).to_string()).collect();
    let env: serde_json::Map<String, Value> =
        letters.iter().rev().map(|name| (name.clone(), Value::from("v"))).collect();
    let names = data(&pattern, json!({ "env": env }))["names"].clone();
    let got: Vec<&str> =
        names.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(got, letters);
    let keys: Vec<&String> = names[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "aside", "value"], "what identifies comes first");
}

#[test]
fn only_scalars_stand_inside_text() {
    let schema = json!({ "list": "[]string", "n": "integer | default=2", "no": "string" });
    let text = |text: &str| config_map(schema.clone(), json!({ "k": text })).unwrap();
    assert_eq!(data(&text("${schema.spec.n} of ${true}"), json!({}))["k"], "2 of true");
    for (template, why) in
        [("x${schema.spec.list}", "is a list or a map"), ("x${schema.spec.?no}", "has no value")]
    {
        let error = text(template).expand("x", None, &spec(json!({ "list": ["a"] }))).unwrap_err();
        assert!(error.message.contains(why) && error.message.contains("resource 'config'"), "{error}");
    }
}

#[test]
fn braces_and_quotes_inside_an_expression() {
    let pattern = config_map(
        json!({ "a": "string | default=\"v\"" }),
        json!({
            "map": "${{'}': schema.spec.a, \"{\": r'\\'}}",
            "text": "<${'${' + schema.spec.a + \"}\"}>",
            "shell": "echo $HOME $(date) ${\"${USER}\"}",
        }),
    )
    .unwrap();
    assert_eq!(
        data(&pattern, json!({})),
        json!({ "map": { "{": "\\", "}": "v" }, "text": "<${v}>", "shell": "echo $HOME $(date) ${USER}" })
    );
}

/// The error of reading a pattern whose resource `service` has this field, on line 41.
fn refused(expression: &str) -> PatternError {
    let resources = json!([
        { "id": "deployment", "template": { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" } } },
        { "id": "service", "template": {
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": { "x": expression },
        } },
    ]);
    let lines = [("/spec/resources", 20), ("/spec/resources/1/template/spec/x", 41)];
    Pattern::from_manifest(&manifest(json!({ "image": "string" }), resources, json!({}), &lines)).unwrap_err()
}

#[test]
fn what_cannot_be_rendered_is_refused_by_resource_and_line() {
    for (expression, why) in [
        ("${deployment.status.readyReplicas}", "it reads the resource 'deployment'"),
        ("${deployment.metadata.name}", "it reads the resource 'deployment'"),
        ("${other}", "it reads 'other'"),
        ("${schema.spec.imagee}", "did you mean 'image'"),
        ("${schema.spec.?imagee}", "did you mean 'image'"),
        ("${schema.status.ready}", "only schema.spec"),
        ("${schema.metadata.uid}", "only schema.spec"),
        ("${schema}", "only schema.spec"),
        ("${[1].map(x, deployment)}", "it reads the resource 'deployment'"),
        ("${[1].map(x, x) + x}", "it reads 'x'"),
        ("${now()}", "the function 'now' is not supported"),
        ("${random.seededString(8, 'a')}", "the function 'random.seededString' is not supported"),
        ("${timestamp('2020-01-01T00:00:00Z')}", "the function 'timestamp' is not supported"),
        ("${schema.spec.image ++}", "is not valid CEL"),
        ("${schema.spec.image", "is not closed"),
        ("${}", "is not valid CEL"),
        ("${[1].map(a, [1].map(b, [1].map(c, [1].map(d, 1))))}", "nested more than 3 deep"),
    ] {
        let error = refused(expression);
        assert!(error.message.contains(why), "{expression}: {error}");
        assert!(error.message.starts_with("resource 'service': "), "{error}");
        assert_eq!(
            (error.file.as_deref(), error.line, error.column),
            (Some("thing.yaml"), Some(41), Some(3))
        );
    }
    assert!(refused(&format!("${{'{}'}}", "x".repeat(9000))).message.contains("bytes"));
    assert_eq!(refused("${other}").to_string().split(": ").next(), Some("thing.yaml:41:3"));
}

#[test]
fn lines_are_those_of_the_file() {
    let text = "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\nmetadata: { name: thing }\nspec:\n  schema:\n    \
                apiVersion: v1alpha1\n    kind: Thing\n    spec:\n      size: strin\n  resources: []\n";
    let read = |text: &str| {
        let manifests =
            crate::manifest::parse(text.as_bytes(), Some("a.yaml"), &crate::manifest::Budget::default());
        PatternSet::from_manifests(&manifests.unwrap()).unwrap_err().to_string()
    };
    assert!(read(text).starts_with("a.yaml:9:13: parameter 'size': the type 'strin'"), "{}", read(text));
    assert!(read(&text.replace("strin", "string")).starts_with("a.yaml:10:14: "));
}

#[test]
fn shapes_that_are_not_supported_are_refused() {
    let template = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } });
    for (resources, why) in [
        (json!([{ "id": "a", "externalRef": { "kind": "Secret" } }]), "externalRef"),
        (json!([{ "id": "a" }]), "no template"),
        (json!([{ "template": template }]), "/spec/resources/0/id is missing"),
        (
            json!([{ "id": "a", "template": template }, { "id": "a", "template": template }]),
            "two resources 'a'",
        ),
        (json!([{ "id": "a", "template": { "kind": "Pod" } }]), "no apiVersion"),
        (
            json!([{ "id": "a", "template": template, "forEach": [{ "a": "x", "b": "y" }] }]),
            "one 'variable: ${list}'",
        ),
        (
            json!([{ "id": "a", "template": { "apiVersion": "v1", "kind": "X", "${schema.metadata.name}": 1 } }]),
            "in a key",
        ),
        (json!([]), "has no resources"),
    ] {
        let error = pattern(json!({}), resources).unwrap_err();
        assert!(error.message.contains(why), "{why}: {error}");
    }
    let not_a_pattern = crate::manifest::Manifest::rendered(json!({ "apiVersion": "v1", "kind": "Pod" }));
    assert!(Pattern::from_manifest(&not_a_pattern).unwrap_err().message.contains("v1 Pod is not a pattern"));
}

#[test]
fn conditions_and_loops() {
    let pattern = pattern(
        json!({ "names": "[]string", "count": "integer | default=2", "extra": "boolean | default=false" }),
        json!([
            { "id": "each", "forEach": [{ "n": "${schema.spec.names}" }, { "i": "${lists.range(schema.spec.count)}" }],
              "template": { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "${schema.metadata.name}-${n}-${i}" } } },
            { "id": "extra", "includeWhen": ["${schema.spec.extra}", "${schema.spec.count > 1}"],
              "template": { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "extra" } } },
        ]),
    )
    .unwrap();
    let names = |values: Value| -> Vec<String> {
        let objects = pattern.expand("x", Some("team"), &spec(values)).unwrap();
        objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({ "names": ["a", "b"] })), ["x-a-0", "x-a-1", "x-b-0", "x-b-1"]);
    assert_eq!(names(json!({ "names": [], "extra": true })), ["extra"]);
    assert!(names(json!({ "names": [], "extra": true, "count": 1 })).is_empty(), "all conditions must hold");

    let too_many = pattern.expand("x", None, &spec(json!({ "names": ["a"], "count": 1000 }))).unwrap_err();
    assert!(too_many.message.contains("more than 256"), "{too_many}");
    let objects = pattern.expand("x", Some("team"), &spec(json!({ "names": ["a"], "extra": true }))).unwrap();
    assert_eq!(objects[0]["kind"], "Namespace", "a Namespace comes first");
    assert!(objects[0]["metadata"].get("namespace").is_none(), "and lives in none");
    assert_eq!(objects[1]["metadata"]["namespace"], "team");
}

#[test]
fn without_a_namespace_none_is_written() {
    let pattern = pattern(
        json!({}),
        json!([{ "id": "a", "template": { "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "a", "namespace": "${schema.metadata.namespace}" } } }]),
    )
    .unwrap();
    assert!(pattern.expand("x", None, &spec(json!({}))).unwrap()[0]["metadata"].get("namespace").is_none());
    let object = &pattern.expand("x", Some("t"), &spec(json!({}))).unwrap()[0];
    assert_eq!(object["metadata"]["namespace"], "t");
    let error = pattern.expand("x", Some("Not A Name"), &spec(json!({}))).map(|objects| objects[0].clone());
    assert!(error.is_err(), "{error:?}");
}

#[test]
fn defaults_are_filled_and_named() {
    let pattern = config_map(
        json!({ "a": "string | default=\"x\"", "b": "integer", "c": { "d": "integer | default=1" } }),
        json!({}),
    )
    .unwrap();
    let completed = pattern.complete("x", None, &spec(json!({ "b": null, "c": {} }))).unwrap();
    assert_eq!(Value::Object(completed.spec), json!({ "a": "x", "c": { "d": 1 } }));
    assert_eq!(completed.defaulted, ["a"]);
    let kept = pattern.complete("x", None, &spec(json!({ "a": "" }))).unwrap();
    assert_eq!(kept.spec["a"], "", "an empty text was said");
}

#[test]
fn values_that_do_not_fit_are_refused_by_parameter() {
    let pattern = config_map(
        json!({
            "gpus": "integer | default=0 minimum=0 maximum=8", "size": "string | required=true pattern=\"^[0-9]+Gi$\" description=\"a quantity\"",
            "mode": "string | enum=\"a,b\"", "list": "[]string | maxItems=1",
        }),
        json!({}),
    )
    .unwrap();
    for (values, parameter, why) in [
        (json!({}), "size", "needs 'size' (a quantity)"),
        (json!({ "size": "1Gi", "gpus": 16 }), "gpus", "maximum of 8"),
        (json!({ "size": "1Gi", "gpus": "two" }), "gpus", "integer"),
        (json!({ "size": "many" }), "size", "does not fit: a quantity"),
        (json!({ "size": "1Gi\n" }), "size", "does not fit"),
        (json!({ "size": "1Gi", "mode": "c" }), "mode", "one of"),
        (json!({ "size": "1Gi", "list": ["a", "b"] }), "list", "1 item"),
        (json!({ "size": "1Gi", "list": [1] }), "list", "string"),
        (json!({ "size": "1Gi", "gpu": 1 }), "gpu", "no parameter 'gpu'"),
        (json!({ "size": "1Gi", "owner": "a b" }), "owner", "label"),
    ] {
        let error = pattern.complete("x", None, &spec(values)).unwrap_err();
        assert_eq!(error.parameter(), Some(parameter), "{error}");
        assert!(error.message.contains(why), "{why}: {error}");
    }
    let near = pattern.complete("x", None, &spec(json!({ "size": "1Gi", "gpu": 1 }))).unwrap_err();
    assert_eq!(near.hint.as_deref(), Some("did you mean 'gpus'?"));
}

#[test]
fn names_that_the_server_would_refuse_are_refused() {
    let pattern = config_map(json!({}), json!({})).unwrap();
    for name in ["", "Upper", "a b", "-a", "a/b", &"a".repeat(254)] {
        let error = pattern.expand(name, None, &spec(json!({}))).unwrap_err();
        assert_eq!(error.parameter(), Some("name"), "{name:?}: {error}");
    }
}

#[test]
fn the_owner_is_a_label_of_objects_and_pods() {
    let pod = json!({ "spec": { "containers": [] } });
    let pattern = pattern(
        json!({}),
        json!([
            { "id": "a", "template": { "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "a", "labels": { "x": "y" } },
              "spec": { "jobTemplate": { "spec": { "template": pod } } } } },
            { "id": "b", "template": { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "b" },
              "spec": { "template": pod } } },
        ]),
    )
    .unwrap();
    let objects = pattern.expand("x", None, &spec(json!({ "owner": "alice" }))).unwrap();
    let cron = objects.iter().find(|object| object["kind"] == "CronJob").unwrap();
    assert_eq!(cron["metadata"]["labels"], json!({ "x": "y", "kubectl-copilot.dev/owner": "alice" }));
    for pointer in ["/spec/jobTemplate/metadata", "/spec/jobTemplate/spec/template/metadata"] {
        assert_eq!(
            cron.pointer(pointer).unwrap()["labels"]["kubectl-copilot.dev/owner"],
            "alice",
            "{pointer}"
        );
    }
    let without = pattern.expand("x", None, &spec(json!({}))).unwrap();
    assert!(!serde_json::to_string(&without).unwrap().contains("owner"));
}

#[test]
fn the_owner_is_a_label_of_the_claims_that_a_stateful_set_makes() {
    let set = PatternSet::builtin().get("StatefulSet").unwrap();
    let values = json!({ "image": "a/b:1", "disk": "1Gi", "owner": "alice" });
    let object = &set.expand("x", None, &spec(values)).unwrap()[0];
    let labels = &object["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"];
    assert_eq!(labels["kubectl-copilot.dev/owner"], "alice");
}

#[test]
fn rules_speak_of_several_parameters() {
    let rules = "- rule: 'schema.spec.replicas < 2 || !has(schema.spec.disk)'\n  message: \"${schema.spec.replicas} replicas, one disk\"\n  parameter: replicas\n";
    let resources = json!([{ "id": "a", "template": { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } } }]);
    let schema = json!({ "replicas": "integer | default=1", "disk": "string" });
    let read = |rules: &str| {
        Pattern::from_manifest(&manifest(
            schema.clone(),
            resources.clone(),
            json!({ "kubectl-copilot.dev/rules": rules }),
            &[("/metadata/annotations/kubectl-copilot.dev~1rules", 7)],
        ))
    };
    let pattern = read(rules).unwrap();
    assert!(pattern.complete("x", None, &spec(json!({ "replicas": 3 }))).is_ok());
    let error = pattern.complete("x", None, &spec(json!({ "replicas": 3, "disk": "1Gi" }))).unwrap_err();
    assert_eq!((error.message.as_str(), error.parameter()), ("3 replicas, one disk", Some("replicas")));

    let error = read("- rule: 'schema.spec.nothing'\n  message: x\n").unwrap_err();
    assert_eq!(error.line, Some(7), "{error}");
    let error =
        read("- rule: '1'\n  message: x\n").unwrap().complete("x", None, &spec(json!({}))).unwrap_err();
    assert!(error.message.contains("not true or false"), "a rule that is no condition never holds: {error}");
}

#[test]
fn patterns_of_an_organisation_come_over_those_that_are_built_in() {
    let resources = json!([{ "id": "a", "template": { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } } }]);
    let mut notebook = manifest(json!({ "team": "string" }), resources.clone(), json!({}), &[]);
    notebook.object["spec"]["schema"]["kind"] = json!("Notebook");
    let thing = manifest(json!({}), resources.clone(), json!({}), &[]);
    let builtin = PatternSet::builtin();
    let set = builtin.clone().with([&notebook, &thing]).unwrap();
    assert!(set.get("Notebook").unwrap().parameter("team").is_some());
    assert_eq!(set.iter().count(), builtin.iter().count() + 1);
    assert_eq!(set.iter().next().unwrap().kind, "Notebook", "the place is kept");

    let broken = manifest(json!({ "a": "strin" }), resources, json!({}), &[]);
    let errors = PatternSet::from_manifests([&thing, &thing, &broken]).unwrap_err();
    assert_eq!(errors.0.len(), 2, "{errors}");
    assert!(errors.to_string().contains("two patterns of the kind Thing"));
}
