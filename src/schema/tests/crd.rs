//! Kinds of CustomResourceDefinitions.

use super::*;
use crate::finding::Severity;
use crate::manifest::GroupVersionKind;

const WIDGETS: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets, singular: widget, shortNames: [wd]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object, properties: {name: {type: string, maxLength: 10}}}
          spec:
            type: object
            required: [size, mode]
            properties:
              size: {type: integer, format: int32, minimum: 1, maximum: 9}
              mode: {type: string, enum: [Fast, Slow], default: Fast}
              code: {type: string, pattern: '^[a-z]+$', minLength: 2, maxLength: 4}
              note: {type: string, nullable: true}
              share: {type: number, multipleOf: 0.5}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: '^[0-9]+%$'}
              timeout: {type: string, format: duration}
              address: {type: string, format: ipv4}
              link: {type: string, format: uri}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set, minItems: 1, maxItems: 3}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name, kind]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    kind: {type: string, default: Plain}
                    weight: {type: integer, default: 5}
              limits: {type: object, additionalProperties: {type: integer}, maxProperties: 2}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: integer}}}
              template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
              source:
                type: object
                properties: {file: {type: string}, url: {type: string}}
                oneOf: [{required: [file]}, {required: [url]}]
          status: {type: object, properties: {ready: {type: boolean}}}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    deprecationWarning: example.com/v1beta1 Widget goes away; use v1
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-preserve-unknown-fields: true
            x-kubernetes-validations: [{rule: 'self.size > 0'}]
  - name: v1alpha1
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object}}
";

const WIDGET: &str = "
apiVersion: example.com/v1
kind: Widget
metadata: {name: one, labels: {a: b}}
spec: {size: 3}
";

fn with_widgets() -> SchemaSet {
    set().with_crds(&[manifest(WIDGETS)]).expect("the definition is valid")
}

/// The findings of a Widget with this `spec`.
fn found(spec: &str) -> Vec<Finding> {
    let mut widget = manifest(WIDGET);
    widget.object["spec"] = serde_saphyr::from_str(spec).expect(spec);
    validate(&widget, &with_widgets())
}

#[test]
fn served_versions_become_kinds() {
    let set = with_widgets();
    let versions: Vec<&str> = set.find_kind("wd").iter().map(|info| info.gvk.version.as_str()).collect();
    assert_eq!(versions, ["v1", "v1beta1"], "the stable one first; what is not served is not there");
    assert!(set.find_kind("widgets.example.com").len() == 2 && set.find_kind("Pod").len() == 1);
    let gvk = GroupVersionKind::new("example.com/v1", "Widget");
    assert_eq!(set.list_keys(&gvk, "/spec/parts"), Some(vec!["name".to_owned(), "kind".to_owned()]));
    assert_eq!(set.list_keys(&gvk, "/spec/tags"), None);
    assert!(super::set().kind(&gvk).is_none(), "the set that was extended is left as it was");
}

#[test]
fn what_fits_the_schema_has_no_findings() {
    for spec in [
        "{size: 3}",
        "{size: 9, mode: Slow, code: abcd, note: null, share: 1.5, port: 8080}",
        "{size: 1, port: 50%, timeout: 1h30m, address: 10.0.0.1, tags: [a, b]}",
        "{size: 1, parts: [{name: a}, {name: a, kind: Fancy}], limits: {a: 1, b: 2}}",
        "{size: 1, free: {known: 1, anything: {goes: [here]}}, source: {url: x}, mode: null}",
        "{size: 1, template: {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {}}}",
    ] {
        let found = found(spec);
        assert!(found.is_empty(), "{spec}\n{:#?}", lines(&found));
    }
}

#[test]
fn what_does_not_fit_is_refused_by_the_right_rule() {
    for (spec, rule, path) in [
        ("{}", "schema-required", "/spec/size"),
        ("{size: 3, sise: 4}", "schema-unknown-field", "/spec/sise"),
        ("{size: 0}", "schema-range", "/spec/size"),
        ("{size: 10}", "schema-range", "/spec/size"),
        ("{size: '3'}", "schema-type", "/spec/size"),
        ("{size: null}", "schema-type", "/spec/size"),
        ("{size: 3, mode: fast}", "schema-enum", "/spec/mode"),
        ("{size: 3, code: A1}", "schema-pattern", "/spec/code"),
        ("{size: 3, code: a}", "schema-length", "/spec/code"),
        ("{size: 3, code: abcde}", "schema-length", "/spec/code"),
        ("{size: 3, code: null}", "schema-type", "/spec/code"),
        ("{size: 3, share: 0.7}", "schema-range", "/spec/share"),
        ("{size: 3, port: half}", "schema-pattern", "/spec/port"),
        ("{size: 3, port: []}", "schema-type", "/spec/port"),
        ("{size: 3, timeout: soon}", "schema-format", "/spec/timeout"),
        ("{size: 3, address: '::1'}", "schema-format", "/spec/address"),
        ("{size: 3, tags: []}", "schema-length", "/spec/tags"),
        ("{size: 3, tags: [a, b, c, d]}", "schema-length", "/spec/tags"),
        ("{size: 3, tags: [a, a]}", "schema-duplicate", "/spec/tags/1"),
        ("{size: 3, parts: [{name: a}, {name: a, kind: Plain}]}", "schema-duplicate", "/spec/parts/1"),
        ("{size: 3, parts: [{kind: Plain}]}", "schema-required", "/spec/parts/0/name"),
        ("{size: 3, limits: {a: x}}", "schema-type", "/spec/limits/a"),
        ("{size: 3, limits: {a: 1, b: 2, c: 3}}", "schema-length", "/spec/limits"),
        ("{size: 3, free: {known: x}}", "schema-type", "/spec/free/known"),
        (
            "{size: 3, template: {kind: Pod, metadata: {name: x}}}",
            "schema-required",
            "/spec/template/apiVersion",
        ),
        (
            "{size: 3, template: {apiVersion: v1, kind: Pod, metadata: {nam: x}}}",
            "schema-unknown-field",
            "/spec/template/metadata/nam",
        ),
        ("{size: 3, source: {}}", "schema-choice", "/spec/source"),
        ("{size: 3, source: {file: a, url: b}}", "schema-choice", "/spec/source"),
    ] {
        let found = found(spec);
        let got: Vec<(&str, &str)> = found.iter().map(|f| (f.rule.as_str(), f.path.as_str())).collect();
        assert_eq!(got, [(rule, path)], "{spec}\n{:#?}", lines(&found));
    }
}

#[test]
fn metadata_is_checked_as_for_every_object_and_as_the_definition_narrows_it() {
    let mut widget = manifest(WIDGET);
    widget.object["metadata"] = serde_json::json!({ "name": "a-very-long-name", "lables": {} });
    let got: Vec<String> = validate(&widget, &with_widgets()).into_iter().map(|f| f.rule).collect();
    assert_eq!(got, ["schema-length", "schema-unknown-field"]);
}

#[test]
fn a_format_that_only_the_server_checks_is_incomplete() {
    let found = found("{size: 3, link: 'https://example.com'}");
    assert_eq!(found.len(), 1);
    assert!(found[0].incomplete && found[0].rule == "schema-not-evaluated", "{found:?}");
}

#[test]
fn cel_rules_and_deprecation_are_mentioned_only_where_they_are() {
    let widget =
        |version: &str| manifest(&WIDGET.replace("example.com/v1", &format!("example.com/{version}")));
    let rules: Vec<(String, Severity)> =
        validate(&widget("v1beta1"), &with_widgets()).into_iter().map(|f| (f.rule, f.severity)).collect();
    let wanted = [
        ("schema-deprecated".to_owned(), Severity::Warning),
        ("schema-cel-not-evaluated".to_owned(), Severity::Info),
    ];
    assert_eq!(rules, wanted);
    assert!(validate(&widget("v1"), &with_widgets()).is_empty());
    let unserved = validate(&widget("v1alpha1"), &with_widgets());
    assert_eq!(unserved[0].hint.as_deref(), Some("use example.com/v1"));
}

#[test]
fn defaults_of_the_schema_are_set() {
    let mut widget = manifest(WIDGET);
    widget.object["spec"] =
        serde_json::json!({ "size": 1, "mode": null, "note": null, "parts": [{ "name": "a" }] });
    let spec = defaulted(&widget.object, &with_widgets())["spec"].clone();
    assert_eq!(
        spec,
        serde_json::json!({
            "size": 1, "mode": "Fast", "note": null, "parts": [{ "name": "a", "kind": "Plain", "weight": 5 }]
        })
    );
}

#[test]
fn other_manifests_are_passed_over_and_broken_definitions_named() {
    let other = manifest("{apiVersion: v1, kind: Namespace, metadata: {name: a}}");
    assert_eq!(set().with_crds(&[other]).expect("passed over").kinds().count(), set().kinds().count());
    for (broken, reason) in [
        (WIDGETS.replace("apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"), "use v1"),
        (WIDGETS.replace("scope: Namespaced", ""), "scope"),
        (WIDGETS.replace("maximum: 9", "maximum: nine"), "schema of version v1"),
        (
            WIDGETS.replace(
                "schema:\n      openAPIV3Schema:\n        type: object\n        required",
                "x:\n      y:\n        required",
            ),
            "openAPIV3Schema",
        ),
    ] {
        let error = set().with_crds(&[manifest(&broken)]).expect_err(reason).to_string();
        assert!(error.contains("widgets.example.com") && error.contains(reason), "{error}");
    }
}
