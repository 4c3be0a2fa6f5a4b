//! The documented JSON of `draft -o json` and of `eval` rows. Keys may be added, none is renamed.

use serde_json::{Map, Value, json};

use crate::draft::{Asked, Declined, Draft, Outcome, Routed, Thing};
use crate::manifest::to_yaml_documents;

/// `draft -o json`.
pub fn draft_document(outcome: &Outcome) -> Value {
    let mut document = Map::new();
    document.insert("version".into(), json!(1));
    match outcome {
        Outcome::Drafted(draft) => {
            document.insert("outcome".into(), json!("drafted"));
            drafted(&mut document, draft);
        }
        Outcome::Asked(asked) => {
            document.insert("outcome".into(), json!("asked"));
            document.extend(asked_fields(asked));
        }
        Outcome::Denied(denied) => {
            document.insert("outcome".into(), json!("denied"));
            drafted(&mut document, &denied.draft);
            document.insert("reason".into(), json!(if denied.incomplete { "incomplete" } else { "policy" }));
            document.insert("findings".into(), json!(denied.findings));
        }
        Outcome::Declined(declined) => {
            document.insert("outcome".into(), json!("declined"));
            document.insert("reason".into(), json!(declined.reason));
            document.insert("code".into(), json!(declined.code));
            document.insert("examples".into(), json!(declined.examples));
        }
        Outcome::Routed(routed) => {
            document.insert("outcome".into(), json!("routed"));
            document.insert("routed".into(), json!(routed));
        }
    }
    Value::Object(document)
}

fn drafted(document: &mut Map<String, Value>, draft: &Draft) {
    if let Some(first) = draft.things.first() {
        document.insert("understood".into(), understood(first));
    }
    document.insert("things".into(), draft.things.iter().map(understood).collect());
    document.insert("unused".into(), json!(draft.unused));
    document.insert("objects".into(), draft.objects().cloned().collect());
    document.insert("findings".into(), json!(draft.findings));
    document.insert("interventions".into(), json!(draft.interventions));
}

fn understood(thing: &Thing) -> Value {
    let kind = if thing.pattern { "pattern" } else { "kind" };
    json!({ kind: thing.kind, "why": thing.why, "summary": thing.summary, "fields": thing.fields })
}

fn asked_fields(asked: &Asked) -> Map<String, Value> {
    let missing: Vec<&str> = asked.questions.iter().map(|question| question.field.as_str()).collect();
    let mut fields = Map::new();
    fields.insert("missing".into(), json!(missing));
    fields.insert("questions".into(), json!(asked.questions));
    fields.insert("understood".into(), json!({ "pattern": asked.kind, "fields": asked.fields }));
    fields.insert("unused".into(), json!(asked.unused));
    fields.insert("findings".into(), json!(asked.findings));
    fields.insert("interventions".into(), json!(asked.interventions));
    fields
}

/// One row of `eval`'s answers: `{id, yaml | asked | declined | routed | error}`.
pub fn eval_row(id: &Value, outcome: &Result<Outcome, String>) -> Value {
    let mut row = Map::new();
    row.insert("id".into(), id.clone());
    match outcome {
        Ok(Outcome::Drafted(draft)) => {
            let objects: Vec<Value> = draft.objects().cloned().collect();
            row.insert("yaml".into(), Value::String(to_yaml_documents(&objects)));
        }
        Ok(Outcome::Asked(asked)) => {
            row.insert("asked".into(), Value::Object(asked_fields(asked)));
        }
        Ok(Outcome::Denied(denied)) => {
            let messages: Vec<&str> =
                denied.findings.iter().map(|finding| finding.message.as_str()).collect();
            row.insert("denied".into(), json!({ "findings": denied.findings }));
            row.insert("error".into(), Value::String(format!("denied: {}", messages.join("; "))));
        }
        Ok(Outcome::Declined(Declined { code, reason, .. })) => {
            row.insert("declined".into(), json!({ "code": code, "reason": reason }));
        }
        Ok(Outcome::Routed(Routed { verb, name })) => {
            let mut routed = Map::new();
            routed.insert("verb".into(), json!(verb));
            if let Some(name) = name {
                routed.insert("name".into(), json!(name));
            }
            row.insert("routed".into(), Value::Object(routed));
        }
        Err(error) => {
            row.insert("error".into(), Value::String(error.clone()));
        }
    }
    Value::Object(row)
}
