//! A chat prompt as tokens. Special tokens are read out of what the template wrote, and never out of anybody's words.
//!
//! The pieces of a prompt are cut apart from each other. Vocabularies that put a space in front of any text (SentencePiece)
//! would put one in front of every piece: a piece is cut behind a character that is taken off again.

use std::time::SystemTime;

use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;

use super::engine::Engine;
use super::template::{ChatPrompt, ChatTemplate, Piece};
use super::tokens::Tokens;

/// Texts behind which a piece is cut, until one does not grow together with it.
const BEFORE: [&str; 5] = ["\n", "a", "0", ":", "="];

impl Engine<'_> {
    /// The tokens of a conversation of two texts, as the model's own chat template writes it, up to where the answer
    /// starts. An empty `system` is left out; a model without a template gets plain text.
    ///
    /// # Errors
    /// The template cannot be used, or the vocabulary cannot express a text.
    #[allow(dead_code, reason = "for answers in free text; forms are filled without a template (decode.rs)")]
    pub fn chat_prompt(&self, system: &str, user: &str) -> Result<Vec<LlamaToken>, String> {
        let template = self.model.chat_template(None).ok();
        let text = template
            .as_ref()
            .map(|template| template.to_str())
            .transpose()
            .map_err(|e| format!("the model's chat template cannot be used: {e}"))?;
        let (bos, eos) =
            (self.tokens.special(self.tokens.vocab.bos()), self.tokens.special(self.tokens.vocab.eos()));
        let prompt =
            ChatTemplate::from_gguf(text, &bos, &eos, SystemTime::now().into()).render(system, user)?;
        if let Some(closed) = prompt.closed {
            tracing::debug!(closed, "the chat template lets the model think: an empty thought is put there");
        }
        self.tokens.chat(&prompt)
    }
}

impl Tokens<'_> {
    /// A prompt, with the model's begin token where it wants one and the template wrote none.
    ///
    /// # Errors
    /// The vocabulary cannot express a text.
    pub fn chat(&self, prompt: &ChatPrompt) -> Result<Vec<LlamaToken>, String> {
        let mut tokens: Vec<LlamaToken> = Vec::with_capacity(prompt.text().len() / 3 + 8);
        // Spaces in front of words belong to them: ` word` is one token of most vocabularies.
        let mut spaces = String::new();
        for piece in &prompt.pieces {
            let is_first = tokens.is_empty();
            match piece {
                Piece::Template(text) => {
                    let text = std::mem::take(&mut spaces) + text;
                    let kept = text.trim_end_matches(' ');
                    spaces.push_str(&text[kept.len()..]);
                    tokens.extend(self.piece_of(kept, true, is_first)?);
                }
                Piece::Words(text) => {
                    tokens.extend(self.words(&(std::mem::take(&mut spaces) + text), is_first)?);
                }
            }
        }
        tokens.extend(self.piece_of(&spaces, true, tokens.is_empty())?);
        if let Some(begin) = self.begin().filter(|begin| tokens.first() != Some(begin)) {
            tokens.insert(0, begin);
        }
        Ok(tokens)
    }

    /// How a token is written, special ones too; empty for one that does not exist.
    fn special(&self, token: LlamaToken) -> String {
        if token.0 < 0 {
            return String::new();
        }
        String::from_utf8_lossy(&self.vocab.token_to_piece(token, true, None)).into_owned()
    }

    /// Somebody's words. llama.cpp reads tokens that a model's makers added (`<think>`, `<tool_call>`) out of any text; in
    /// words they are taken apart.
    fn words(&self, text: &str, is_first: bool) -> Result<Vec<LlamaToken>, String> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 8);
        for token in self.piece_of(text, false, is_first)? {
            match self.mark(token) {
                Some(mark) => {
                    let (first, rest) = mark.split_at(1);
                    tokens.extend(self.piece_of(first, false, false)?);
                    tokens.extend(self.words(rest, false)?);
                }
                None => tokens.push(token),
            }
        }
        Ok(tokens)
    }

    /// The text of an added token that looks like a mark.
    fn mark(&self, token: LlamaToken) -> Option<String> {
        if !self.vocab.attr(token).contains(LlamaTokenAttr::UserDefined) {
            return None;
        }
        let text = String::from_utf8(self.piece(token)).ok()?;
        let is_mark = text.len() > 1 && text.starts_with(['<', '[']) && text.ends_with(['>', ']']);
        is_mark.then_some(text)
    }

    /// A piece of a prompt; `is_first` when nothing stands before it.
    fn piece_of(&self, text: &str, parse_special: bool, is_first: bool) -> Result<Vec<LlamaToken>, String> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let cut = |text: &str| self.vocab.tokenize(text.as_bytes(), false, parse_special);
        if is_first || !self.puts_spaces() {
            return Ok(cut(text));
        }
        for before in BEFORE {
            let all = cut(&format!("{before}{text}"));
            let Some(rest) = all.strip_prefix(cut(before).as_slice()) else { continue };
            let is_same = || rest.iter().flat_map(|token| self.piece(*token)).eq(text.bytes());
            if parse_special || is_same() {
                return Ok(rest.to_vec());
            }
        }
        Err(format!("the vocabulary cannot express {text:?}"))
    }

    /// Whether a space is put in front of any text.
    fn puts_spaces(&self) -> bool {
        self.vocab.tokenize(b"a", false, false).iter().flat_map(|token| self.piece(*token)).ne(*b"a")
    }
}

#[cfg(test)]
mod tests;
