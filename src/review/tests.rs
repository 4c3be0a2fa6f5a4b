//! Texts in, findings out; what needs files is in `tests/it/review.rs`.

use super::*;
use crate::cancel::Cancel;
use crate::policy::PolicySet;
use crate::schema::SchemaSet;

/// A Pod that nothing is to be said of.
const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - {name: web, image: 'nginx:1.27', securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
";

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
";

const WIDGET: &str = "apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: shop}
spec: {size: 3}
";

fn texts(files: &[(&str, &str)]) -> Texts {
    let text =
        |(name, text): &(&str, &str)| Text { name: (*name).to_owned(), bytes: Ok(text.as_bytes().to_vec()) };
    Texts { texts: files.iter().map(text).collect(), ..Texts::default() }
}

fn reviewed(files: &[(&str, &str)]) -> Review {
    let schemas = SchemaSet::bundled(None).unwrap();
    let policies = PolicySet::none();
    review(texts(files), Rules { schemas: &schemas, policies: &policies }, &Cancel::default()).unwrap()
}

/// `rule file:line` of each finding.
fn said(review: &Review) -> Vec<String> {
    let said = |finding: &Finding| {
        let (file, line) = (finding.file.as_deref(), finding.line);
        format!("{} {}:{}", finding.rule, file.unwrap_or("?"), line.unwrap_or(0))
    };
    review.findings.iter().map(said).collect()
}

/// `file: why` of what was passed over.
fn passed_over(review: &Review) -> Vec<String> {
    review.not_reviewed.iter().map(|one| format!("{}: {}", one.file, one.why)).collect()
}

#[test]
fn every_finding_has_its_place_in_its_own_file() {
    let wrong = POD.replace("image:", "imag:");
    let review = reviewed(&[("a.yaml", &format!("# first\n---\n{wrong}")), ("b.yaml", &wrong)]);
    assert!(review.findings.iter().all(|finding| finding.file.is_some() && finding.line.is_some()));
    let said = said(&review);
    for place in
        ["schema-unknown-field a.yaml:8", "schema-unknown-field b.yaml:6", "duplicate-object b.yaml:1"]
    {
        assert!(said.iter().any(|one| one == place), "{place} in {said:?}");
    }
}

#[test]
fn a_kind_without_schema_is_incomplete_and_a_definition_among_the_files_gives_one() {
    let alone = reviewed(&[("widget.yaml", WIDGET)]);
    assert_eq!((alone.is_incomplete(), alone.counts.error), (true, 0), "{:?}", alone.findings);
    let defined = reviewed(&[("widget.yaml", WIDGET), ("z-crd.yaml", CRD)]);
    assert_eq!(defined.counts, Counts::default(), "{:?}", defined.findings);
    let wrong = reviewed(&[("widget.yaml", &WIDGET.replace('3', "three")), ("z-crd.yaml", CRD)]);
    assert_eq!(said(&wrong), ["schema-type widget.yaml:4"]);
}

#[test]
fn another_kind_of_a_defined_group_is_incomplete_and_a_slip_is_an_error() {
    let other = reviewed(&[("crd.yaml", CRD), ("x.yaml", &WIDGET.replace("Widget", "Sprocket"))]);
    assert!(other.is_incomplete() && other.counts.error == 0, "{:?}", other.findings);
    let slip = reviewed(&[("crd.yaml", CRD), ("x.yaml", &WIDGET.replace("Widget", "Widgt"))]);
    assert_eq!((slip.counts.error, slip.is_incomplete()), (1, false), "{:?}", slip.findings);
}

#[test]
fn a_definition_that_cannot_be_used_is_an_error_and_its_objects_are_incomplete() {
    let review = reviewed(&[("crd.yaml", &CRD.replace("scope: Namespaced", "scop: x")), ("w.yaml", WIDGET)]);
    assert!(said(&review).contains(&"definition-unusable crd.yaml:5".to_owned()), "{:?}", said(&review));
    assert!(review.is_incomplete());
}

#[test]
fn what_is_no_manifest_is_named_and_no_error() {
    let review = reviewed(&[
        ("kustomization.yaml", "resources: [pod.yaml]\npatches:\n- path: ./patch.yaml\n"),
        ("patch.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true}\n"),
        ("pod.yaml", POD),
        ("settings.yaml", "replicas: 3\n"),
        ("mixed.yaml", &format!("{}---\na: 1\n", POD.replace("web", "other"))),
        ("package.json", "{\"name\": \"x\"}"),
        ("component.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"),
    ]);
    assert_eq!(review.counts, Counts::default(), "{:?}", review.findings);
    assert_eq!((review.objects, review.files), (2, 2));
    let names: Vec<&str> = review.not_reviewed.iter().map(|one| one.file.as_str()).collect();
    let all =
        ["component.yaml", "kustomization.yaml", "mixed.yaml", "package.json", "patch.yaml", "settings.yaml"];
    assert_eq!(names, all, "{:?}", passed_over(&review));
    assert_eq!(review.not_reviewed[2].line, Some(9));
}

#[test]
fn an_object_that_lacks_a_part_is_an_error() {
    let review = reviewed(&[
        ("a.yaml", "kind: Pod\nmetadata: {name: web}\n"),
        ("b.yaml", "apiVersion: v1\nmetadata: {name: web}\n"),
    ]);
    assert_eq!(said(&review), ["manifest-unreadable a.yaml:1", "manifest-unreadable b.yaml:1"]);
}

#[test]
fn templates_are_one_message_a_chart() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n";
    let review = reviewed(&[
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\n"),
        ("charts/web/crds/crd.yaml", CRD),
        ("charts/web/templates/a.yaml", template),
        ("charts/web/templates/b.yaml", "{{- if .Values.on }}\na: 1\n{{- end }}\n"),
        ("charts/web/templates/quoted.yaml", &POD.replace("name: web,", "name: '{{ .x }}',")),
        ("charts/web/values.yaml", "name: web\n"),
        ("loose/c.yaml", template),
    ]);
    assert_eq!(review.counts, Counts { incomplete: 2, ..Counts::default() }, "{:?}", review.findings);
    assert_eq!(
        said(&review),
        ["helm-template charts/web/templates/a.yaml:4", "helm-template loose/c.yaml:4"]
    );
    assert!(
        review.findings[0].message.starts_with("3 Helm templates of the chart 'charts/web' were"),
        "{}",
        review.findings[0].message
    );
    let hint = review.findings[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("helm template charts/web | kubectl copilot review -f -"), "{hint}");
    assert_eq!(review.objects, 1, "the definition of the chart's crds/ is a manifest");
}

#[test]
fn braces_in_a_string_are_no_template() {
    let pod = POD.replace("image: 'nginx:1.27'", "image: 'nginx:1.27', args: ['{{workflow.name}}']");
    assert_eq!(reviewed(&[("a.yaml", &pod)]).counts, Counts::default());
}

#[test]
fn a_file_that_does_not_parse_is_a_finding_and_the_others_are_reviewed() {
    let review = reviewed(&[("a.yaml", "apiVersion: v1\nkind: Pod\nkind: Pod\n"), ("b.yaml", POD)]);
    assert_eq!(said(&review), ["manifest-unreadable a.yaml:3"]);
    assert_eq!((review.objects, review.counts.error), (1, 1));
}

#[test]
fn a_secret_that_does_not_parse_is_not_quoted() {
    let secret = "kind: Secret\napiVersion: v1\nstringData: {a: hunter2, a: hunter2}\n";
    let review = reviewed(&[("a.yaml", secret)]);
    assert_eq!(said(&review), ["manifest-unreadable a.yaml:3"]);
    assert!(!format!("{:?}", review.findings).contains("hunter2"));
}

#[test]
fn the_same_object_in_another_version_or_place_is_the_same() {
    let review = reviewed(&[("a.yaml", POD), ("b.yaml", POD), ("c.yaml", &POD.replace("shop", "other"))]);
    assert_eq!(said(&review), ["duplicate-object b.yaml:1"]);
    assert!(review.findings[0].message.contains("a.yaml:1"));
    let generated = POD.replace("name: web, namespace", "generateName: web-, namespace");
    assert_eq!(reviewed(&[("a.yaml", &generated), ("b.yaml", &generated)]).counts, Counts::default());
}

#[test]
fn a_namespace_among_the_files_is_what_its_policies_select_by() {
    let policy = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-pods}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
  - {expression: 'false', message: no pods here}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-pods}
spec:
  policyName: no-pods
  validationActions: [Deny]
  matchResources: {namespaceSelector: {matchLabels: {tier: closed}}}
";
    let manifests =
        crate::manifest::parse(policy.as_bytes(), None, &crate::manifest::Budget::default()).unwrap();
    let policies = PolicySet::from_manifests(&manifests).unwrap();
    let schemas = SchemaSet::bundled(None).unwrap();
    let denied = |tier: &str| {
        let namespace =
            format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{tier: {tier}}}}}\n");
        let texts = texts(&[("pod.yaml", POD), ("z-namespace.yaml", &namespace)]);
        let review =
            review(texts, Rules { schemas: &schemas, policies: &policies }, &Cancel::default()).unwrap();
        said(&review)
    };
    assert_eq!(denied("closed"), ["policy/no-pods pod.yaml:1"]);
    assert_eq!(denied("open"), [""; 0]);
}

#[test]
fn many_findings_are_counted_and_the_worst_are_kept() {
    // A value that is no string each, and one more error at the very end.
    let fields: String = (0..6_000).map(|index| format!("  key{index}: {{}}\n")).collect();
    let config_map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{fields}");
    let review = reviewed(&[("a.yaml", &config_map), ("z.yaml", "kind: Pod\nmetadata: {}\n")]);
    assert_eq!(review.counts.error, 6_001);
    assert_eq!((review.findings.len(), review.left_out), (5_000, 1_001));
    let again = reviewed(&[("a.yaml", &config_map), ("z.yaml", "kind: Pod\nmetadata: {}\n")]);
    assert_eq!(review, again, "the same texts, the same review");
}

#[test]
fn a_stop_is_no_review() {
    let schemas = SchemaSet::bundled(None).unwrap();
    let policies = PolicySet::none();
    let rules = Rules { schemas: &schemas, policies: &policies };
    let cancel = Cancel::default();
    cancel.cancel();
    let stopped = review(texts(&[("a.yaml", POD)]), rules, &cancel);
    assert_eq!(stopped, Err(ReviewError::Stopped));
}

#[test]
fn severities_count_from_the_one_that_is_named() {
    let with = |counts: Counts| Review { counts, ..reviewed(&[("a.yaml", POD)]) };
    let warning = with(Counts { warning: 1, ..Counts::default() });
    assert!(!warning.reaches(Severity::Error));
    assert!(warning.reaches(Severity::Warning) && warning.reaches(Severity::Info));
    let incomplete = with(Counts { incomplete: 1, ..Counts::default() });
    assert!(!incomplete.reaches(Severity::Info) && incomplete.is_incomplete());
}
