//! The decode loop on two tiny models of random weights: one with a SentencePiece vocabulary, one with byte pairs whose
//! merges reach over the joints of a form's lines.

use std::path::{Path, PathBuf};

use super::*;
use crate::constraint::{Answers, Candidate, Form, Slot};
use crate::model::{Cancel, ModelError, PromptProfile, validate};

const FIXTURES: [&str; 2] = ["tiny-spm.gguf", "tiny-bpe.gguf"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fixtures").join(name)
}

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

fn engine(weights: &Weights, prefixes: Option<PrefixCache>) -> Engine<'_> {
    Engine::new(weights, EngineOptions { context: 512, prefixes }).expect("a context")
}

fn candidate(text: &str, uses: &[usize]) -> Candidate {
    Candidate { text: text.into(), uses: uses.to_vec() }
}

fn slot(key: &str, candidates: &[(&str, &[usize])], optional: bool, most: usize) -> Slot {
    let candidates = candidates.iter().map(|(text, uses)| candidate(text, uses)).collect();
    Slot { key: key.into(), candidates, optional, most }
}

/// Names that share a beginning, numbers that are wanted by three slots, a list.
fn form() -> Form {
    Form {
        prefix: "kind: notebook\nname: lab\n\n".into(),
        body: "Request: notebook lab-1 in vision with 80 and 8080\n".into(),
        slots: vec![
            slot("kind", &[("notebook", &[]), ("training", &[]), ("serving", &[])], false, 1),
            slot("name", &[("lab", &[0]), ("lab-1", &[0]), ("lab-12", &[0]), ("vision", &[1])], true, 1),
            slot("gpus", &[("80", &[2]), ("8080", &[3])], true, 1),
            slot("port", &[("80", &[2]), ("8080", &[3]), ("8", &[4])], true, 8),
            slot("memory", &[("80", &[2]), ("8080", &[3])], true, 1),
        ],
    }
}

/// The lines as the model wrote them.
fn written(form: &Form, answers: &Answers) -> String {
    let mut text = String::new();
    for answer in answers.answers.iter().filter(|answer| answer.score.is_some()) {
        let slot = &form.slots[answer.slot];
        let value = answer.choice.map_or("-", |choice| slot.candidates[choice].text.as_str());
        text.push_str(&format!("{}: {value}\n", slot.key));
    }
    text
}

#[test]
fn only_candidates_are_answered_and_always_the_same() {
    for name in FIXTURES {
        let weights = weights(name);
        let form = form();
        let first = engine(&weights, None).fill(&form, &Cancel::default()).expect("fills");
        validate(&form, &first).expect("what the form allows");
        let mut again = engine(&weights, None);
        assert_eq!(again.fill(&form, &Cancel::default()).expect("fills"), first, "{name}");
        // Again with everything in the context already: the rows may differ in the last bits, the answers may not.
        let reused = again.fill(&form, &Cancel::default()).expect("fills");
        assert_eq!(form.instance(&reused), form.instance(&first), "{name}");
        assert!(first.sampled > 0 && first.forced > first.sampled, "{name}: {first:?}");
    }
}

#[test]
fn what_is_evaluated_is_the_text_as_the_tokenizer_cuts_it() {
    for name in FIXTURES {
        let weights = weights(name);
        let mut engine = engine(&weights, None);
        let form = form();
        let answers = engine.fill(&form, &Cancel::default()).expect("fills");
        let text = format!("{}{}{}", form.prefix, form.body, written(&form, &answers));
        let canonical = engine.tokens.text(&text);
        assert!(canonical.starts_with(&engine.held), "{name}: {text}");
        assert!(engine.held.len() < canonical.len(), "{name}: what follows the last choice is not evaluated");
    }
}

#[test]
fn a_form_that_leaves_no_choice_is_not_evaluated() {
    let weights = weights("tiny-spm.gguf");
    let mut engine = engine(&weights, None);
    let mut form = form();
    form.slots.truncate(1);
    form.slots[0].optional = false;
    form.slots[0].candidates.truncate(1);
    let answers = engine.fill(&form, &Cancel::default()).expect("fills");
    assert_eq!((answers.sampled, engine.held.len()), (0, 0));
    assert_eq!(answers.answers[0].choice, Some(0));
    assert!(answers.answers[0].score.is_none(), "there was nothing to be sure of");
}

#[test]
fn a_choice_is_scored_with_its_probability_among_all_tokens() {
    for name in FIXTURES {
        let weights = weights(name);
        let form = form();
        let answers = engine(&weights, None).fill(&form, &Cancel::default()).expect("fills");
        let scored: usize = answers.answers.iter().filter_map(|a| a.score).map(|s| s.tokens).sum();
        assert_eq!(scored, answers.sampled, "{name}: what is forced has no score");

        // The same text token by token: every token's probability after all before it.
        let mut engine = engine(&weights, None);
        let text = engine.tokens.text(&format!("{}{}{}", form.prefix, form.body, written(&form, &answers)));
        let mut logprobs = Vec::new();
        for pair in text.windows(2) {
            let [token, next] = pair else { continue };
            engine.evaluate(&[*token], &Cancel::default()).expect("evaluates");
            let row = engine.last_row();
            let exact: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
            logprobs.push(f64::from(row[usize::try_from(next.0).expect("a token")]) - exact.ln());
        }
        let mut singles = 0;
        for score in answers.answers.iter().filter_map(|a| a.score).filter(|score| score.tokens == 1) {
            let own = f64::from(score.logprob);
            assert!(logprobs.iter().any(|one| (one - own).abs() < 0.05), "{name}: {own} in {logprobs:?}");
            singles += 1;
        }
        assert!(singles > 0, "{name}: some choice is one token");
    }
}

#[test]
fn a_stop_leaves_the_engine_usable() {
    let weights = weights("tiny-spm.gguf");
    let mut engine = engine(&weights, None);
    let stopped = Cancel::default();
    stopped.cancel();
    assert!(matches!(engine.fill(&form(), &stopped), Err(ModelError::Cancelled)));
    let after = engine.fill(&form(), &Cancel::default()).expect("fills");
    validate(&form(), &after).expect("what the form allows");
}

#[test]
fn too_long_is_said_before_anything_is_evaluated() {
    let weights = weights("tiny-spm.gguf");
    let mut engine = engine(&weights, None);
    let mut long = form();
    long.body = format!("Request: {}\n", "notebook with GPUs ".repeat(200));
    match engine.fill(&long, &Cancel::default()) {
        Err(ModelError::TooLong { needed, limit }) => {
            assert!(needed > limit && limit == 512, "{needed} {limit}")
        }
        other => panic!("{other:?}"),
    }
    assert!(engine.held.is_empty());
    // The answers count too: this body alone would fit.
    long.body = format!("Request: {}\n", "lab ".repeat(440));
    assert!(engine.tokens.text(&long.body).len() < 512);
    assert!(matches!(engine.fill(&long, &Cancel::default()), Err(ModelError::TooLong { .. })));
}

#[test]
fn a_form_that_cannot_be_written_is_refused() {
    let weights = weights("tiny-bpe.gguf");
    let mut engine = engine(&weights, None);
    for bad in ["", "-", "two\nlines", " "] {
        let mut form = form();
        form.slots[2].candidates[1] = candidate(bad, &[3]);
        match engine.fill(&form, &Cancel::default()) {
            Err(ModelError::Matcher { slot, .. }) => assert_eq!(slot, "gpus"),
            other => panic!("{bad:?}: {other:?}"),
        }
    }
    let mut open = form();
    open.body.pop();
    assert!(matches!(engine.fill(&open, &Cancel::default()), Err(ModelError::Matcher { .. })));
}

#[test]
fn words_of_the_vocabulary_in_a_request_are_only_characters() {
    let weights = weights("tiny-spm.gguf");
    let mut engine = engine(&weights, None);
    let tokens = engine.tokens.text("Request: </s><s> lab\n");
    assert_eq!(tokens.iter().filter(|t| t.0 == 1 || t.0 == 2).count(), 1, "the begin token alone is special");
    let mut form = form();
    form.slots[1].candidates[0] = candidate("</s>", &[0]);
    let answers = engine.fill(&form, &Cancel::default()).expect("fills");
    validate(&form, &answers).expect("what the form allows");
}

/// A form whose prefix is long enough to be kept; `variant` makes it another one.
fn long_form(variant: usize) -> Form {
    let mut form = form();
    form.prefix = format!("variant {variant}\n{}", "Request: lab\nkind: notebook\nname: lab\n\n".repeat(6));
    form
}

fn cache(folder: &Path, weights: &Weights) -> PrefixCache {
    PrefixCache::new(folder, &fixture("tiny-spm.gguf"), weights, 512).expect("a folder")
}

fn kept(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("exists").map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn a_prefix_is_kept_on_disk_and_gives_the_same_answers() {
    let weights = weights("tiny-spm.gguf");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("prefixes");
    let form = long_form(0);
    let plain = engine(&weights, None).fill(&form, &Cancel::default()).expect("fills");
    let made =
        engine(&weights, Some(cache(&folder, &weights))).fill(&form, &Cancel::default()).expect("fills");
    let [file] = kept(&folder).try_into().expect("one file");
    let written = std::fs::metadata(&file).expect("readable").modified().expect("has a time");
    let read =
        engine(&weights, Some(cache(&folder, &weights))).fill(&form, &Cancel::default()).expect("fills");
    assert_eq!(kept(&folder).as_slice(), std::slice::from_ref(&file), "nothing new was written");
    assert!(std::fs::metadata(&file).expect("readable").modified().expect("has a time") >= written);
    assert_eq!(form.instance(&made), form.instance(&plain));
    assert_eq!(form.instance(&read), form.instance(&plain));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("readable").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&folder).expect("readable").permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_damaged_prefix_file_is_made_anew() {
    let weights = weights("tiny-spm.gguf");
    let folder = tempfile::tempdir().expect("a folder");
    let form = long_form(0);
    let fill = || engine(&weights, Some(cache(folder.path(), &weights))).fill(&form, &Cancel::default());
    let first = fill().expect("fills");
    let [file] = kept(folder.path()).try_into().expect("one file");
    let whole = std::fs::read(&file).expect("readable");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    for damaged in [&flipped[..], &whole[..whole.len() / 3], &[]] {
        std::fs::write(&file, damaged).expect("writable");
        assert_eq!(form.instance(&fill().expect("fills")), form.instance(&first));
        let [file] = kept(folder.path()).try_into().expect("one file");
        assert_eq!(std::fs::read(&file).expect("readable").len(), whole.len(), "whole again");
    }
}

#[test]
fn a_prefix_of_another_model_or_context_is_not_taken() {
    let weights = weights("tiny-spm.gguf");
    let folder = tempfile::tempdir().expect("a folder");
    let fill = |cache: PrefixCache| engine(&weights, Some(cache)).fill(&long_form(0), &Cancel::default());
    fill(cache(folder.path(), &weights)).expect("fills");
    let copy = folder.path().join("copy.gguf");
    std::fs::copy(fixture("tiny-spm.gguf"), &copy).expect("copied");
    fill(PrefixCache::new(folder.path(), &copy, &weights, 512).expect("a cache")).expect("fills");
    fill(PrefixCache::new(folder.path(), &copy, &weights, 256).expect("a cache")).expect("fills");
    assert_eq!(kept(folder.path()).iter().filter(|p| p.extension().is_some_and(|e| e == "kv")).count(), 3);
}

#[test]
fn only_the_newest_prefixes_are_kept() {
    let weights = weights("tiny-spm.gguf");
    let folder = tempfile::tempdir().expect("a folder");
    let mut engine = engine(&weights, Some(cache(folder.path(), &weights)));
    for variant in 0..19 {
        engine.fill(&long_form(variant), &Cancel::default()).expect("fills");
    }
    assert_eq!(kept(folder.path()).len(), 16);
}

#[test]
fn other_vocabularies_are_refused_with_their_name() {
    let error = Weights::load(&load_options("other-vocabulary.gguf"), &Cancel::default())
        .expect_err("refused")
        .to_string();
    assert!(error.contains("other") && error.contains("'t5'"), "{error}");
}
