//! What the caller may do, by the server's own word. Both reviews are sent by POST; they ask and store nothing.

use serde_json::{Value, json};

use super::error::ClusterError;
use super::transport::Transport;

/// A question: may I do this?
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// `get`, `list`, `create`, `patch`, `delete` …
    pub verb: String,
    /// API group, empty for core.
    pub group: String,
    /// Plural name, e.g. `deployments`.
    pub resource: String,
    /// E.g. `log`; empty for the resource itself.
    pub subresource: String,
    /// Empty for cluster-scoped resources and for all namespaces.
    pub namespace: String,
    /// One object; empty for all.
    pub name: String,
}

impl Ask {
    /// A question about a resource in a namespace.
    pub fn new(verb: &str, group: &str, resource: &str, namespace: &str) -> Self {
        let (verb, group) = (verb.to_owned(), group.to_owned());
        let (resource, namespace) = (resource.to_owned(), namespace.to_owned());
        Self { verb, group, resource, namespace, ..Self::default() }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether it may be done.
    pub allowed: bool,
    /// The server's reason, where it gives one.
    pub reason: Option<String>,
}

/// One rule of what may be done. `*` stands for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Verbs.
    pub verbs: Vec<String>,
    /// API groups; the core group is empty.
    pub groups: Vec<String>,
    /// Plural names, with `/subresource` where it is for a part only.
    pub resources: Vec<String>,
    /// Names that it is limited to; empty for all.
    pub names: Vec<String>,
}

/// All that may be done in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The rules.
    pub rules: Vec<Rule>,
    /// True where the server says that it knows of more than it could list.
    pub incomplete: bool,
}

impl Rules {
    /// Whether some rule allows this for every object of the resource.
    pub fn allow(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        self.rules.iter().any(|rule| {
            rule.names.is_empty()
                && has(&rule.verbs, verb)
                && has(&rule.groups, group)
                && has(&rule.resources, resource)
        })
    }
}

pub(super) async fn may(ask: &Ask, transport: &Transport) -> Result<Access, ClusterError> {
    let attributes = json!({
        "verb": ask.verb, "group": ask.group, "resource": ask.resource, "subresource": ask.subresource,
        "namespace": ask.namespace, "name": ask.name,
    });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let what = format!("cannot find out whether you may {} {}", ask.verb, ask.resource);
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = transport.ask(path, &review, &what).await?;
    Ok(Access {
        // What is not said is not allowed.
        allowed: answer.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false),
        reason: answer
            .pointer("/status/reason")
            .and_then(Value::as_str)
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned),
    })
}

pub(super) async fn rules(namespace: &str, transport: &Transport) -> Result<Rules, ClusterError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let what = format!("cannot find out what you may do in namespace {namespace}");
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    Ok(rules_of(&transport.ask(path, &review, &what).await?))
}

fn rules_of(answer: &Value) -> Rules {
    let texts = |rule: &Value, field: &str| {
        let list = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let list = answer.pointer("/status/resourceRules").and_then(Value::as_array).into_iter().flatten();
    Rules {
        rules: list
            .map(|rule| Rule {
                verbs: texts(rule, "verbs"),
                groups: texts(rule, "apiGroups"),
                resources: texts(rule, "resources"),
                names: texts(rule, "resourceNames"),
            })
            .collect(),
        incomplete: answer.pointer("/status/incomplete").and_then(Value::as_bool).unwrap_or(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_one_object_is_not_one_for_all() {
        let rules = rules_of(&json!({"status": {"incomplete": false, "resourceRules": [
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]},
            {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"]},
        ]}}));
        assert!(!rules.incomplete);
        assert!(rules.allow("list", "", "pods") && rules.allow("patch", "apps", "deployments"));
        assert!(!rules.allow("create", "", "pods"));
        assert!(!rules.allow("get", "", "secrets"));
        assert!(rules_of(&json!({})).incomplete);
    }
}
