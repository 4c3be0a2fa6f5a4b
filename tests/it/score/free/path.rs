//! Paths into objects that do not depend on the order of lists: `spec.containers[name=web].image`.

use kubectl_copilot::manifest::pointer;
use serde_json::Value;

use super::means::same_scalar;

/// A path as a request's expectation writes it; see `tests/requests/README.md`.
#[derive(Debug)]
pub struct Path(Vec<Step>);

#[derive(Debug, PartialEq)]
enum Step {
    /// A field of an object, or a key of a map.
    Key(String),
    /// Every entry of a list.
    Each,
    /// The entries of a list whose fields (dotted) have these values.
    Where(Vec<(String, String)>),
}

/// A value that a path leads to.
#[derive(Clone, Debug)]
pub struct Found<'v> {
    /// JSON pointer within the object that was asked.
    pub pointer: String,
    pub value: &'v Value,
}

/// All that any of the paths `a | b` leads to. A null is no value: the API server takes it for an absent field.
pub fn find<'v>(paths: &str, root: &'v Value) -> Vec<Found<'v>> {
    paths.split(" | ").flat_map(|path| Path::parse(path).find(root)).collect()
}

impl Path {
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("['") {
                let (key, after) = after.split_once("']").expect("a quoted key ends with ']");
                steps.push(Step::Key(key.to_owned()));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (inner, after) = after.split_once(']').expect("a choice of entries ends with ]");
                steps.push(choice(inner));
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                steps.push(Step::Key(rest[..end].to_owned()));
                rest = &rest[end..];
            }
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        Self(steps)
    }

    pub fn find<'v>(&self, root: &'v Value) -> Vec<Found<'v>> {
        let mut found = vec![Found { pointer: String::new(), value: root }];
        for step in &self.0 {
            found = found.into_iter().flat_map(|at| step.from(&at)).collect();
        }
        found
    }
}

/// `*`, or `name=web,type=Pods`.
fn choice(inner: &str) -> Step {
    if inner == "*" {
        return Step::Each;
    }
    let filter = |part: &str| {
        let (field, value) = part.split_once('=').expect("a choice of entries is * or field=value");
        (field.to_owned(), value.to_owned())
    };
    Step::Where(inner.split(',').map(filter).collect())
}

impl Step {
    fn from<'v>(&self, at: &Found<'v>) -> Vec<Found<'v>> {
        if let Self::Key(key) = self {
            let value = at.value.get(key).filter(|value| !value.is_null());
            let found = |value| Found { pointer: pointer::join(&at.pointer, key), value };
            return value.map(found).into_iter().collect();
        }
        let entries = at.value.as_array().into_iter().flatten().enumerate();
        let chosen = entries.filter(|(_, entry)| !entry.is_null() && self.takes(entry));
        chosen
            .map(|(index, value)| Found { pointer: pointer::join_index(&at.pointer, index), value })
            .collect()
    }

    fn takes(&self, entry: &Value) -> bool {
        let Self::Where(filters) = self else { return true };
        filters.iter().all(|(field, wanted)| {
            let found = Path::parse(field).find(entry);
            found.iter().any(|found| match found.value {
                Value::Number(number) => number.to_string() == *wanted,
                other => same_scalar(&found.pointer, &Value::String(wanted.clone()), other),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(path: &str, root: &Value) -> Vec<Value> {
        find(path, root).into_iter().map(|found| found.value.clone()).collect()
    }

    #[test]
    fn paths_lead_where_they_say() {
        let object = json!({"metadata": {"labels": {"a.b/c": "x"}}, "spec": {"list": [
            {"name": "one", "port": 80, "in": {"host": "h"}, "items": [1, 2]},
            {"name": "two", "port": 81, "items": [3], "none": null},
        ]}});
        assert_eq!(values("metadata.labels['a.b/c']", &object), [json!("x")]);
        assert_eq!(values("spec.list[*].items[*]", &object), [1, 2, 3]);
        assert_eq!(values("spec.list[name=two].port", &object), [81]);
        assert_eq!(values("spec.list[port=80,in.host=h].name", &object), ["one"]);
        assert_eq!(values("spec.list[port=80,in.host=other].name", &object), [Value::Null; 0]);
        assert_eq!(values("spec.none | spec.list[name=one].port", &object), [80]);
        assert_eq!(values("spec.list[*].none", &object), [Value::Null; 0]);
        assert_eq!(find("spec.list[name=two].items[*]", &object)[0].pointer, "/spec/list/1/items/0");
    }
}
