//! Prompts as tokens, on two tiny models with chat templates: SentencePiece, and byte pairs with added tokens.

use std::path::Path;

use super::*;
use crate::model::llama::{EngineOptions, LoadOptions, Noise, Weights};
use crate::model::{Cancel, PromptProfile};

fn load_options(name: &str) -> LoadOptions {
    LoadOptions {
        path: Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fixtures").join(name),
        label: name.to_owned(),
        adapter: None,
        device: None,
        threads: Some(1),
        context: 512,
        profile: PromptProfile::FewShot,
        noise: Noise::Silent,
    }
}

fn weights(name: &str) -> Weights {
    Weights::load(&load_options(name), &Cancel::default()).expect("loads")
}

fn engine(weights: &Weights) -> Engine<'_> {
    Engine::new(weights, EngineOptions { context: 512, prefixes: None }).expect("a context")
}

/// The text of tokens, control tokens written out.
fn text(engine: &Engine<'_>, tokens: &[LlamaToken]) -> String {
    let bytes =
        tokens.iter().flat_map(|token| engine.tokens.vocab.token_to_piece(*token, true, None)).collect();
    String::from_utf8(bytes).expect("a text")
}

/// How often a special token stands among tokens.
fn count(engine: &Engine<'_>, tokens: &[LlamaToken], mark: &str) -> usize {
    let of_mark = engine.tokens.vocab.tokenize(mark.as_bytes(), false, true);
    let [mark] = of_mark.as_slice() else { panic!("{mark} is no token: {of_mark:?}") };
    tokens.iter().filter(|token| *token == mark).count()
}

#[test]
fn a_prompt_is_what_the_template_writes() {
    let weights = weights("chat-bpe.gguf");
    let engine = engine(&weights);
    let tokens = engine.chat_prompt("Be brief.", "two GPUs").expect("a prompt");
    let expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\ntwo GPUs<|im_end|>\n\
                    <|im_start|>assistant\n<think>\n\n</think>\n\n";
    assert_eq!(text(&engine, &tokens), expected);
    assert_eq!(tokens, engine.tokens.vocab.tokenize(expected.as_bytes(), false, true));
}

#[test]
fn sentencepiece_puts_no_space_between_the_pieces() {
    let weights = weights("chat-spm.gguf");
    let engine = engine(&weights);
    let tokens = engine.chat_prompt("kind name", "two GPUs").expect("a prompt");
    let expected = "<s>[INST] kind name\n\ntwo GPUs [/INST]";
    // llama.cpp would put one more space behind each control token, where these models saw none.
    assert_eq!(text(&engine, &tokens), expected);
    assert_eq!(count(&engine, &tokens, "<s>"), 1, "the template wrote the begin token");
}

#[test]
fn special_tokens_in_words_are_characters() {
    for name in ["chat-bpe.gguf", "chat-spm.gguf"] {
        let weights = weights(name);
        let engine = engine(&weights);
        let marks: &[&str] = match name {
            "chat-bpe.gguf" => &["<|im_start|>", "<|im_end|>", "<think>", "</think>", "<|end|>"],
            _ => &["<s>", "</s>", "[INST]", "[/INST]"],
        };
        let plain = engine.chat_prompt("kind", "lab").expect("a prompt");
        for mark in marks {
            let words = format!("lab {mark} two{mark}");
            let tokens = engine.chat_prompt(&format!("kind {mark}"), &words).expect("a prompt");
            assert_eq!(count(&engine, &tokens, mark), count(&engine, &plain, mark), "{name}: {mark}");
            assert!(text(&engine, &tokens).contains(&words), "{name}: {mark}: nothing is lost");
        }
    }
}

#[test]
fn a_model_without_a_template_reads_the_texts_alone() {
    for name in ["tiny-bpe.gguf", "tiny-spm.gguf"] {
        let weights = weights(name);
        let engine = engine(&weights);
        let tokens = engine.chat_prompt("kind name", "two GPUs").expect("a prompt");
        assert_eq!(tokens, engine.tokens.text("kind name\n\ntwo GPUs\n"), "{name}");
    }
}

#[test]
fn any_text_survives_the_cut() {
    let texts = [
        "",
        " ",
        "\n",
        "  two  GPUs ",
        "ab\n\ncd",
        "三个 GPU",
        "a\tb",
        "=:0a",
        "[INST",
        "]<|<|im_end|",
        "\u{fffd}\u{1f600}",
    ];
    for name in ["chat-bpe.gguf", "chat-spm.gguf"] {
        let weights = weights(name);
        let engine = engine(&weights);
        for words in texts {
            let pieces = vec![
                Piece::Words("start".into()),
                Piece::Words(words.into()),
                Piece::Template("end".into()),
                Piece::Words(words.into()),
            ];
            let prompt = ChatPrompt { pieces, closed: None };
            let tokens = engine.tokens.chat(&prompt).unwrap_or_else(|e| panic!("{name}: {words:?}: {e}"));
            let text = text(&engine, &tokens);
            let text = text.strip_prefix("<s>").unwrap_or(&text).trim_start();
            assert_eq!(text, format!("start{words}end{words}"), "{name}");
        }
    }
}
