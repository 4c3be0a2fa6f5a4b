//! A model behind a URL: any server that speaks the OpenAI chat protocol (llama-server, vLLM, NIM, Ollama).
//!
//! A whole form goes in one request, with the form's JSON Schema beside it. Whether the server holds the model to the
//! schema is tried when it is opened; either way every answer is held against the form here, and one that does not fit is
//! put to the model again with the reason, twice at most.
//!
//! | file | its one job |
//! |---|---|
//! | `address` | where the server is, and which model is wanted |
//! | `key` | the key, and where it comes from |
//! | `http` | one request: limits, stopping, repeating, errors for people |
//! | `chat` | the protocol's documents |
//! | `probe` | whether the server enforces a schema |
//! | `prompt` | the form in words |
//! | `answer` | from an object back to candidates |

mod address;
mod answer;
mod chat;
mod http;
mod key;
mod probe;
mod prompt;

use crate::constraint::{Answers, Form, Prompt};

use super::{Backend, Cancel, ModelError, ModelInfo, PromptProfile, Writing};
use answer::Misfit;
use chat::Message;
use http::{Http, Limits};
use probe::Enforcement;

pub(crate) use address::is_loopback;
pub use address::{AddressError, ServerAddress};
pub use key::{ApiKey, KeySource};

/// How often an answer that does not fit is asked for again.
const AGAIN: usize = 2;
const ATTEMPT: &str = "use the answers of";

/// A model server and the key for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it is, and which of its models answers.
    pub address: ServerAddress,
    /// The key that it asks for.
    pub key: KeySource,
}

/// A model of a server.
pub struct UrlModel {
    http: Http,
    /// As the server calls it.
    model: String,
    enforcement: Enforcement,
    info: ModelInfo,
}

impl UrlModel {
    /// Finds out which model answers and whether the server enforces schemas.
    ///
    /// # Errors
    /// [`ModelError::Server`] where the server cannot be reached, refuses, or has no model; [`ModelError::Cancelled`].
    pub fn open(server: Server, cancel: &Cancel) -> Result<Self, ModelError> {
        let http = Http::new(server.address, &server.key, Limits::default())?;
        let model = match http.address().model() {
            Some(model) => model.to_owned(),
            None => first_model(&http, cancel)?,
        };
        let enforcement = probe::enforcement(&http, &model, cancel)?;
        let said = match enforcement {
            Enforcement::Enforced => "enforces the schema",
            Enforcement::Ignored | Enforcement::Refused => "does not enforce the schema: answers are checked",
        };
        let info = ModelInfo {
            name: http.shown(&model),
            device: format!("{}, {said}", http.address().server()),
            profile: PromptProfile::FewShot,
            parameters: 0,
            context: 0,
        };
        Ok(Self { http, model, enforcement, info })
    }

    /// One question to the model; its words.
    fn ask(
        &self,
        form: &Form,
        offered: &Form,
        messages: &[Message],
        cancel: &Cancel,
    ) -> Result<chat::Said, ModelError> {
        let schema = (self.enforcement != Enforcement::Refused).then(|| offered.json_schema());
        let most = prompt::most_tokens(form);
        let question = chat::question(&self.model, messages, most, schema.as_ref());
        let reply = self.http.post("chat/completions", &question, "ask", cancel)?;
        let body = self.http.accepted(reply, "ask")?;
        let said = chat::said(&body).ok_or_else(|| probe::not_a_completion(&self.http, "ask"))?;
        // Parts of it stand in messages later.
        Ok(chat::Said { text: self.http.without_key(&said.text), cut: said.cut })
    }
}

impl Backend for UrlModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn writing(&self) -> Writing {
        Writing::Whole
    }

    fn compose(&mut self, prompt: &Prompt, most: usize, cancel: &Cancel) -> Result<String, ModelError> {
        let messages = [Message::ours(format!("{}{}", prompt.prefix, prompt.body))];
        let question = chat::question(&self.model, &messages, most, None);
        let reply = self.http.post("chat/completions", &question, "ask", cancel)?;
        let body = self.http.accepted(reply, "ask")?;
        let said = chat::said(&body).ok_or_else(|| probe::not_a_completion(&self.http, "ask"))?;
        if said.cut {
            return Err(self.http.problem(
                ATTEMPT,
                format!("it had not ended after {most} tokens"),
                self.advice(true),
            ));
        }
        Ok(self.http.without_key(&said.text))
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        if let Some(only) = answer::only_answers(form) {
            return Ok(only);
        }
        let mut messages = vec![Message::ours(prompt::question(form))];
        let mut offered = form.clone();
        let mut asked = 0;
        loop {
            let said = self.ask(form, &offered, &messages, cancel)?;
            asked += 1;
            let misfit = match answer::answers(form, &said.text) {
                Ok(answers) => return Ok(answers),
                Err(_) if said.cut => Misfit::new("it was not finished where it had to end"),
                Err(misfit) => misfit,
            };
            let answered = self.http.shown(&said.text);
            if asked > AGAIN {
                let last = if answered.is_empty() { "nothing".to_owned() } else { answered };
                let reason = format!(
                    "asked {asked} times, it answered {last} at last, and that is not allowed because {}",
                    misfit.reason
                );
                return Err(self.http.problem(ATTEMPT, reason, self.advice(said.cut)));
            }
            if let Some((slot, text)) = &misfit.never {
                without(&mut offered, *slot, text);
            }
            messages.truncate(1);
            // Some servers refuse an empty message.
            let quoted = if answered.is_empty() { "nothing".to_owned() } else { answered };
            messages.push(Message::model(quoted.clone()));
            messages.push(Message::ours(prompt::objection(&quoted, &misfit)));
        }
    }
}

impl UrlModel {
    fn advice(&self, cut: bool) -> &'static str {
        match (cut, self.enforcement) {
            (true, _) => {
                "a model that thinks before it answers needs this turned off at the server; or choose another (--model URL#NAME)"
            }
            (_, Enforcement::Enforced) => {
                "say it in other words, or choose a stronger model (--model URL#NAME)"
            }
            _ => {
                "choose a stronger model (--model URL#NAME), or a server that enforces JSON Schema (llama-server, vLLM, NIM)"
            }
        }
    }
}

/// The first model that the server lists.
fn first_model(http: &Http, cancel: &Cancel) -> Result<String, ModelError> {
    const ATTEMPT: &str = "list the models of";
    let reply = http.get("models", ATTEMPT, cancel)?;
    let body = http.accepted(reply, ATTEMPT)?;
    let names = chat::models(&body).ok_or_else(|| {
        let hint = "check that the URL is that of an OpenAI-compatible server (llama-server, vLLM, NIM, Ollama), or \
                    name the model: --model URL#NAME";
        http.problem(ATTEMPT, "its answer is no list of models", hint)
    })?;
    names
        .into_iter()
        .next()
        .ok_or_else(|| http.problem(ATTEMPT, "it has none", "load one there, or name one: --model URL#NAME"))
}

/// Takes a text from what a slot is offered; the last one of a required slot stays, since its schema needs one.
fn without(form: &mut Form, slot: usize, text: &str) {
    let Some(slot) = form.slots.get_mut(slot) else { return };
    if slot.optional || slot.candidates.iter().any(|candidate| candidate.text != text) {
        slot.candidates.retain(|candidate| candidate.text != text);
    }
}
