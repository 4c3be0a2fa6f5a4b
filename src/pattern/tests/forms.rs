//! The forms of the shipped patterns: consistent keys and cues, and what the draft relies on.

use std::collections::BTreeMap;

use serde_json::json;

use super::spec;
use crate::pattern::{FormSlot, PatternSet, SlotType};

#[test]
fn a_key_means_the_same_in_every_form() {
    let mut meaning: BTreeMap<&str, (&str, &[SlotType])> = BTreeMap::new();
    for pattern in PatternSet::builtin().iter() {
        for slot in &pattern.form.slots {
            let known = meaning.entry(&slot.key).or_insert((&slot.parameter, &slot.types));
            assert_eq!(known.0, slot.parameter, "{}: {}", pattern.kind, slot.key);
            let common = slot.types.iter().any(|kind| known.1.contains(kind));
            assert!(common, "{}: '{}' is answered by other spans than elsewhere", pattern.kind, slot.key);
        }
    }
}

#[test]
fn cues_are_lower_case_and_in_both_languages() {
    let han = |text: &String| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for pattern in PatternSet::builtin().iter() {
        let cues = &pattern.form.cues;
        assert!(cues.iter().any(han), "{} has no Chinese cue", pattern.kind);
        assert!(cues.iter().any(|cue| !han(cue)), "{} has no English cue", pattern.kind);
        assert!(!pattern.form.title.zh.is_empty() && !pattern.description.is_empty(), "{}", pattern.kind);
        let slots = pattern.form.slots.iter().flat_map(|slot| &slot.cues);
        for cue in cues.iter().chain(slots) {
            assert_eq!(*cue, cue.to_lowercase(), "{}", pattern.kind);
            assert_eq!(cue.trim(), cue, "{}", pattern.kind);
            assert!(!cue.is_empty());
        }
    }
}

#[test]
fn no_form_offers_more_than_may_be_put_at_once() {
    for pattern in PatternSet::builtin().iter() {
        let core = |slot: &&FormSlot| slot.core;
        assert!(pattern.form.slots.len() <= 24, "{}", pattern.kind);
        assert!(pattern.form.slots.iter().filter(core).count() >= 1, "{}", pattern.kind);
        assert!(
            pattern.form.slot("name").is_some() && pattern.form.slot("owner").is_some(),
            "{}",
            pattern.kind
        );
        assert_eq!(pattern.form.slot("namespace").is_some(), pattern.form.namespaced, "{}", pattern.kind);
    }
}

#[test]
fn every_required_parameter_has_a_question_in_both_languages() {
    for pattern in PatternSet::builtin().iter() {
        for parameter in pattern.parameters.iter().filter(|parameter| parameter.required) {
            let slot = pattern.form.slots.iter().find(|slot| slot.parameter == parameter.name).unwrap();
            assert!(slot.ask.is_some() && slot.ask_zh.is_some(), "{}: {}", pattern.kind, slot.key);
        }
    }
}

#[test]
fn software_answers_the_question_for_an_image() {
    let web = PatternSet::builtin().get("WebService").unwrap();
    let open = |values| web.open(&spec(values)).iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(open(json!({})), ["image"]);
    assert!(open(json!({ "software": "postgres" })).is_empty());
    assert!(open(json!({ "image": "a/b:1" })).is_empty());
    let storage = PatternSet::builtin().get("Storage").unwrap();
    assert_eq!(storage.open(&spec(json!({ "size": null })))[0].name, "size");
}

#[test]
fn a_line_for_the_person() {
    let set = PatternSet::builtin();
    let line = |kind: &str, values| {
        let pattern = set.get(kind).unwrap();
        pattern.summary(&pattern.complete("x", None, &spec(values)).unwrap().spec)
    };
    assert_eq!(
        line("Notebook", json!({ "gpus": 2, "gpuType": "H100" })),
        "Notebook · 2 × H100 · PyTorch · 4 CPU · 16Gi memory · 50Gi home"
    );
    assert_eq!(
        line("TrainingJob", json!({ "command": ["python", "train.py"], "gpus": 8, "nodes": 2 })),
        "Training job · 2 nodes · 8 × GPU each node · python train.py · at most 1d"
    );
    assert_eq!(
        line("WebService", json!({ "software": "postgres 16" })),
        "postgres 16 · postgres:16 · port 5432 · 10Gi disk"
    );
    assert_eq!(line("Namespace", json!({})), "Namespace · baseline");
}
