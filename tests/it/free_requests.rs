//! The requests for any kind in `tests/requests/free/`: they are what they promise to be, their references are right,
//! and an answers file is scored against them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::score::Lang;
use crate::score::free::{Outcome, Row, Schemas, Table, Wanted, find, load, may_be_absent, operator, score};
use crate::support::not_run::not_run;
use crate::support::repository::root;

/// A folder of CustomResourceDefinitions, `*.yaml`.
pub const CRDS: &str = "KUBECTL_COPILOT_CRDS";
/// A file of answers as `eval` writes them, or a folder of such files.
const ANSWERS: &str = "KUBECTL_COPILOT_FREE_ANSWERS";

pub fn rows() -> Vec<Row> {
    load(&root().join("tests/requests/free"))
}

/// Those that nobody looks at while the product is improved: the others have been read.
pub fn unseen() -> Vec<Row> {
    load(&root().join("tests/requests/unseen"))
}

/// A second set by people who did not know the product; read since.
pub fn fresh() -> Vec<Row> {
    load(&root().join("tests/requests/fresh"))
}

fn all_rows() -> Vec<Row> {
    rows().into_iter().chain(unseen()).chain(fresh()).collect()
}

/// Whether kinds of other groups than Kubernetes' own are asked for.
pub fn is_custom(row: &Row, schemas: &Schemas) -> bool {
    row.reference().iter().any(|object| !schemas.is_builtin(&object.key().gvk().group))
}

/// The schemas to score by: with custom kinds where a folder of their definitions is given.
fn schemas() -> Schemas {
    match std::env::var_os(CRDS) {
        Some(folder) => Schemas::with_crds(Path::new(&folder)),
        None => Schemas::builtin(),
    }
}

fn answered(row: &Row, yaml: &str, schemas: &Schemas) -> crate::score::free::Score {
    score(row, &json!({"id": row.id, "yaml": yaml}), schemas)
}

#[test]
fn there_are_enough_of_each() {
    let rows = rows();
    let schemas = Schemas::builtin();
    let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    assert_eq!(rows.len(), 107);
    assert_eq!(count(&|row| row.lang == Lang::Zh), 15);
    assert_eq!(count(&|row| is_custom(row, &schemas)), 45);
    assert_eq!(count(&|row| row.expect.objects.len() == 2), 10);
    assert!(rows.iter().all(|row| (1..=2).contains(&row.expect.objects.len())));
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *families.entry(&row.family).or_default() += 1;
    }
    let expected = [
        ("access", 12),
        ("batch", 16),
        ("governance", 16),
        ("network", 17),
        ("pods", 16),
        ("scaling", 15),
        ("serving", 15),
    ];
    assert_eq!(families.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn ids_and_requests_are_unique_and_the_language_is_right() {
    let rows = all_rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let requests: BTreeSet<&str> = rows.iter().map(|row| row.request.as_str()).collect();
    assert_eq!((ids.len(), requests.len()), (rows.len(), rows.len()));
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for row in &rows {
        assert_eq!(row.request.chars().any(han), row.lang == Lang::Zh, "{}", row.id);
    }
}

/// Nobody wants cluster-wide rights or the node itself, and a request that did would be another test.
#[test]
fn references_ask_for_nothing_privileged() {
    const NEVER: [&str; 7] = [
        "ClusterRole\n",
        "ClusterRoleBinding",
        "privileged",
        "hostNetwork",
        "hostPID",
        "hostPath",
        "cluster-admin",
    ];
    for row in all_rows() {
        let found = NEVER
            .iter()
            .find(|word| row.reference.contains(*word) && !row.reference.contains("kind: ClusterRole, name"));
        assert_eq!(found, None, "{}", row.id);
    }
}

#[test]
fn every_reference_is_right() {
    let schemas = schemas();
    if !schemas.has_custom {
        not_run(&format!("schema check of the custom kinds of tests/requests/free ({CRDS} names no folder)"));
    }
    let wrong: Vec<String> = all_rows()
        .iter()
        .map(|row| (row, answered(row, &row.reference, &schemas)))
        .filter(|(_, score)| score.outcome != Outcome::Right)
        .map(|(row, score)| format!("{}: {:?}\n    {}", row.id, score.outcome, score.reasons.join("\n    ")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A value that the scorer would blame a model for stands in no reference.
#[test]
fn references_hold_nothing_that_nobody_said() {
    let schemas = schemas();
    let judged = |row: &Row| row.reference().iter().all(|object| schemas.judges(&object.key().gvk().group));
    let unsaid: Vec<String> = rows()
        .iter()
        // The lists of values and the defaults of a custom kind are in its schema.
        .filter(|row| judged(row))
        .flat_map(|row| {
            let unsaid = answered(row, &row.reference, &schemas).unsaid;
            unsaid.into_iter().map(|value| format!("{}: {value}", row.id)).collect::<Vec<_>>()
        })
        .collect();
    assert!(unsaid.is_empty(), "{}", unsaid.join("\n"));
}

/// An expected value of the reference, and what the scorer rests it on.
struct Stated<'w> {
    /// The path under which the scorer reports it; none within a choice, where it may report another way.
    path: Option<&'w str>,
    /// What it is, for the message.
    shown: &'w str,
    /// Pointers into the reference's object.
    pointers: Vec<String>,
    /// Whether another value in its place is as good (it only has to be there, or to be so long).
    any_value: bool,
}

/// Everything that is expected of an object. What may be absent rests on nothing and is left out.
fn stated<'w>(wanted: &'w Wanted, object: &Value) -> Vec<Stated<'w>> {
    let ways = wanted.any_of.iter().flatten().flat_map(|way| leaves(&way.has, object, "", None));
    let mut all = leaves(&wanted.has, object, "", Some(None));
    all.extend(ways);
    all
}

/// `under`: none within a choice, else the outer path, where there is one.
fn leaves<'w>(
    paths: &'w Map<String, Value>,
    within: &Value,
    at: &str,
    under: Option<Option<&'w str>>,
) -> Vec<Stated<'w>> {
    let mut all = Vec::new();
    for (shown, wanted) in paths.iter().filter(|(_, wanted)| !may_be_absent(wanted)) {
        let found = find(shown, within);
        let pointers: Vec<String> = found.iter().map(|found| format!("{at}{}", found.pointer)).collect();
        let path = under.map(|outer| outer.unwrap_or(shown));
        if let (Some(("has", inner)), [one]) = (operator(wanted), found.as_slice()) {
            let inner = inner.as_object().expect("paths and values");
            all.extend(leaves(inner, one.value, &pointers[0], path.map(Some)));
        }
        let any_value = matches!(operator(wanted), Some(("present" | "count", _)));
        all.push(Stated { path, shown, pointers, any_value });
    }
    all.retain(|stated| !stated.pointers.is_empty());
    all
}

/// Takes away what a pointer leads to.
fn remove(object: &mut Value, pointer: &str) {
    let (parent, token) = pointer.rsplit_once('/').expect("not the whole object");
    let token = token.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.shift_remove(&token)),
        Some(Value::Array(list)) => drop(list.remove(token.parse().expect("an index"))),
        _ => panic!("{pointer} leads nowhere"),
    }
}

/// Puts another value in place of a scalar, and of the scalars in a list.
fn alter(value: &mut Value) {
    match value {
        Value::Bool(is) => *is = !*is,
        Value::Number(number) => *value = json!(number.as_i64().unwrap_or_default() + 7),
        Value::String(text) => *text = format!("other{text}"),
        Value::Array(list) => list.iter_mut().for_each(alter),
        Value::Object(map) if map.is_empty() => drop(map.insert("other".into(), "x".into())),
        Value::Object(map) => map.values_mut().for_each(alter),
        Value::Null => {}
    }
}

/// The reference with one object changed at these pointers, the last first, so that places in lists stay what they are.
fn changed(row: &Row, index: usize, pointers: &[String], change: &dyn Fn(&mut Value, &str)) -> String {
    let mut objects: Vec<Value> = row.reference().into_iter().map(|manifest| manifest.object).collect();
    for pointer in pointers.iter().rev() {
        change(&mut objects[index], pointer);
    }
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

#[test]
fn without_an_expected_value_or_with_another_one_no_reference_is_right() {
    let schemas = Schemas::builtin();
    let mut checked = 0;
    let mut missed = Vec::new();
    for row in rows() {
        let objects = row.reference();
        for (index, wanted) in row.expect.objects.iter().enumerate() {
            assert_eq!(
                objects[index].key().kind,
                wanted.kind,
                "{}: objects stand in the order of the reference",
                row.id
            );
            let object = &objects[index].object;
            for stated in stated(wanted, object) {
                let alter = |object: &mut Value, at: &str| alter(object.pointer_mut(at).expect("a value"));
                let mut answers = vec![changed(&row, index, &stated.pointers, &remove)];
                if !stated.any_value {
                    answers.push(changed(&row, index, &stated.pointers, &alter));
                }
                for answer in answers {
                    // That it is refused is not enough: the scorer must miss this value.
                    let score = answered(&row, &answer, &schemas);
                    let about = stated.path.map_or(String::new(), |path| format!("{path}: want "));
                    let seen = score
                        .reasons
                        .iter()
                        .any(|reason| reason.contains(&about) && reason.contains(": want "));
                    checked += 1;
                    if score.outcome == Outcome::Right || !seen {
                        missed
                            .push(format!("{}: {}: {:?} for\n{answer}", row.id, stated.shown, score.reasons));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(checked > 1000, "{checked} changes were tried");
}

#[test]
fn one_object_less_or_more_is_not_right() {
    let schemas = Schemas::builtin();
    let more = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n";
    for row in rows() {
        let longer = format!("{}{more}", row.reference);
        assert_eq!(answered(&row, &longer, &schemas).outcome, Outcome::Wrong, "{}", row.id);
        let documents: Vec<&str> = row.reference.split("---\n").collect();
        for left in 0..documents.len() {
            let rest = documents.iter().enumerate().filter(|(index, _)| *index != left);
            let rest: Vec<&str> = rest.map(|(_, document)| *document).collect();
            assert_eq!(answered(&row, &rest.join("---\n"), &schemas).outcome, Outcome::Wrong, "{}", row.id);
        }
    }
}

/// Prints the table of one answers file, every miss above it.
fn print_table(file: &Path, rows: &[Row], schemas: &Schemas) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut answers: BTreeMap<String, Value> = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1));
        answers.insert(row["id"].as_str().expect("an answer has the id of its request").to_owned(), row);
    }
    let mut table = Table::default();
    for row in rows {
        let score = score(row, answers.get(&row.id).unwrap_or(&Value::Null), schemas);
        if score.outcome != Outcome::Right || !score.unsaid.is_empty() {
            eprintln!("{}: {:?}: {}", row.id, score.outcome, row.request);
            score.reasons.iter().for_each(|reason| eprintln!("    {reason}"));
            score.unsaid.iter().for_each(|value| eprintln!("    nobody said: {value}"));
        }
        table.add(row, is_custom(row, schemas), &score);
    }
    if !schemas.has_custom {
        eprintln!("\nCustom kinds were not checked against a schema: {CRDS} names no folder of definitions.");
    }
    eprintln!("\n=== {}\n\n{table}", file.display());
}

#[test]
#[ignore = "needs answers: KUBECTL_COPILOT_FREE_ANSWERS names a file of them, or a folder of such files"]
fn answers_to_free_requests() {
    let named = std::env::var_os(ANSWERS).unwrap_or_else(|| panic!("{ANSWERS} names a file or a folder"));
    let named = Path::new(&named);
    let mut files: Vec<PathBuf> = match std::fs::read_dir(named) {
        Ok(entries) => entries.map(|entry| entry.expect("an entry of a folder").path()).collect(),
        Err(_) => vec![named.to_owned()],
    };
    files.sort();
    let (sets, schemas) = ([rows(), unseen(), fresh()], schemas());
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let answered =
            sets.iter().find(|rows| rows.iter().any(|row| text.contains(&format!("\"{}\"", row.id))));
        print_table(file, answered.unwrap_or(&sets[0]), &schemas);
    }
}

/// The reference of a row with some of its text replaced.
#[track_caller]
fn with(rows: &[Row], id: &str, from: &str, to: &str) -> (Row, String) {
    let row = rows.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("there is no {id}"));
    assert_eq!(row.reference.matches(from).count(), 1, "{id}: {from:?} must stand in the reference once");
    (row.clone(), row.reference.replace(from, to))
}

#[test]
fn other_ways_of_saying_the_same_are_right() {
    let (rows, schemas) = (rows(), schemas());
    let affinity = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: \
                    [{matchExpressions: [{key: gpu, operator: In, values: [a100]}]}]}}}";
    let expressions = "podSelector: {matchExpressions: [{key: app, operator: In, values: [postgres]}]}";
    let own_namespace = "podSelector: {matchLabels: {app: api}}, namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}";
    for (id, from, to) in [
        ("free-ne-02", "podSelector: {matchLabels: {app: postgres}}", expressions),
        ("free-ne-02", "policyTypes: [Ingress]", "egress: []"),
        ("free-ne-02", "podSelector: {matchLabels: {app: api}}", own_namespace),
        ("free-ne-03", "policyTypes: [Ingress]", "ingress: []"),
        (
            "free-ne-01",
            "namespace: shop}\nspec:\n  ingressClassName: nginx",
            "namespace: shop, annotations: {kubernetes.io/ingress.class: nginx}}\nspec:",
        ),
        ("free-ac-01", "resources: [pods]", "resources: [pods, pods/log]"),
        ("free-ne-06", "targetPort: 8000", "targetPort: \"8000\""),
        ("free-sc-02", "averageValue: 6Gi", "averageValue: 6144Mi"),
        ("free-sc-07", "maxUnavailable: 1", "minAvailable: 2"),
        ("free-po-07", "nodeSelector: {gpu: a100}", affinity),
        ("free-po-07", "command: [nvidia-smi]", "args: [nvidia-smi]"),
        ("free-po-10", "preStop: {exec: {command: [sleep, \"20\"]}}", "preStop: {sleep: {seconds: 20}}"),
        ("free-po-12", "cpu: \"4\"", "cpu: 4000m"),
        ("free-ba-02", "command: [./manage.py, migrate]", "command: [sh, -c, ./manage.py migrate]"),
        ("free-ba-05", "schedule: 0 6 * * 1", "schedule: 0 6 * * MON"),
        ("free-se-01", "model: {modelFormat: {name: sklearn}, storageUri", "sklearn: {storageUri"),
        ("free-go-09", "nominalQuota: 1Ti", "nominalQuota: 1024Gi"),
        ("free-go-01", "pods: \"50\"", "count/pods: 50"),
    ] {
        let (row, answer) = with(&rows, id, from, to);
        let score = answered(&row, &answer, &schemas);
        // An empty list without policyTypes and a port number as a string are for the schema to judge, not for the rows.
        let wrong: Vec<&String> = score
            .reasons
            .iter()
            .filter(|reason| reason.contains(": want ") || reason.contains("otherwise"))
            .collect();
        assert!(wrong.is_empty(), "{id} with {to}: {wrong:?}");
    }
}

#[test]
fn what_a_request_rules_out_is_wrong() {
    let (rows, schemas) = (rows(), Schemas::builtin());
    for (id, from, to) in [
        ("free-ne-02", "policyTypes: [Ingress]", "policyTypes: [Ingress, Egress]"),
        (
            "free-ne-02",
            "[{podSelector: {matchLabels: {app: api}}}]",
            "[{podSelector: {matchLabels: {app: api}}}, {podSelector: {}}]",
        ),
        ("free-ne-02", "policyTypes: [Ingress]", "policyTypes: [Ingress]\n  egress: [{}]"),
        ("free-ne-02", "port: 5432}]", "port: 5432}]\n    - {}"),
        ("free-ne-02", "protocol: TCP", "protocol: UDP"),
        ("free-ne-03", "policyTypes: [Ingress]", "ingress: [{}]"),
        ("free-ne-03", "policyTypes: [Ingress]", "policyTypes: [Ingress, Egress]"),
        ("free-ne-05", "policyTypes: [Egress]", "policyTypes: [Egress, Ingress]"),
        ("free-ac-01", "resources: [pods]", "resources: [pods, secrets]"),
        ("free-ac-07", "verbs: [get, list, delete]", "verbs: [get, list, delete, patch]"),
        ("free-ac-08", "resourceNames: [feature-flags], ", ""),
        ("free-sc-07", "maxUnavailable: 1", "minAvailable: 1"),
        ("free-po-07", "operator: Equal, value: gpu", "operator: Exists"),
        (
            "free-ba-09",
            "backoffLimit: 2",
            "backoffLimit: 2\n  rayClusterSpec: {headGroupSpec: {template: {spec: {containers: [{name: a, image: b}]}}}}",
        ),
        ("free-ba-11", "kind: ClusterTrainingRuntime", "kind: TrainingRuntime"),
        ("free-se-09", "size: 4", "size: 2"),
        ("free-go-07", "globalDefault: false", "globalDefault: true"),
    ] {
        let (row, answer) = with(&rows, id, from, to);
        let score = answered(&row, &answer, &schemas);
        let seen =
            score.reasons.iter().any(|reason| reason.contains(": want ") || reason.contains("otherwise"));
        assert!(score.outcome != Outcome::Right && seen, "{id} with {to}: {:?}", score.reasons);
    }
}
