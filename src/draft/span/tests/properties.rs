//! What holds for every text.

use proptest::prelude::*;

use super::super::{clauses, flags, language, negations};
use super::read;

/// Texts that look like requests: fragments of the grammar, glued in any order, with anything in between.
fn request() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just("two GPUs ".to_owned()),
        Just("64GB".to_owned()),
        Just("每天凌晨两点".to_owned()),
        Just("run python train.py --epochs 3".to_owned()),
        Just("nginx:1.27".to_owned()),
        Just("no ".to_owned()),
        Just("不要".to_owned()),
        Just(" and a postgres ".to_owned()),
        Just("\"".to_owned()),
        Just("`".to_owned()),
        Just("“".to_owned()),
        Just("KEY=".to_owned()),
        Just("each".to_owned()),
        Just("A100-80G".to_owned()),
        Just("半".to_owned()),
        Just("/".to_owned()),
        Just(":".to_owned()),
        Just("’s".to_owned()),
        Just("999999999999999999999999".to_owned()),
        "[ -~]{0,8}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(fragment, 0..10).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_places_of_the_text(text in request()) {
        let spans = read(&text);
        for span in &spans {
            prop_assert!(span.start < span.end);
            prop_assert_eq!(text.get(span.start..span.end), Some(span.text.as_str()));
            prop_assert!(!span.text.trim().is_empty() || span.kind == crate::pattern::SlotType::Text);
            prop_assert!(!span.value.is_null());
        }
        prop_assert!(spans.windows(2).all(|pair| pair[0].start <= pair[1].start));
        prop_assert_eq!(&spans, &read(&text));
    }

    #[test]
    fn the_other_readings_stay_in_the_text_too(text in request()) {
        for negation in negations(&text, 0) {
            prop_assert!(text.get(negation.start..negation.end).is_some());
            prop_assert!(negation.start <= negation.governed && negation.governed < negation.end);
        }
        let mut last = 0;
        for clause in clauses(&text) {
            prop_assert!(clause.start >= last && text.get(clause.clone()).is_some());
            last = clause.end;
        }
        language(&text);
        for span in flags(&text, 0, &["gpu".to_owned(), "半".to_owned()]) {
            prop_assert_eq!(text.get(span.start..span.end), Some(span.text.as_str()));
        }
    }

    #[test]
    fn names_are_dns_labels(text in request()) {
        use crate::pattern::SlotType;
        for span in read(&text) {
            if matches!(span.kind, SlotType::Name | SlotType::Person) {
                let label = span.value.as_str().unwrap_or("");
                prop_assert!(!label.is_empty() && label.len() <= 63, "{label}");
                prop_assert!(!label.starts_with('-') && !label.ends_with('-'), "{label}");
                prop_assert!(label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{label}");
            }
        }
    }
}
