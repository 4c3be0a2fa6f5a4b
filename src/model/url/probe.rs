//! Whether a server enforces a schema. Several take one and ignore it in silence, so it is tried: the prompt asks for one
//! thing and the schema allows only another, which nobody can guess.

use serde_json::{Value, json};

use super::chat::{self, Message};
use super::http::Http;
use crate::model::{Cancel, ModelError};

/// What a server does with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enforcement {
    /// Answers follow it.
    Enforced,
    /// It is taken and not followed.
    Ignored,
    /// A request with one is refused, so none is sent.
    Refused,
}

const ATTEMPT: &str = "try out";
const MOST_TOKENS: usize = 64;

/// Asks the server once.
///
/// # Errors
/// [`ModelError::Server`] where the server refuses for another reason than the schema, [`ModelError::Cancelled`].
pub(super) fn enforcement(http: &Http, model: &str, cancel: &Cancel) -> Result<Enforcement, ModelError> {
    // Nobody guesses 32 bits, and a model on a CPU writes some ten tokens a second.
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|error| {
        let reason = format!("the system has no random bytes: {error}");
        http.problem(ATTEMPT, reason, "run it again")
    })?;
    let word: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let schema = json!({
        "type": "object",
        "properties": { "word": { "type": "string", "enum": [word] } },
        "required": ["word"],
        "additionalProperties": false,
    });
    let ask = "Answer with exactly this JSON object and nothing else: {\"word\": \"hello\"}";
    let question = chat::question(model, &[Message::ours(ask.to_owned())], MOST_TOKENS, Some(&schema));
    let reply = http.post("chat/completions", &question, ATTEMPT, cancel)?;
    if matches!(reply.status, 400 | 422 | 500 | 501) && is_about_schemas(&reply.words()) {
        return Ok(Enforcement::Refused);
    }
    let body = http.accepted(reply, ATTEMPT)?;
    let said = chat::said(&body).ok_or_else(|| not_a_completion(http, ATTEMPT))?;
    let followed =
        serde_json::from_str::<Value>(&said.text).is_ok_and(|said| said == json!({ "word": word }));
    Ok(if followed { Enforcement::Enforced } else { Enforcement::Ignored })
}

/// What is said of an answer in another protocol.
pub(super) fn not_a_completion(http: &Http, attempt: &'static str) -> ModelError {
    let hint = "check that the URL is that of an OpenAI-compatible server (llama-server, vLLM, NIM, Ollama)";
    http.problem(attempt, "its answer is no chat completion", hint)
}

fn is_about_schemas(words: &str) -> bool {
    let words = words.to_lowercase();
    ["response_format", "schema", "grammar", "structured"].iter().any(|word| words.contains(word))
}
