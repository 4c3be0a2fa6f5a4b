//! What policies are compiled to against what they say, on the objects of their tests and on many made from these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::judge::Case;
use super::run::{Folder, folders_of};
use super::{changes, folder, gator, kyverno};
use crate::manifest::{ObjectKey, pointer};
use crate::policy::{Intent, PolicySet, Resource, Told, User};
use crate::schema::{SchemaSet, defaulted};
use crate::source::{self, Limits};

/// Policies and objects of their tests.
struct Material {
    suite: String,
    policies: PolicySet,
    objects: Vec<Value>,
}

/// All that lies below a path, whatever its format. Policies that cannot be read are left out.
fn material(path: &Path) -> Vec<Material> {
    let limits = Limits { hidden: &[kyverno::FOLDER], ..Limits::default() };
    let files = source::files(path, &limits).unwrap();
    let changed = files.iter().filter(|file| changes::is_suite(file));
    let mut cases: Vec<Case> = changed.flat_map(|file| changes::cases(file).unwrap()).collect();
    cases.extend(folders_of(&files).iter().flat_map(|folder: &Folder| folder::cases(folder).unwrap()));
    let of_case = |case: Case| Material {
        suite: case.suite,
        policies: case.policies,
        objects: case.objects.into_iter().map(|asked| asked.object).collect(),
    };
    let mut all: Vec<Material> = cases.into_iter().map(of_case).collect();
    let others = |file: &&PathBuf| kyverno::is_test(file) || gator::is_suite(file);
    for file in files.iter().filter(others) {
        let found = if kyverno::is_test(file) { kyverno::material(file) } else { gator::material(file) };
        let suite = file.display().to_string();
        all.extend(found.into_iter().map(|(policies, objects)| Material {
            suite: suite.clone(),
            policies,
            objects,
        }));
    }
    all
}

/// Every place in a value, but identity.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (pointer::join(at, key), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(i, value)| (format!("{at}/{i}"), value)).collect()
        }
        _ => Vec::new(),
    };
    for (place, value) in inner {
        if !matches!(place.as_str(), "/apiVersion" | "/kind" | "/metadata/name" | "/metadata/namespace") {
            all.push(place.clone());
            places(value, &place, all);
        }
    }
}

fn removed(object: &Value, place: &str) -> Option<Value> {
    let (parent, last) = place.rsplit_once('/')?;
    let key = last.replace("~1", "/").replace("~0", "~");
    let mut object = object.clone();
    match object.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&key).map(drop)?,
        Value::Array(items) => drop(items.remove(key.parse().ok()?)),
        _ => return None,
    }
    Some(object)
}

fn replaced(object: &Value, place: &str, with: &Value) -> Option<Value> {
    let mut object = object.clone();
    *object.pointer_mut(place)? = with.clone();
    Some(object)
}

/// Objects that are like these: without one part, with another value in a place, with a part of another of them.
fn mutants(objects: &[Value]) -> Vec<Value> {
    let mut parts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        let mut all = Vec::new();
        places(object, "", &mut all);
        for place in all {
            let known = parts.entry(place.clone()).or_default();
            let part = object.pointer(&place).unwrap();
            if !known.contains(part) && known.len() < 6 {
                known.push(part.clone());
            }
        }
    }
    let mut all: Vec<Value> = Vec::new();
    for object in objects {
        all.push(object.clone());
        let mut own = Vec::new();
        places(object, "", &mut own);
        for place in &own {
            all.extend(removed(object, place));
            let now = object.pointer(place).unwrap();
            let other: Vec<Value> = match now {
                Value::Bool(known) => vec![json!(!known)],
                Value::Number(_) => vec![json!(0), json!(1), json!(10_000)],
                Value::String(text) => vec![json!(""), json!(format!("x{text}")), json!(format!("{text}x"))],
                Value::Array(_) => vec![json!([])],
                Value::Object(_) => vec![json!({})],
                Value::Null => Vec::new(),
            };
            all.extend(
                other
                    .iter()
                    .chain(parts.get(place).into_iter().flatten())
                    .filter_map(|with| replaced(object, place, with)),
            );
        }
        // Parts that others have and this one has not.
        for (place, values) in &parts {
            let Some((parent, key)) = place.rsplit_once('/') else { continue };
            let mut object = object.clone();
            if let (None, Some(Value::Object(map)), Some(value)) =
                (object.pointer(place).cloned(), object.pointer_mut(parent), values.first())
            {
                map.insert(key.replace("~1", "/").replace("~0", "~"), value.clone());
                all.push(object);
            }
        }
    }
    all
}

/// Rounds in which more is made of a verdict that is rare.
const MOST_ROUNDS: usize = 12;
/// Objects that are judged in one of them.
const MOST_OF_RARE: usize = 1_000;

/// What a validation said, with a few objects of which it said so.
#[derive(Default, Clone)]
struct Verdicts {
    accepts: usize,
    refuses: usize,
    accepted: Vec<Value>,
    refused: Vec<Value>,
}

/// By policy and validation.
type All = BTreeMap<(String, usize), Verdicts>;

impl Verdicts {
    fn add(&mut self, passes: bool, object: &Value) {
        let (sum, kept) = match passes {
            true => (&mut self.accepts, &mut self.accepted),
            false => (&mut self.refuses, &mut self.refused),
        };
        *sum += 1;
        if kept.len() < 8 {
            kept.push(object.clone());
        }
    }

    /// Objects of the verdict that less than 30 % have.
    fn rare(&self) -> Option<Vec<Value>> {
        let least = (self.accepts + self.refuses) * 3 / 10;
        let found = match (self.accepts < least, self.refuses < least) {
            (true, _) => &self.accepted,
            (_, true) => &self.refused,
            _ => return None,
        };
        (!found.is_empty()).then(|| found.clone())
    }
}

#[derive(Default)]
struct Sums {
    compiled: usize,
    constant: usize,
    not: usize,
    pairs: usize,
    accepts: usize,
    refuses: usize,
    /// Validations that had both verdicts.
    both: usize,
    /// Those among them with at least 30 % of each.
    balanced: usize,
    reasons: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// Compares both verdicts on everything that can be made of the cases' objects.
fn compare(path: &Path) -> Sums {
    let schemas = SchemaSet::bundled(None).unwrap();
    let user = User::named("policy-test");
    let mut groups: BTreeMap<(String, String), (PolicySet, Vec<Value>)> = BTreeMap::new();
    for one in material(path) {
        for object in one.objects.iter().map(|object| defaulted(object, &schemas)) {
            let key = ObjectKey::of(&object);
            let name = (one.suite.clone(), format!("{} {}", key.api_version, key.kind));
            groups.entry(name).or_insert_with(|| (one.policies.clone(), Vec::new())).1.push(object);
        }
    }
    let mut sums = Sums::default();
    for ((suite, kind), (policies, objects)) in &groups {
        let key = ObjectKey::of(&objects[0]);
        let resource = match schemas.kind(&key.gvk()) {
            Some(known) => Resource { plural: known.info.plural.clone(), namespaced: known.info.namespaced },
            None => Resource::guess(&key.gvk()),
        };
        let intent =
            Intent { kind: key.gvk(), resource, node: None, namespace: None, placed: None, user: &user };
        for shape in policies.shapes(&intent) {
            match &shape.told {
                Told::Always | Told::Never => sums.constant += 1,
                Told::Constraint(_) => sums.compiled += 1,
                Told::After(reason) | Told::Incomplete(reason) => {
                    sums.not += 1;
                    *sums.reasons.entry(reason.clone()).or_default() += 1;
                }
            }
        }
        let comparison = policies.comparison(&intent);
        let mut verdicts = All::new();
        let mut judge = |object: &Value, only: Option<&(String, usize)>, verdicts: &mut All| {
            for both in policies.both_verdicts(&comparison, &intent, object) {
                let (Some(schema), Some(expression)) = (both.schema, both.expression) else { continue };
                let key = (both.policy.clone(), both.validation);
                if only.is_some_and(|only| *only != key) {
                    continue;
                }
                sums.pairs += 1;
                if schema != expression && sums.wrong.len() < 20 {
                    sums.wrong.push(format!(
                        "{suite} {kind} {}[{}]: schema {schema}, expression {expression}: {object}",
                        both.policy, both.validation
                    ));
                }
                if !both.is_constant {
                    verdicts.entry(key).or_default().add(expression, object);
                }
            }
        };
        for object in mutants(objects) {
            judge(&object, None, &mut verdicts);
        }
        // Of what was rare more is made of what was found.
        for key in verdicts.keys().cloned().collect::<Vec<_>>() {
            for _ in 0..MOST_ROUNDS {
                let Some(seeds) = verdicts.get(&key).and_then(Verdicts::rare) else { break };
                for object in mutants(&seeds).iter().take(MOST_OF_RARE) {
                    judge(object, Some(&key), &mut verdicts);
                }
            }
        }
        for Verdicts { accepts, refuses, .. } in verdicts.into_values() {
            sums.accepts += accepts;
            sums.refuses += refuses;
            let least = (accepts + refuses) * 3 / 10;
            sums.both += usize::from(accepts > 0 && refuses > 0);
            sums.balanced += usize::from(accepts > 0 && refuses > 0 && accepts >= least && refuses >= least);
        }
    }
    sums
}

#[test]
fn the_shipped_policies_are_compiled_to_what_they_say() {
    let sums = compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"));
    assert!(sums.wrong.is_empty(), "{}", sums.wrong.join("\n"));
    let Sums { both, balanced, .. } = sums;
    assert!(both >= 60 && balanced == both, "{balanced} of {both} validations with 30 % of each verdict");
    assert!(
        sums.compiled >= 20 && sums.pairs > 2_000,
        "{} compiled, {} pairs: {:#?}",
        sums.compiled,
        sums.pairs,
        sums.reasons
    );
}

/// Over a checkout of a library of policies:
/// `KUBECTL_COPILOT_SUITES=DIR cargo test --lib -- --ignored --nocapture compiled_to_what_they_say`.
#[test]
#[ignore = "needs a checkout that is named by KUBECTL_COPILOT_SUITES"]
fn other_policies_are_compiled_to_what_they_say() {
    let path = PathBuf::from(std::env::var_os("KUBECTL_COPILOT_SUITES").expect("KUBECTL_COPILOT_SUITES"));
    let sums = compare(&path);
    let Sums { compiled, constant, not, pairs, accepts, refuses, both, balanced, .. } = &sums;
    eprintln!("validations by kind: {compiled} compiled, {constant} constant, {not} not");
    eprintln!(
        "{pairs} pairs of verdicts; of schemas that are not constant {accepts} accept and {refuses} refuse; of {both} validations with both verdicts {balanced} have 30 % of each"
    );
    let mut reasons: Vec<_> = sums.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in reasons {
        eprintln!("{count:5} {reason}");
    }
    assert!(sums.wrong.is_empty(), "{}", sums.wrong.join("\n"));
}
