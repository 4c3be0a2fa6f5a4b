//! Whether what stands in an object means what was asked for.

use std::collections::BTreeSet;

use kubectl_copilot::manifest::{Quantity, pointer};
use serde_json::{Map, Value};

use super::path::{Found, find};
use crate::score::values::{cron, same_image};

/// Fields whose values are quantities, by their own name or by the name of the map that holds them.
const QUANTITIES: [&str; 10] = [
    "sizeLimit",
    "storage",
    "size",
    "modelSize",
    "averageValue",
    "nominalQuota",
    "borrowingLimit",
    "lendingLimit",
    "cpu",
    "memory",
];
const MAPS_OF_QUANTITIES: [&str; 9] = [
    "limits",
    "requests",
    "hard",
    "default",
    "defaultRequest",
    "max",
    "min",
    "capacity",
    "maxLimitRequestRatio",
];
/// Fields that take an integer or a string.
const INT_OR_STRING: [&str; 5] = ["port", "targetPort", "minAvailable", "maxUnavailable", "maxSurge"];

/// Whether an expected value is met by what its path leads to; see `tests/requests/README.md` for the operators.
pub fn holds(wanted: &Value, found: &[Found<'_>]) -> bool {
    let Some((operator, argument)) = operator(wanted) else {
        return match wanted {
            Value::Null => found.is_empty(),
            wanted => found.iter().any(|found| same(&found.pointer, wanted, found.value)),
        };
    };
    let each = |argument: &Value| argument.as_array().cloned().expect("a list of values");
    let some = |test: &dyn Fn(&Value) -> bool| found.iter().any(|found| test(found.value));
    match operator {
        "any" => each(argument).iter().any(|wanted| holds(wanted, found)),
        "all" => each(argument).iter().all(|wanted| holds(wanted, found)),
        "present" => !found.is_empty(),
        "count" => {
            some(&|value| value.as_array().is_some_and(|list| Some(list.len() as u64) == argument.as_u64()))
        }
        "has" => some(&|value| {
            let wanted = argument.as_object().expect("paths and values");
            wanted.iter().all(|(path, wanted)| holds(wanted, &find(path, value)))
        }),
        "selects" => some(&|value| selected(value).as_ref() == argument.as_object()),
        "runs" => some(&|value| runs(argument.as_str().expect("a command"), value)),
        "allows" => some(&|value| allows(argument.as_object().expect("resources and verbs"), value)),
        other => panic!("there is no operator {other:?} for an expected value"),
    }
}

/// An expected object is an operator; scalars and lists stand for themselves.
pub fn operator(wanted: &Value) -> Option<(&str, &Value)> {
    let map = wanted.as_object()?;
    let (name, argument) = map.iter().next().expect("an operator");
    assert_eq!(map.len(), 1, "one operator a value: {wanted}");
    Some((name, argument))
}

/// Whether the field may be absent.
pub fn may_be_absent(wanted: &Value) -> bool {
    match operator(wanted) {
        Some(("any", list)) => list.as_array().into_iter().flatten().any(may_be_absent),
        Some(_) => false,
        None => wanted.is_null(),
    }
}

/// Lists of scalars have no order.
fn same(at: &str, wanted: &Value, found: &Value) -> bool {
    let (Some(wanted_list), Some(list)) = (wanted.as_array(), found.as_array()) else {
        return same_scalar(at, wanted, found);
    };
    let in_found = |wanted: &Value| list.iter().any(|found| same_scalar(at, wanted, found));
    let in_wanted = |found: &Value| wanted_list.iter().any(|wanted| same_scalar(at, wanted, found));
    wanted_list.iter().all(in_found) && list.iter().all(in_wanted)
}

/// Two scalars of the field at this pointer, by the API's meaning.
pub fn same_scalar(at: &str, wanted: &Value, found: &Value) -> bool {
    let (map, field) = names(at);
    if let (Some(wanted), Some(found)) = (wanted.as_f64(), found.as_f64()) {
        return (wanted - found).abs() < 1e-9;
    }
    if is_quantity(&map, &field)
        && let (Ok(wanted), Ok(found)) = (Quantity::of(wanted), Quantity::of(found))
    {
        return wanted.nano() == found.nano();
    }
    match (wanted, found) {
        (Value::String(wanted), Value::String(found)) if field == "image" => same_image(wanted, found),
        (Value::String(wanted), Value::String(found)) if field == "schedule" => cron(wanted) == cron(found),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number))
            if INT_OR_STRING.contains(&field.as_str()) =>
        {
            number.to_string() == *text
        }
        (wanted, found) => wanted == found,
    }
}

pub fn is_quantity(map: &str, field: &str) -> bool {
    QUANTITIES.contains(&field) || MAPS_OF_QUANTITIES.contains(&map)
}

/// The name of the field at a pointer and of what holds it, places in lists left out.
pub fn names(at: &str) -> (String, String) {
    let tokens = pointer::tokens(at).map(std::borrow::Cow::into_owned);
    let mut names = tokens.filter(|token| token.parse::<usize>().is_err()).collect::<Vec<_>>();
    let field = names.pop().unwrap_or_default();
    (names.pop().unwrap_or_default(), field)
}

/// The labels that a selector asks for, however it is written; none where labels alone cannot say it.
fn selected(selector: &Value) -> Option<Map<String, Value>> {
    let map = selector.as_object()?;
    if !map.contains_key("matchLabels") && !map.contains_key("matchExpressions") {
        return Some(map.clone());
    }
    let mut labels = map.get("matchLabels").and_then(Value::as_object).cloned().unwrap_or_default();
    for expression in map.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let [value] = expression["values"].as_array()?.as_slice() else { return None };
        if expression["operator"] != "In" {
            return None;
        }
        labels.insert(expression["key"].as_str()?.to_owned(), value.clone());
    }
    Some(labels)
}

/// Whether a container (or an exec handler) runs this command, alone or through a shell. Of flags alone, other
/// arguments may stand beside them.
fn runs(command: &str, container: &Value) -> bool {
    let parts = ["command", "args"].iter().flat_map(|key| container[*key].as_array().into_iter().flatten());
    let line: Vec<&str> = parts.filter_map(Value::as_str).flat_map(str::split_whitespace).collect();
    let line = plain(&without_shell(&line).join(" "));
    let wanted = plain(command);
    if !command.starts_with('-') {
        return line == wanted;
    }
    line.windows(wanted.len()).any(|words| words == wanted)
}

fn without_shell<'w>(line: &[&'w str]) -> Vec<&'w str> {
    let is_shell = |word: &str| ["sh", "bash"].contains(&word.rsplit('/').next().unwrap_or(word));
    let mut words = line;
    if let [shell, flag, rest @ ..] = words
        && is_shell(shell)
        && flag.starts_with('-')
        && flag.ends_with('c')
    {
        words = rest;
    }
    words.strip_prefix(&["exec"]).unwrap_or(words).to_vec()
}

/// `--a=b` is `--a b`, and quotes are the shell's.
fn plain(line: &str) -> Vec<String> {
    let words = line.replace(['"', '\''], "").replace('=', " ");
    words.split_whitespace().map(|word| word.trim_end_matches(';').to_owned()).collect()
}

/// A right: `[group, resource, name, verb]`.
type Right = [String; 4];

/// Whether rules grant these rights and no others. Resources are written as kubectl writes them:
/// `resource[/subresource][.group][:name]`.
fn allows(wanted: &Map<String, Value>, rules: &Value) -> bool {
    let mut asked = BTreeSet::new();
    for (resource, verbs) in wanted {
        let (resource, name) = resource.split_once(':').unwrap_or((resource, ""));
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        for verb in texts(verbs) {
            asked.insert([group, resource, name, &verb].map(str::to_owned));
        }
    }
    let granted: BTreeSet<Right> = rules.as_array().into_iter().flatten().flat_map(rights).collect();
    // What does not exist grants nothing: `apiGroups: ["", apps]` for Pods and Deployments names two resources that are
    // not there, and nobody can list or watch a subresource.
    let exists = |right: &&Right| {
        if right[1].contains('/') && ["list", "watch"].contains(&right[3].as_str()) {
            return false;
        }
        let of_resource = |other: &&Right| other[1] == right[1];
        asked.iter().all(|other| other[1] != right[1])
            || asked.iter().filter(of_resource).any(|other| other[0] == right[0])
    };
    granted.iter().filter(exists).cloned().collect::<BTreeSet<_>>() == asked
}

fn rights(rule: &Value) -> Vec<Right> {
    let mut names = texts(&rule["resourceNames"]);
    if names.is_empty() {
        names.push(String::new());
    }
    let mut rights = Vec::new();
    for group in texts(&rule["apiGroups"]) {
        for resource in texts(&rule["resources"]) {
            for name in &names {
                for verb in texts(&rule["verbs"]) {
                    rights.push([group.clone(), resource.clone(), name.clone(), verb]);
                }
            }
        }
    }
    rights
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_pass_by_value, reason = "`json!` at the call reads better than `&json!`")]

    use serde_json::json;

    use super::*;

    /// An expected value against the value of one field.
    fn is(at: &str, wanted: Value, found: Value) -> bool {
        holds(&wanted, &[Found { pointer: at.to_owned(), value: &found }])
    }

    #[test]
    fn values_compare_by_what_they_mean() {
        assert!(is("/limits/memory", json!("1Gi"), json!("1024Mi")));
        assert!(is("/limits/cpu", json!(4), json!("4000m")));
        assert!(!is("/limits/memory", json!("1Gi"), json!("1G")));
        assert!(!is("/labels/size-of", json!("1Gi"), json!("1024Mi")), "no quantity");
        assert!(is("/containers/0/image", json!("nginx:1"), json!("docker.io/library/nginx:1")));
        assert!(is("/spec/schedule", json!("0 6 * * 1"), json!("0 06 * * mon")));
        assert!(is("/ports/0/targetPort", json!(80), json!("80")));
        assert!(!is("/env/0/value", json!("80"), json!(80)));
        assert!(is("/verbs", json!(["get", "list"]), json!(["list", "get"])));
        assert!(!is("/verbs", json!(["get"]), json!(["list", "get"])));
        assert!(
            is("/x", json!({"any": [null, 2]}), json!(2)) && !is("/x", json!({"any": [null, 2]}), json!(3))
        );
        assert!(holds(&json!({"any": [null, 2]}), &[]) && !holds(&json!({"all": [2]}), &[]));
        assert!(is("/x", json!({"count": 1}), json!([5])) && !is("/x", json!({"count": 1}), json!([5, 6])));
    }

    #[test]
    fn selectors_are_compared_by_what_they_select() {
        let wanted = json!({"selects": {"app": "db"}});
        for same in [
            json!({"matchLabels": {"app": "db"}}),
            json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db"]}]}),
            json!({"app": "db"}),
        ] {
            assert!(is("/s", wanted.clone(), same));
        }
        for other in [
            json!({}),
            json!({"matchLabels": {"app": "db", "x": "y"}}),
            json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}),
            json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", "web"]}]}),
        ] {
            assert!(!is("/s", wanted.clone(), other));
        }
        assert!(is("/s", json!({"selects": {}}), json!({"matchLabels": {}})));
    }

    #[test]
    fn commands_may_come_through_a_shell() {
        let wanted = json!({"runs": "python a.py --n=4"});
        for same in [
            json!({"command": ["python", "a.py", "--n", "4"]}),
            json!({"command": ["python"], "args": ["a.py", "--n=4"]}),
            json!({"command": ["/bin/sh", "-c"], "args": ["exec python a.py --n 4"]}),
        ] {
            assert!(is("/c", wanted.clone(), same));
        }
        assert!(!is("/c", wanted.clone(), json!({"command": ["python", "a.py", "--n", "4", "--more"]})));
        assert!(!is("/c", wanted, json!({})));
        assert!(is("/c", json!({"runs": "--n=4"}), json!({"args": ["--m=1", "--n", "4"]})));
    }

    #[test]
    fn rights_are_compared_one_by_one() {
        let wanted = json!({"allows": {"pods": ["get", "list"], "pods/log": ["get"], "jobs.batch": ["get"]}});
        let rule = |groups: Value, resources: Value, verbs: Value| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
        assert!(is(
            "/rules",
            wanted.clone(),
            json!([
                rule(json!(["", "batch"]), json!(["pods", "pods/log", "jobs"]), json!(["get"])),
                rule(json!([""]), json!(["pods"]), json!(["list"])),
            ])
        ));
        let in_one = rule(json!([""]), json!(["pods", "pods/log"]), json!(["get", "list"]));
        assert!(is(
            "/rules",
            json!({"allows": {"pods": ["get", "list"], "pods/log": ["get"]}}),
            json!([in_one])
        ));
        let exec = rule(json!([""]), json!(["pods", "pods/exec"]), json!(["get", "create"]));
        assert!(!is("/rules", json!({"allows": {"pods": ["get"], "pods/exec": ["create"]}}), json!([exec])));
        let more = rule(json!([""]), json!(["pods", "secrets"]), json!(["get"]));
        assert!(!is("/rules", json!({"allows": {"pods": ["get"]}}), json!([more])));
        let all = rule(json!(["*"]), json!(["*"]), json!(["*"]));
        assert!(!is("/rules", wanted, json!([all])));
        let mut named = rule(json!([""]), json!(["configmaps"]), json!(["get"]));
        named["resourceNames"] = json!(["a"]);
        assert!(is("/rules", json!({"allows": {"configmaps:a": ["get"]}}), json!([named.clone()])));
        assert!(!is("/rules", json!({"allows": {"configmaps": ["get"]}}), json!([named])));
    }
}
