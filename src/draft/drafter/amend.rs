//! A person changes one field of a draft by hand. The value is read like words of a request where it can be ("64 gigs",
//! "two"), and then everything goes through rendering and the gate once more. What does not fit changes nothing.

use serde_json::{Map, Value};

use super::{Drafter, Turn};
use crate::draft::facts::Facts;
use crate::draft::fill::parameter_of;
use crate::draft::filled::{Chosen, Conversation};
use crate::draft::outcome::{Origin, Outcome};
use crate::draft::span::{Language, language};
use crate::draft::{link, values, words};
use crate::finding::Severity;
use crate::pattern::{FormSlot, Parameter, ParameterKind, Pattern, SlotType};

/// One field, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    /// Which thing of the draft, from 0.
    pub thing: usize,
    /// Parameter of its pattern, or `name`, `namespace`, `owner`.
    pub field: String,
    /// As it was typed; empty takes the value away, so that the default comes back.
    pub text: String,
}

/// What became of it.
#[derive(Debug)]
pub enum Amended {
    /// The draft with the new value, through the gate.
    Fits(Outcome),
    /// Why the value does not fit. Nothing has changed.
    Unfit(String),
}

impl Drafter<'_> {
    /// Changes one field of the conversation's things.
    pub fn amend(&self, conversation: &mut Conversation, facts: &Facts, edit: &FieldEdit) -> Amended {
        match self.amended(conversation, facts, edit) {
            Ok(outcome) => Amended::Fits(outcome),
            Err(reason) => Amended::Unfit(reason),
        }
    }

    fn amended(
        &self,
        conversation: &mut Conversation,
        facts: &Facts,
        edit: &FieldEdit,
    ) -> Result<Outcome, String> {
        let mut things = conversation.things.clone();
        let nothing = || format!("there is no field '{}' to change", edit.field);
        let filled = things.get_mut(edit.thing).ok_or_else(nothing)?;
        let pattern = self.library.patterns.get(&filled.kind).ok_or_else(nothing)?;
        match value_of(pattern, facts, edit)? {
            Some(value) => filled.values.insert(edit.field.clone(), Chosen::decided(value, Origin::User)),
            None => filled.values.remove(&edit.field),
        };
        link::renamed(&conversation.things, &mut things, edit.thing);
        let language = conversation.turns.last().map_or(Language::En, |text| language(text));
        // Nothing was said: no words are looked at, and none are left over.
        let index = conversation.turns.len();
        let turn = Turn { text: "", index, spans: Vec::new(), language, used: Vec::new(), asked: None };
        match self.finish(&mut things, &turn) {
            Outcome::Drafted(mut draft) => {
                draft.unused.clone_from(&conversation.unused);
                conversation.things = things;
                conversation.pending.clear();
                Ok(Outcome::Drafted(draft))
            }
            other => Err(reason(&other, language)),
        }
    }
}

/// Why an outcome is no draft, without the offer that an answer in words would need.
fn reason(outcome: &Outcome, language: Language) -> String {
    let lines: Vec<String> = match outcome {
        Outcome::Asked(asked) if !asked.interventions.is_empty() => {
            asked.interventions.iter().map(|one| words::not_allowed(one, language)).collect()
        }
        Outcome::Asked(asked) => asked.questions.iter().map(|question| question.text.clone()).collect(),
        Outcome::Denied(denied) => denied
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error || finding.incomplete)
            .map(|finding| format!("{} [{}]", finding.message, finding.rule))
            .collect(),
        _ => Vec::new(),
    };
    lines.join("\n")
}

/// What the text means for this field; `None` where the value is to go.
fn value_of(pattern: &Pattern, facts: &Facts, edit: &FieldEdit) -> Result<Option<Value>, String> {
    let text = edit.text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let slots: Vec<&FormSlot> =
        pattern.form.slots.iter().filter(|slot| slot.parameter == edit.field).collect();
    let parameter = parameter_of(pattern, &edit.field);
    let is_json = text.starts_with(['[', '{']);
    let value = match &parameter.kind {
        ParameterKind::List(_) | ParameterKind::Map(_) | ParameterKind::Object(_) if is_json => {
            serde_json::from_str(text).map_err(|error| format!("'{text}' is not JSON: {error}"))?
        }
        ParameterKind::List(item) => list(&parameter, item, text)?,
        ParameterKind::Map(_) => map(&parameter, text)?,
        ParameterKind::Object(_) => {
            return Err(format!("{} needs an object as JSON: {{\"key\": \"value\"}}", parameter.name));
        }
        ParameterKind::Boolean => Value::Bool(yes_or_no(&parameter.name, text)?),
        ParameterKind::String | ParameterKind::Integer | ParameterKind::Float => {
            let is_type = |kind: &SlotType| slots.iter().any(|slot| slot.types.contains(kind));
            let whole = facts.lex(text, 0).into_iter().find(|span| {
                span.start == 0 && span.end == text.len() && !span.negated && is_type(&span.kind)
            });
            let said = whole.map_or_else(|| Value::from(text), |span| span.value);
            values::typed(&parameter, &said)?
        }
    };
    Ok(Some(value))
}

/// A command line, or words between spaces.
fn list(parameter: &Parameter, item: &ParameterKind, text: &str) -> Result<Value, String> {
    let words = values::typed(parameter, &Value::from(text))?;
    let item = Parameter::new(parameter.name.clone(), item.clone());
    words.as_array().into_iter().flatten().map(|word| values::typed(&item, word)).collect()
}

/// `KEY=value` as often as needed.
fn map(parameter: &Parameter, text: &str) -> Result<Value, String> {
    let mut map = Map::new();
    for entry in text.split_whitespace() {
        if let Value::Object(one) = values::typed(parameter, &Value::from(entry))? {
            map.extend(one);
        }
    }
    Ok(Value::Object(map))
}

fn yes_or_no(name: &str, text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "on" | "1" | "是" | "要" => Ok(true),
        "no" | "n" | "false" | "off" | "0" | "否" | "不要" => Ok(false),
        _ => Err(format!("{name} needs yes or no, and '{text}' is neither")),
    }
}

/// A value as a text that [`FieldEdit`] reads back as the same value.
pub fn editable(value: &Value) -> String {
    let is_plain = |text: &str| {
        let special = |c: char| c.is_whitespace() || "|><;&$`*'\"[]{}".contains(c);
        !text.is_empty() && !text.contains(special)
    };
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()).filter(|text| is_plain(text)),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let entry = |(key, value): (&String, &Value)| {
        let text = value.as_str().filter(|text| is_plain(text) && is_plain(key) && !key.contains('='))?;
        Some(format!("{key}={text}"))
    };
    let in_words = match value {
        Value::String(text) => return text.clone(),
        Value::Array(items) => items.iter().map(word).collect::<Option<Vec<_>>>(),
        Value::Object(map) => map.iter().map(entry).collect::<Option<Vec<_>>>(),
        other => return other.to_string(),
    };
    in_words.map_or_else(|| value.to_string(), |words| words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pattern::{PatternSet, duration_text};

    fn read(field: &str, text: &str) -> Result<Option<Value>, String> {
        read_of("Notebook", field, text)
    }

    fn read_of(kind: &str, field: &str, text: &str) -> Result<Option<Value>, String> {
        let pattern = PatternSet::builtin().get(kind).unwrap();
        let edit = FieldEdit { thing: 0, field: field.into(), text: text.into() };
        value_of(pattern, &Facts::builtin(), &edit)
    }

    #[test]
    fn a_value_is_read_as_the_words_of_a_request_are() {
        for (field, text, value) in [
            ("gpus", "two", json!(2)),
            ("gpus", " 3 ", json!(3)),
            ("memory", "64 gigs", json!("64Gi")),
            ("name", "lab", json!("lab")),
            ("env", "A=1 B=x=y", json!({"A": "1", "B": "x=y"})),
            ("env", r#"{"A": "two words"}"#, json!({"A": "two words"})),
            ("gpuProducts", "NVIDIA-H100 NVIDIA-A100", json!(["NVIDIA-H100", "NVIDIA-A100"])),
        ] {
            assert_eq!(read(field, text), Ok(Some(value)), "{field} {text}");
        }
        assert_eq!(read("gpus", "  "), Ok(None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_reason() {
        assert!(read("gpus", "plenty").unwrap_err().contains("whole number"));
        assert!(read("env", "A").unwrap_err().contains("KEY=value"));
        assert!(read("env", "{A").unwrap_err().contains("JSON"));
        assert!(yes_or_no("spot", "perhaps").unwrap_err().contains("yes or no"));
        assert_eq!(yes_or_no("spot", "不要"), Ok(false));
    }

    #[test]
    fn what_is_put_up_for_editing_reads_back_as_itself() {
        for value in [json!({"A": "1", "B": "two words"}), json!({"A": "1"}), json!({"A": ""})] {
            assert_eq!(read("env", &editable(&value)), Ok(Some(value)));
        }
        for value in [json!(["sh", "-c", "a | b"]), json!(["a", "b"]), json!(["a b"])] {
            assert_eq!(read("gpuProducts", &editable(&value)), Ok(Some(value)));
        }
        assert_eq!(read_of("TrainingJob", "timeLimit", &duration_text(43_200)), Ok(Some(json!(43_200))));
        assert_eq!(read_of("TrainingJob", "timeLimit", &duration_text(90)), Ok(Some(json!(90))));
        assert_eq!(editable(&json!("64Gi")), "64Gi");
        assert_eq!(editable(&json!(2)), "2");
        assert_eq!(editable(&json!({"A": "1", "B": "2"})), "A=1 B=2");
    }
}
