//! Objects that the server refuses: which rule says so, where, and what it advises.

use std::collections::BTreeMap;

use super::*;
use crate::finding::Severity;
use crate::manifest::Location;

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{containerPort: 80}]
        resources: {requests: {cpu: 500m}, limits: {cpu: '1'}}
";
const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers:
  - name: main
    image: app:1
    env: [{name: A, value: '1'}]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {}}]
";
const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: train, image: 'train:1'}]}}}
";
const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";
const STATEFUL_SET: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: 'db:1'}]}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]
";
const CLAIM: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";
const CRON_JOB: &str = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: 0 3 * * *
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}}
";
const CONFIG_MAP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
";
const AUTOSCALER: &str = "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
";

/// An object, what is put where (`null` with a leading `-` removes), and the one finding: rule, pointer, part of the hint.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const CONTAINER: &str = "/spec/template/spec/containers/0";

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Unknown fields: spelling, place, neither.
    (DEPLOYMENT, "/spec/replica", "1", "schema-unknown-field", "/spec/replica", "did you mean `replicas`?"),
    (DEPLOYMENT, "/spec/Replicas", "1", "schema-unknown-field", "/spec/Replicas", "did you mean `replicas`?"),
    (DEPLOYMENT, "@/image_pull_policy", "Always", "schema-unknown-field", "@/image_pull_policy", "did you mean `imagePullPolicy`?"),
    (DEPLOYMENT, "@/containerPort", "80", "schema-unknown-field", "@/containerPort", "`containerPort` belongs under `ports[]`"),
    (DEPLOYMENT, "@/limits", "{cpu: 1}", "schema-unknown-field", "@/limits", "`limits` belongs under `resources`"),
    (DEPLOYMENT, "@/replicas", "1", "schema-unknown-field", "@/replicas", "`replicas` belongs under `spec`"),
    (DEPLOYMENT, "@/nodeSelector", "{a: b}", "schema-unknown-field", "@/nodeSelector", "`nodeSelector` belongs under `spec`"),
    (DEPLOYMENT, "/replicas", "1", "schema-unknown-field", "/replicas", "`replicas` belongs under `spec`"),
    (DEPLOYMENT, "/spec/image", "nginx", "schema-unknown-field", "/spec/image", "`image` belongs under `template.spec.containers[]`"),
    (DEPLOYMENT, "/spec/metadata", "{}", "schema-unknown-field", "/spec/metadata", "top of the object"),
    (DEPLOYMENT, "/labels", "{a: b}", "schema-unknown-field", "/labels", "`labels` belongs under `metadata`"),
    (DEPLOYMENT, "@/zzz", "1", "schema-unknown-field", "@/zzz", "remove it"),
    (CONFIG_MAP, "/spec", "{}", "schema-unknown-field", "/spec", "remove it"),
    // Types.
    (DEPLOYMENT, "/spec/replicas", "'3'", "schema-type", "/spec/replicas", "without quotes: 3"),
    (DEPLOYMENT, "/spec/replicas", "1.5", "schema-type", "/spec/replicas", "whole number"),
    (DEPLOYMENT, "/spec/template", "[]", "schema-type", "/spec/template", "not a list"),
    (DEPLOYMENT, "@/ports", "{containerPort: 80}", "schema-type", "@/ports", "start each entry with `- `"),
    (DEPLOYMENT, "@/command", "python train.py", "schema-type", "@/command", "make it a list"),
    (DEPLOYMENT, "@/tty", "'yes'", "schema-type", "@/tty", "write true"),
    (POD, "/spec/containers/0/env/0/value", "8080", "schema-type", "/spec/containers/0/env/0/value", "in quotes: \"8080\""),
    (POD, "/metadata/labels", "{a: true}", "schema-type", "/metadata/labels/a", "in quotes as it is written"),
    (SERVICE, "/spec/ports/0/targetPort", "true", "schema-type", "/spec/ports/0/targetPort", ""),
    (CONFIG_MAP, "/data/a", "1", "schema-type", "/data/a", "in quotes"),
    (POD, "/spec/containers/0/env", "[null]", "schema-type", "/spec/containers/0/env/0", "remove the empty entry"),
    // Required.
    (DEPLOYMENT, "-/spec/selector", "", "schema-required", "/spec/selector", "add `selector`"),
    (DEPLOYMENT, "/spec/selector", "null", "schema-required", "/spec/selector", "add `selector`"),
    (DEPLOYMENT, "-@/name", "", "schema-required", "@/name", "add `name` (a string)"),
    (POD, "-/spec/containers", "", "schema-required", "/spec/containers", "add `containers` (a list)"),
    (POD, "/spec/containers", "[]", "schema-required", "/spec/containers", "add one"),
    (POD, "-/metadata/name", "", "schema-required", "/metadata/name", "add `metadata.name`"),
    (AUTOSCALER, "-/spec/maxReplicas", "", "schema-required", "/spec/maxReplicas", "(an integer)"),
    // Values.
    (DEPLOYMENT, "@/imagePullPolicy", "always", "schema-enum", "@/imagePullPolicy", "did you mean `Always`?"),
    (SERVICE, "/spec/type", "Ingress", "schema-enum", "/spec/type", "use one of"),
    (SERVICE, "/spec/type", "LoadBalancr", "schema-enum", "/spec/type", "did you mean `LoadBalancer`?"),
    (CLAIM, "/spec/accessModes", "[RWX]", "schema-enum", "/spec/accessModes/0", "ReadWriteMany"),
    (DEPLOYMENT, "/spec/replicas", "3000000000", "schema-format", "/spec/replicas", ""),
    (CONFIG_MAP, "/binaryData", "{a: 'no base64'}", "schema-format", "/binaryData/a", ""),
    (POD, "/metadata/deletionTimestamp", "yesterday", "schema-format", "/metadata/deletionTimestamp", ""),
    // Quantities.
    (DEPLOYMENT, "@/resources/limits/memory", "64GB", "schema-quantity", "@/resources/limits/memory", "did you mean `64Gi`?"),
    (DEPLOYMENT, "@/resources/limits/memory", "64 gigs", "schema-quantity", "@/resources/limits/memory", "did you mean `64Gi`?"),
    (DEPLOYMENT, "@/resources/limits/cpu", "half", "schema-quantity", "@/resources/limits/cpu", "500m"),
    (CLAIM, "/spec/resources/requests/storage", "big", "schema-quantity", "/spec/resources/requests/storage", "64Gi"),
    (CLAIM, "/spec/resources/requests/storage", "{}", "schema-type", "/spec/resources/requests/storage", "64Gi"),
    // Lists with keys.
    (POD, "/spec/containers/0/env", "[{name: A, value: one}, {name: A, value: two}]", "schema-duplicate", "/spec/containers/0/env/1", "rename or remove"),
    (SERVICE, "/spec/ports", "[{name: a, port: 80}, {name: b, port: 80, protocol: TCP}]", "schema-duplicate", "/spec/ports/1", "rename or remove"),
    (POD, "/spec/volumes", "[{name: data}, {name: data}]", "schema-duplicate", "/spec/volumes/1", "rename or remove"),
    // Names, labels, annotations.
    (POD, "/metadata/name", "My_Pod", "schema-name", "/metadata/name", "`my-pod`"),
    (POD, "/metadata/name", "a..b", "schema-name", "/metadata/name", ""),
    (SERVICE, "/metadata/name", "web.api", "schema-name", "/metadata/name", "`web-api`"),
    (STATEFUL_SET, "/metadata/name", "db.main", "schema-name", "/metadata/name", "`db-main`"),
    (CRON_JOB, "/metadata/name", "a-name-of-a-cron-job-that-is-longer-than-fifty-two-characters", "schema-name", "/metadata/name", ""),
    (POD, "/metadata/namespace", "Team A", "schema-name", "/metadata/namespace", "`team-a`"),
    (POD, "/metadata/labels", "{a: not a label}", "schema-label", "/metadata/labels/a", "annotation"),
    (POD, "/metadata/labels", "{'a/b/c': d}", "schema-label", "/metadata/labels/a~1b~1c", "example.com/name"),
    (POD, "/metadata/annotations", "{'no spaces': d}", "schema-label", "/metadata/annotations/no spaces", "example.com/name"),
    (DEPLOYMENT, "/spec/template/metadata/labels/tier", "-x", "schema-label", "/spec/template/metadata/labels/tier", ""),
    // Rules of the API.
    (JOB, "-/spec/template/spec/restartPolicy", "", "api-restart-policy", "/spec/template/spec/restartPolicy", "Never or OnFailure"),
    (JOB, "/spec/template/spec/restartPolicy", "Always", "api-restart-policy", "/spec/template/spec/restartPolicy", "Never or OnFailure"),
    (CRON_JOB, "-/spec/jobTemplate/spec/template/spec/restartPolicy", "", "api-restart-policy", "/spec/jobTemplate/spec/template/spec/restartPolicy", "Never or OnFailure"),
    (DEPLOYMENT, "/spec/template/spec/restartPolicy", "Never", "api-restart-policy", "/spec/template/spec/restartPolicy", "remove"),
    (DEPLOYMENT, "/spec/template/metadata/labels/app", "other", "api-selector-labels", "/spec/selector/matchLabels/app", "add `app: web`"),
    (DEPLOYMENT, "-/spec/template/metadata", "", "api-selector-labels", "/spec/selector/matchLabels/app", "add `app: web`"),
    (DEPLOYMENT, "/spec/selector", "{}", "api-selector-labels", "/spec/selector", "matchLabels"),
    (DEPLOYMENT, "/spec/selector/matchExpressions", "[{key: tier, operator: Exists}]", "api-selector-labels", "/spec/selector/matchExpressions/0", "labels"),
    (STATEFUL_SET, "/spec/template/metadata/labels/app", "x", "api-selector-labels", "/spec/selector/matchLabels/app", "add `app: db`"),
    (STATEFUL_SET, "-/spec/serviceName", "", "api-service-name", "/spec/serviceName", "headless"),
    (DEPLOYMENT, "/spec/strategy", "{type: Recreate, rollingUpdate: {maxSurge: 1}}", "api-strategy", "/spec/strategy/rollingUpdate", "remove"),
    (POD, "/spec/containers/0/volumeMounts/0/name", "dat", "api-volume-mount", "/spec/containers/0/volumeMounts/0/name", "did you mean `data`?"),
    (STATEFUL_SET, "/spec/template/spec/containers/0/volumeMounts", "[{name: logs, mountPath: /l}]", "api-volume-mount", "/spec/template/spec/containers/0/volumeMounts/0/name", "add a volume `logs`"),
    (POD, "/spec/volumes/0", "{name: data, emptyDir: {}, configMap: {name: c}}", "api-volume-source", "/spec/volumes/0", "two volumes"),
    (POD, "/spec/initContainers", "[{name: main, image: 'a:1'}]", "api-container-names", "/spec/containers/0/name", "rename"),
    (POD, "/spec/containers/0/name", "Main", "schema-name", "/spec/containers/0/name", "lower-case"),
    (POD, "-/spec/containers/0/image", "", "api-image", "/spec/containers/0/image", "add `image`"),
    (DEPLOYMENT, "@/ports", "[{containerPort: 80, name: a}, {containerPort: 81, name: a}]", "api-port-names", "@/ports/1/name", "rename"),
    (DEPLOYMENT, "@/ports/0/name", "a-very-long-port-name", "api-port-names", "@/ports/0/name", "15"),
    (DEPLOYMENT, "@/ports/0/containerPort", "70000", "schema-range", "@/ports/0/containerPort", "1 to 65535"),
    (SERVICE, "/spec/ports", "[{port: 80, name: http}, {port: 81, name: http}]", "api-port-names", "/spec/ports/1/name", "rename"),
    (SERVICE, "/spec/ports", "[{port: 80, name: http}, {port: 81}]", "api-port-names", "/spec/ports/1/name", "add `name`"),
    (SERVICE, "/spec/ports/0/targetPort", "'8080'", "api-port-names", "/spec/ports/0/targetPort", "without quotes: 8080"),
    (SERVICE, "/spec/type", "ExternalName", "schema-required", "/spec/externalName", "externalName"),
    (DEPLOYMENT, "@/resources", "{requests: {nvidia.com/gpu: 1}}", "api-extended-resource", "@/resources/requests/nvidia.com~1gpu", "set `limits`"),
    (DEPLOYMENT, "@/resources", "{requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}}", "api-extended-resource", "@/resources/requests/nvidia.com~1gpu", "the same number"),
    (DEPLOYMENT, "@/resources", "{limits: {nvidia.com/gpu: 0.5}}", "api-extended-resource", "@/resources/limits/nvidia.com~1gpu", "whole number"),
    (DEPLOYMENT, "@/resources", "{limits: {gpu: 1}}", "api-resource-name", "@/resources/limits/gpu", "nvidia.com/gpu"),
    (DEPLOYMENT, "@/resources", "{limits: {memroy: 1Gi}}", "api-resource-name", "@/resources/limits/memroy", "did you mean `memory`?"),
    (DEPLOYMENT, "@/resources", "{requests: {memory: 2Gi}, limits: {memory: 1G}}", "api-requests-limits", "@/resources/requests/memory", "raise the limit"),
    (DEPLOYMENT, "@/livenessProbe", "{periodSeconds: 5}", "api-probe-handler", "@/livenessProbe", "exactly one"),
    (DEPLOYMENT, "@/readinessProbe", "{httpGet: {port: 80}, exec: {command: [a]}}", "api-probe-handler", "@/readinessProbe", "exactly one"),
    (DEPLOYMENT, "@/livenessProbe", "{httpGet: {port: 80}, successThreshold: 2}", "api-probe-handler", "@/livenessProbe/successThreshold", "remove"),
    (DEPLOYMENT, "@/lifecycle", "{preStop: {}}", "api-probe-handler", "@/lifecycle/preStop", "exactly one"),
    (POD, "/spec/containers/0/env/0/valueFrom", "{fieldRef: {fieldPath: metadata.name}}", "api-env-value", "/spec/containers/0/env/0/valueFrom", "remove one"),
    (POD, "/spec/containers/0/env", "[{name: A, valueFrom: {}}]", "api-env-value", "/spec/containers/0/env/0/valueFrom", "secretKeyRef"),
    (POD, "/spec/containers/0/env", "[{name: A=1}]", "api-env-name", "/spec/containers/0/env/0/name", "under `value`"),
    (POD, "/spec/containers/0/volumeMounts/0/mountPath", "'/a:/b'", "api-volume-mount", "/spec/containers/0/volumeMounts/0/mountPath", "colon"),
    (POD, "/spec/containers/0/resources", "{claims: [{name: gpu}]}", "api-resource-claim", "/spec/containers/0/resources/claims/0/name", "resourceClaims"),
    (CLAIM, "-/spec/accessModes", "", "api-claim", "/spec/accessModes", "ReadWriteOnce"),
    (CLAIM, "-/spec/resources", "", "api-claim", "/spec/resources/requests/storage", "10Gi"),
    (CLAIM, "/spec/resources/requests/storage", "0", "api-claim", "/spec/resources/requests/storage", "10Gi"),
    (STATEFUL_SET, "-/spec/volumeClaimTemplates/0/spec/accessModes", "", "api-claim", "/spec/volumeClaimTemplates/0/spec/accessModes", "ReadWriteOnce"),
    (CRON_JOB, "/spec/schedule", "every night", "api-cron-schedule", "/spec/schedule", "five fields"),
    (CRON_JOB, "/spec/schedule", "TZ=UTC 0 3 * * *", "api-cron-schedule", "/spec/schedule", "`timeZone`"),
    (AUTOSCALER, "/spec/maxReplicas", "1", "api-autoscaler-replicas", "/spec/maxReplicas", "raise"),
    // Kinds.
    (DEPLOYMENT, "/apiVersion", "extensions/v1beta1", "schema-unknown-kind", "/apiVersion", "use apps/v1"),
    (DEPLOYMENT, "/apiVersion", "apps/v1beta2", "schema-unknown-kind", "/apiVersion", "use apps/v1"),
    (DEPLOYMENT, "/apiVersion", "v1", "schema-unknown-kind", "/apiVersion", "use apps/v1"),
    (DEPLOYMENT, "/kind", "Deploymnt", "schema-unknown-kind", "/kind", "did you mean `Deployment` of apps/v1?"),
    (DEPLOYMENT, "/kind", "Frobnicator", "schema-unknown-kind", "/kind", "--schemas PATH"),
    (DEPLOYMENT, "/apiVersion", "example.com/v1", "schema-unknown-kind", "/kind", "--schemas PATH"),
];

/// The object with a value put at a pointer (`@` is the first container of a workload), or removed from it.
fn changed(base: &str, place: &str, value: &str) -> Manifest {
    let mut manifest = manifest(base);
    let (is_removal, pointer) = place.strip_prefix('-').map_or((false, place), |rest| (true, rest));
    let pointer = pointer.replace('@', CONTAINER);
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let parent = manifest.object.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    if is_removal {
        parent.as_object_mut().expect("an object").remove(field);
    } else {
        let value: Value = serde_saphyr::from_str(value).expect(value);
        match parent {
            Value::Array(list) => list[field.parse::<usize>().expect("an index")] = value,
            other => other[field] = value,
        }
    }
    manifest
}

#[test]
fn the_objects_that_the_cases_start_from_are_valid() {
    for base in [DEPLOYMENT, POD, JOB, SERVICE, STATEFUL_SET, CLAIM, CRON_JOB, CONFIG_MAP, AUTOSCALER] {
        let found = validate(&manifest(base), &set());
        assert!(found.is_empty(), "{base}\n{:#?}", lines(&found));
    }
}

#[test]
fn each_wrong_object_has_exactly_the_finding_that_names_its_fault() {
    let mut failures = Vec::new();
    for (base, place, value, rule, path, hint) in CASES {
        let found = validate(&changed(base, place, value), &set());
        let path = path.replace('@', CONTAINER);
        let is_right = matches!(found.as_slice(), [one]
            if one.rule == *rule && one.path == path && one.hint.as_deref().unwrap_or("").contains(hint));
        if !is_right {
            failures.push(format!(
                "{place} = {value}: wanted {rule} {path} ({hint})\n  got {:#?}",
                lines(&found)
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_kind_of_an_unknown_group_could_not_be_checked() {
    let found = validate(&changed(DEPLOYMENT, "/apiVersion", "example.com/v1"), &set());
    assert!(
        found.iter().all(|finding| finding.incomplete && finding.severity == Severity::Error),
        "{found:?}"
    );
    let found = validate(&changed(DEPLOYMENT, "/apiVersion", "apps/v1beta1"), &set());
    assert!(
        found.iter().all(|finding| !finding.incomplete),
        "a retired version is known to be wrong: {found:?}"
    );
}

#[test]
fn an_api_that_is_off_by_default_is_a_warning() {
    let yaml = "{apiVersion: resource.k8s.io/v1beta1, kind: DeviceClass, metadata: {name: gpu}, spec: {}}";
    let found = validate(&manifest(yaml), &set());
    assert_eq!(lines(&found).len(), 1, "{found:?}");
    assert_eq!((found[0].rule.as_str(), found[0].severity), ("schema-off-by-default", Severity::Warning));
    assert_eq!(found[0].hint.as_deref(), Some("use resource.k8s.io/v1"));
}

#[test]
fn a_namespace_on_a_cluster_scoped_object_is_a_warning() {
    let found =
        validate(&manifest("{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}"), &set());
    assert_eq!((found[0].rule.as_str(), found[0].severity), ("schema-namespace", Severity::Warning));
}

#[test]
fn service_names_may_begin_with_a_digit_since_1_36() {
    let service = changed(SERVICE, "/metadata/name", "1web");
    assert!(validate(&service, &set()).is_empty());
    let before = SchemaSet::bundled(Some("1.35")).expect("1.35");
    assert_eq!(validate(&service, &before)[0].rule, "schema-name");
}

#[test]
fn values_of_a_secret_stand_in_no_finding() {
    let yaml = "
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: hunter2-hunter2, b: 4711}
stringData: {c: 4712}
";
    let found = validate(&manifest(yaml), &set());
    assert_eq!(found.len(), 3, "{:#?}", lines(&found));
    for line in lines(&found) {
        assert!(!line.contains("hunter2") && !line.contains("471"), "{line}");
        assert!(line.contains("stringData"), "{line}");
    }
    for whole in ["data: hunter2", "stringData: hunter2", "data: [hunter2]", "stringData: 4711"] {
        let yaml = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{whole}\n");
        let found = lines(&validate(&manifest(&yaml), &set()));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(!found[0].contains("hunter2") && !found[0].contains("4711"), "{found:#?}");
    }
}

#[test]
fn a_finding_has_the_position_of_its_value_or_of_the_nearest_one_around_it() {
    let mut manifest = changed(DEPLOYMENT, "-/spec/selector", "");
    manifest.object["spec"]["replicas"] = Value::from("3");
    manifest.file = Some("web.yaml".into());
    let at = |line, column| Location { line, column };
    manifest.locations = BTreeMap::from([
        (String::new(), at(1, 1)),
        ("/spec".to_owned(), at(5, 3)),
        ("/spec/replicas".to_owned(), at(6, 13)),
    ]);
    let found = validate(&manifest, &set());
    let positions: Vec<_> =
        found.iter().map(|f| (f.path.as_str(), f.file.as_deref(), f.line, f.column)).collect();
    assert_eq!(
        positions,
        [
            ("/spec/replicas", Some("web.yaml"), Some(6), Some(13)),
            ("/spec/selector", Some("web.yaml"), Some(5), Some(3)),
        ]
    );
}

#[test]
fn long_keys_that_differ_at_their_end_are_not_duplicates() {
    let long = "a".repeat(80);
    let env = format!("[{{name: {long}1, value: '1'}}, {{name: {long}2, value: '1'}}]");
    let found = validate(&changed(POD, "/spec/containers/0/env", &env), &set());
    assert!(found.is_empty(), "{:#?}", lines(&found));
}

#[test]
fn nonsense_is_refused_and_never_panics() {
    for spec in ["null", "[]", "1", "''", "{containers: {}}", "{containers: [null, 1, []]}", "{volumes: 3}"] {
        let found = validate(&changed(POD, "/spec", spec), &set());
        assert!(!found.is_empty() || spec == "null", "{spec}");
    }
}
