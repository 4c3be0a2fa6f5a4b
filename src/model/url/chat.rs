//! The part of the OpenAI chat protocol that is used: one question, one answer as a whole, a JSON Schema beside it. This is
//! the one form of structured output that llama-server, vLLM, NIM, Ollama and LM Studio have in common.

use serde::Serialize;
use serde_json::{Value, json};

/// One message of a conversation.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Message {
    role: &'static str,
    content: String,
}

impl Message {
    /// What we say. Everything goes here, since some chat templates know no system message.
    pub(super) fn ours(content: String) -> Self {
        Self { role: "user", content }
    }

    /// What the model said before.
    pub(super) fn model(content: String) -> Self {
        Self { role: "assistant", content }
    }
}

/// The document of one question. Temperature 0: the same request has the same answer.
pub(super) fn question(model: &str, messages: &[Message], most: usize, schema: Option<&Value>) -> Value {
    let mut document = json!({
        "model": model,
        "messages": messages,
        "temperature": 0,
        "max_tokens": most,
        "stream": false,
    });
    if let Some(schema) = schema {
        document["response_format"] = json!({
            "type": "json_schema",
            "json_schema": { "name": "form", "strict": true, "schema": schema },
        });
    }
    document
}

/// What the model said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Its words.
    pub text: String,
    /// Whether it was stopped at the limit of tokens.
    pub cut: bool,
}

/// Reads the answer; `None` where it is no chat completion.
pub(super) fn said(body: &[u8]) -> Option<Said> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let choice = document.pointer("/choices/0")?;
    let message = choice.get("message")?;
    let part = |key: &str| message.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    // Some servers put all that a model says into its reasoning when the answer is bound to a schema.
    let text = part("content").or_else(|| part("reasoning_content")).or_else(|| part("reasoning"));
    let cut = choice.get("finish_reason").and_then(Value::as_str) == Some("length");
    Some(Said { text: bare(text.unwrap_or_default()).to_owned(), cut })
}

/// The answer without what models put around it: thoughts before it, a code fence about it.
fn bare(text: &str) -> &str {
    let text = text.rsplit_once("</think>").map_or(text, |(_, behind)| behind).trim();
    let Some(inner) = text.strip_prefix("```").and_then(|text| text.strip_suffix("```")) else { return text };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

/// The names of the models that a server lists; `None` where the document is no list of models.
pub(super) fn models(body: &[u8]) -> Option<Vec<String>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let list = document.get("data")?.as_array()?;
    Some(list.iter().filter_map(|model| model.get("id")?.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(message: &Value, reason: &str) -> Option<Said> {
        let document = json!({ "choices": [{ "message": message, "finish_reason": reason }] });
        said(document.to_string().as_bytes())
    }

    #[test]
    fn the_answer_is_found_in_its_wrappings() {
        for content in ["{}", " {}\n", "```json\n{}\n```", "```\n{}\n```", "<think>\nhm {\n</think>\n\n{}"] {
            let said = answer(&json!({ "role": "assistant", "content": content }), "stop");
            assert_eq!(said, Some(Said { text: "{}".to_owned(), cut: false }), "{content:?}");
        }
        let thought = answer(&json!({ "content": null, "reasoning_content": "{}" }), "length");
        assert_eq!(thought, Some(Said { text: "{}".to_owned(), cut: true }));
        assert_eq!(answer(&json!({ "content": null }), "stop").map(|said| said.text), Some(String::new()));
    }

    #[test]
    fn another_document_is_no_answer() {
        for body in ["", "<html>", "{}", r#"{"choices":[]}"#, r#"{"choices":[{"text":"x"}]}"#] {
            assert_eq!(said(body.as_bytes()), None, "{body}");
        }
        assert_eq!(models(b"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(models(b"<html>"), None);
    }
}
