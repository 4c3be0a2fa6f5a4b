//! Text to tokens and back, as they stand in a running text.

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;

/// A model's vocabulary. Special tokens are never read out of text: a person's `<|im_end|>` is just characters.
pub(super) struct Tokens<'m> {
    pub(super) vocab: LlamaVocab<'m>,
    /// The tokens of a line break at the start of a text. SentencePiece vocabularies put a space in front of any text;
    /// it is among these, and gone once they are taken off.
    line_break: Vec<LlamaToken>,
}

impl<'m> Tokens<'m> {
    /// The vocabulary of `model`.
    pub fn new(model: &'m LlamaModel) -> Self {
        let vocab = model.vocab();
        let line_break = vocab.tokenize(b"\n", false, false);
        Self { vocab, line_break }
    }

    /// A whole text, with the model's begin token where it wants one (and never an end token).
    pub fn text(&self, text: &str) -> Vec<LlamaToken> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 8);
        tokens.extend(self.begin());
        tokens.extend(self.vocab.tokenize(text.as_bytes(), false, false));
        tokens
    }

    /// The model's begin token, where it wants one.
    pub fn begin(&self) -> Option<LlamaToken> {
        Some(self.vocab.bos()).filter(|bos| self.vocab.should_add_bos() && bos.0 >= 0)
    }

    /// A piece of text as it is cut after a line break. The pieces of the tokens are `text`, byte for byte.
    ///
    /// # Errors
    /// The vocabulary joins the line break with what follows, or cannot express the text.
    pub fn after_line_break(&self, text: &str) -> Result<Vec<LlamaToken>, String> {
        let all = self.vocab.tokenize(format!("\n{text}").as_bytes(), false, false);
        let tokens = all
            .strip_prefix(self.line_break.as_slice())
            .ok_or_else(|| format!("the vocabulary joins a line break with what follows it in {text:?}"))?;
        let mut bytes = Vec::with_capacity(text.len());
        for token in tokens {
            bytes.extend(self.piece(*token));
        }
        if bytes == text.as_bytes() {
            Ok(tokens.to_vec())
        } else {
            Err(format!("the vocabulary cannot express {text:?}"))
        }
    }

    /// The bytes of a token.
    pub fn piece(&self, token: LlamaToken) -> Vec<u8> {
        self.vocab.token_to_piece(token, false, None)
    }
}
