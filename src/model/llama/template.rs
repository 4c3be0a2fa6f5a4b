//! A GGUF's own chat template: from a system text and a person's words to the prompt up to where the answer starts.
//!
//! Templates are Jinja as `transformers` runs it: Python's methods of strings, lists and dictionaries, `raise_exception`,
//! `strftime_now`, blocks that take their line break with them. They never see the words themselves. A template is
//! rendered with a mark in the place of each text, and the prompt is the pieces between the marks: what the template wrote
//! is known from what people wrote, so that a person's `<|im_end|>` stays characters, and words cannot steer a template
//! that looks into them.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use sha2::{Digest, Sha256};

/// Instructions that a template may take. Those of real models take a few hundred for two messages.
const FUEL: u64 = 200_000;

/// What opens and what closes the block in which a model thinks before it answers.
const THINKING: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
];

/// How a model wants a conversation to be written.
#[derive(Debug, Clone)]
pub(crate) struct ChatTemplate {
    /// The Jinja text; absent where the model has none.
    source: Option<String>,
    bos: String,
    eos: String,
    now: DateTime<Utc>,
}

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Written by the template: special tokens in it are meant.
    Template(String),
    /// Written by a person, or by this program for one: nothing but characters.
    Words(String),
}

/// A conversation as the model is to read it, up to where its answer starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatPrompt {
    /// In order.
    pub pieces: Vec<Piece>,
    /// What closes the block of thoughts that the template opened and that was closed here; the answer starts after it.
    pub closed: Option<&'static str>,
}

impl ChatPrompt {
    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Template(text) | Piece::Words(text) => text.as_str(),
            })
            .collect()
    }
}

impl ChatTemplate {
    /// The template of a model; `text` is `tokenizer.chat_template` of its GGUF. Without one the texts stand one after the
    /// other, a blank line between them. `bos` and `eos` are the texts of the begin and end tokens, empty where there is
    /// none. `now` is what the template may write as the date, in UTC.
    pub fn from_gguf(text: Option<&str>, bos: &str, eos: &str, now: DateTime<Utc>) -> Self {
        let source = text.filter(|text| !text.trim().is_empty()).map(|text| plain_blocks(text).into_owned());
        Self { source, bos: bos.to_owned(), eos: eos.to_owned(), now }
    }

    /// The prompt of a conversation of two texts. White space around them is dropped, as most templates do. A system text
    /// may be empty; one that the template refuses or leaves out goes in front of the user's.
    ///
    /// # Errors
    /// The template is no Jinja, stops with an exception, takes too long, or does not write each text once.
    pub fn render(&self, system: &str, user: &str) -> Result<ChatPrompt, String> {
        let (system, user) = (system.trim(), user.trim());
        let Some(source) = &self.source else {
            return Ok(plain(system, user));
        };
        let marks = Marks::of(source);
        if system.is_empty() {
            let rendered = self.run(source, &[("user", &marks.user)])?;
            return split(&rendered, &[(&marks.user, user)]);
        }
        let texts = [(marks.system.as_str(), system), (marks.user.as_str(), user)];
        let apart = self
            .run(source, &[("system", &marks.system), ("user", &marks.user)])
            .and_then(|rendered| split(&rendered, &texts));
        apart.or_else(|apart| {
            tracing::debug!(reason = apart, "the chat template takes no system text: it goes to the user's");
            let together = format!("{}\n\n{}", marks.system, marks.user);
            split(&self.run(source, &[("user", &together)])?, &texts)
        })
    }

    /// What the template writes for these messages.
    fn run(&self, source: &str, messages: &[(&str, &str)]) -> Result<String, String> {
        let failed = |error: &Error| {
            let at = error.line().map_or_else(String::new, |line| format!(" (line {line} of the template)"));
            let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            format!("the model's chat template cannot be used: {reason}{at}")
        };
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| failed(&e))?);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", |reason: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, format!("it says: {reason}")))
        });
        let now = self.now;
        environment.add_function("strftime_now", move |format: String| strftime(now, &format));
        let messages: Vec<Value> =
            messages.iter().map(|(role, content)| context! { role => *role, content => *content }).collect();
        let values = context! {
            messages,
            add_generation_prompt => true,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            // What `transformers` hands over when there is none.
            tools => Value::from(()),
            documents => Value::from(()),
            // Models that can answer without thinking are asked to, by the names that their templates use.
            enable_thinking => false,
            thinking => false,
        };
        environment.render_str(source, values).map_err(|e| failed(&e))
    }
}

/// The marks that stand for the texts. They come from the template's hash, so no template contains its own.
struct Marks {
    system: String,
    user: String,
}

impl Marks {
    fn of(source: &str) -> Self {
        let hash: String =
            Sha256::digest(source.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Self { system: format!("system{hash}text"), user: format!("user{hash}text") }
    }
}

/// Cuts what a template wrote at the marks, and closes a block of thoughts that it leaves open.
fn split(rendered: &str, texts: &[(&str, &str)]) -> Result<ChatPrompt, String> {
    let mut places = Vec::with_capacity(texts.len());
    for (mark, text) in texts {
        let found: Vec<usize> = rendered.match_indices(mark).map(|(at, _)| at).collect();
        match found.as_slice() {
            [at] => places.push((*at, mark.len(), *text)),
            found => {
                return Err(format!(
                    "the model's chat template cannot be used: it writes a message's text {} times",
                    found.len()
                ));
            }
        }
    }
    places.sort_unstable();
    let mut pieces = Vec::with_capacity(2 * places.len() + 1);
    let mut end = 0;
    for (at, length, text) in places {
        pieces.push(Piece::Template(rendered[end..at].to_owned()));
        pieces.push(Piece::Words(text.to_owned()));
        end = at + length;
    }
    let mut tail = rendered[end..].to_owned();
    let closed = close_thinking(&mut tail);
    pieces.push(Piece::Template(tail));
    pieces.retain(|piece| !matches!(piece, Piece::Template(text) | Piece::Words(text) if text.is_empty()));
    Ok(ChatPrompt { pieces, closed })
}

/// Closes a block of thoughts that is open at the end: what follows is to be the answer.
fn close_thinking(tail: &mut String) -> Option<&'static str> {
    let open = |(opener, closer): &&(&str, &str)| {
        tail.rfind(opener).is_some_and(|at| !tail[at + opener.len()..].contains(closer))
    };
    let (_, closer) = THINKING.iter().find(open)?;
    tail.truncate(tail.trim_end().len());
    // An empty block as the models that can leave out thinking were trained to see it.
    tail.push_str("\n\n");
    tail.push_str(closer);
    tail.push_str("\n\n");
    Some(closer)
}

/// The prompt of a model without a template.
fn plain(system: &str, user: &str) -> ChatPrompt {
    let words = |text: &str| Piece::Words(format!("{text}\n"));
    let mut pieces = Vec::with_capacity(2);
    if !system.is_empty() {
        pieces.push(words(&format!("{system}\n")));
    }
    pieces.push(words(user));
    ChatPrompt { pieces, closed: None }
}

/// `transformers` marks what a model is trained on with `{% generation %}`, a tag of its own that writes nothing.
fn plain_blocks(source: &str) -> Cow<'_, str> {
    if !source.contains("generation") {
        return Cow::Borrowed(source);
    }
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, inside)) = rest.split_once("{%") {
        text.push_str(before);
        text.push_str("{%");
        let Some((tag, after)) = inside.split_once("%}") else {
            rest = inside;
            break;
        };
        let replaced = match tag.trim_matches(['-', '+', ' ', '\t', '\n', '\r']) {
            "generation" => tag.replace("generation", "if true"),
            "endgeneration" => tag.replace("endgeneration", "endif"),
            _ => tag.to_owned(),
        };
        text.push_str(&replaced);
        text.push_str("%}");
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// A date as a template wants it.
fn strftime(now: DateTime<Utc>, format: &str) -> Result<String, Error> {
    let mut text = String::new();
    // An unknown letter is an error of the formatter, where `to_string` would panic.
    write!(text, "{}", now.format(format))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("'{format}' is no format of a date")))?;
    Ok(text)
}

#[cfg(test)]
mod tests;
