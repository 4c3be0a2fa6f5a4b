//! Which number of a request belongs to which field: the one that stands nearest to a word for the field, in the same
//! clause. `40 completions, 8 at a time` leaves a model no choice that it could get wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::leaf::is_timed;
use super::rules::Rules;
use super::said::Said;
use crate::schema::Node;

/// What ends a clause besides punctuation.
const BETWEEN: [&str; 6] = [" and ", " then ", " plus ", "并且", "然后", "以及"];

/// What stands between the bounds of a range.
const RANGES: [&str; 9] = ["to", "up to", "-", "–", "~", "and up to", "到", "至", "个到"];

/// Fields for the two bounds of a range.
const BOUNDS: [(&str, &str); 2] = [("minReplicas", "maxReplicas"), ("minReplicaCount", "maxReplicaCount")];

/// How deep fields are looked for.
const DEEP: usize = 10;

/// The numbers that words for fields stand beside.
#[derive(Debug, Clone, Default)]
pub(super) struct Near {
    by_field: BTreeMap<String, Vec<i64>>,
}

impl Near {
    /// Reads a request for an object of a kind: only its fields count.
    pub fn of(said: &Said, rules: &Rules, kind: Node<'_>) -> Self {
        let clauses = clauses(said.text());
        let fields = fields(kind);
        let by_field = rules.due.iter().filter(|(field, _)| fields.contains(field.as_str())).filter_map(
            |(field, words)| {
                let numbers = numbers(said, &clauses, words, field);
                (!numbers.is_empty()).then(|| (field.clone(), numbers))
            },
        );
        let mut near = Self { by_field: by_field.collect() };
        near.add_ranges(said, &fields);
        near
    }

    /// `2 up to 6`: of two numbers with nothing but such words between them the first is the least, the second the most.
    fn add_ranges(&mut self, said: &Said, fields: &BTreeSet<&str>) {
        let mut numbers: Vec<(usize, i64)> = said
            .numbers
            .iter()
            .filter(|number| !number.seconds)
            .flat_map(|number| number.at.iter().map(|at| (*at, number.value)))
            .collect();
        numbers.sort_unstable();
        for pair in numbers.windows(2) {
            let [(first, least), (second, most)] = pair else { continue };
            let between = said.text().get(*first..*second).unwrap_or_default();
            let between = between.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim();
            if !RANGES.contains(&between) || least >= most {
                continue;
            }
            for (field, value) in BOUNDS
                .iter()
                .flat_map(|(low, high)| [(low, *least), (high, *most)])
                .filter(|(field, _)| fields.contains(**field))
            {
                self.by_field.insert((*field).to_owned(), vec![value]);
            }
        }
    }

    /// The numbers beside the words for a field.
    pub fn to(&self, field: &str) -> &[i64] {
        self.by_field.get(field).map_or(&[], Vec::as_slice)
    }

    /// Whether a number stands beside the words for another field.
    pub fn is_another_s(&self, field: &str, number: i64) -> bool {
        self.by_field.iter().any(|(other, numbers)| other != field && numbers.contains(&number))
    }
}

fn numbers(said: &Said, clauses: &[(usize, usize)], words: &[String], field: &str) -> Vec<i64> {
    let seconds = is_timed(field);
    // `min 3 max 12`: bounds stand behind their words.
    let behind = field.starts_with("min") || field.starts_with("max");
    let mut found = Vec::new();
    for word in words {
        for at in said.places(word) {
            // `two GPUs per replica` is no number of replicas.
            if said.text().get(..at).is_some_and(|head| head.ends_with("per ") || head.ends_with("each ")) {
                continue;
            }
            let Some((from, to)) = clauses.iter().find(|(from, to)| (*from..*to).contains(&at)) else {
                continue;
            };
            // `10 restarts`: the number of what is counted stands in front.
            let behind = behind && !field.to_lowercase().contains(word.as_str());
            let nearest = said
                .numbers
                .iter()
                .filter(|number| number.seconds == seconds)
                .flat_map(|number| number.at.iter().map(move |place| (*place, number.value)))
                .filter(|(place, _)| (*from..*to).contains(place) && (!behind || *place > at))
                .min_by_key(|(place, _)| place.abs_diff(at));
            if let Some((_, value)) = nearest
                && !found.contains(&value)
            {
                found.push(value);
            }
        }
    }
    found
}

/// The fields of a kind that hold numbers, at any depth that matters.
fn fields(kind: Node<'_>) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut todo = vec![(kind, 0)];
    while let Some((node, depth)) = todo.pop() {
        let inner = node.items().or_else(|| node.values());
        todo.extend(inner.filter(|_| depth < DEEP).map(|inner| (inner, depth + 1)));
        for (field, child) in node.properties() {
            let number = matches!(child.schema().type_name.as_deref(), Some("integer" | "number"));
            if number || child.is_int_or_string() {
                found.insert(field);
            }
            if depth < DEEP {
                todo.push((child, depth + 1));
            }
        }
    }
    found
}

/// Beginnings and ends.
fn clauses(text: &str) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = text
        .char_indices()
        .filter(|(at, c)| match c {
            ',' | ';' | '，' | '；' | '。' | '、' | '(' | ')' | '（' | '）' | '\n' => true,
            '.' | ':' => text.as_bytes().get(at + 1).is_none_or(u8::is_ascii_whitespace),
            '：' => true,
            _ => false,
        })
        .map(|(at, _)| at)
        .collect();
    ends.extend(BETWEEN.iter().flat_map(|word| text.match_indices(word).map(|(at, _)| at)));
    ends.push(text.len());
    ends.sort_unstable();
    let mut from = 0;
    let mut found = Vec::new();
    for end in ends {
        found.push((from, end));
        from = end;
    }
    found
}
