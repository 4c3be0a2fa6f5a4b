//! The rules applied to one request.

use serde::{Deserialize, Serialize};

use super::change;
use super::cues::{Cues, Decline, cues};
use super::kinds::{self, KindNames, Named, PatternNames};
use super::reason::DeclineCode;
use crate::draft::span::{Language, Negation, Span, language, negations};
use crate::draft::{Declined, Verb};
use crate::pattern::SlotType;

/// An object that the target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingObject {
    /// `Deployment`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
}

/// What the rules may know beside the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleContext<'a> {
    /// Objects that the target has.
    pub objects: &'a [ExistingObject],
    /// The native kinds that can be drafted.
    pub kinds: &'a [KindNames],
    /// The patterns.
    pub patterns: &'a [PatternNames],
    /// True for a turn that answers or adds to a draft at hand: `remove the disk`, `two`, `vision` are then sensible.
    pub follow_up: bool,
}

/// What code says of a request before any model.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Narrowed {
    /// Set where the request is declined, whatever a model would say.
    pub declined: Option<Declined>,
    /// The same as a value of the closed list.
    pub code: Option<DeclineCode>,
    /// The show verbs that fit its words; empty unless it is a question that speaks of cluster things. Most specific first.
    pub routes: Vec<Verb>,
    /// It is a question and asks for nothing new: only `routes` (or a decline) can be its outcome, where there are any.
    pub question: bool,
    /// Native kinds that are named by their Kubernetes name, plural, short name or Chinese name.
    pub native: Vec<Named>,
    /// Patterns whose cue words stand in it.
    pub patterns: Vec<Named>,
    /// Existing objects that it names.
    pub existing: Vec<ExistingObject>,
    /// It would change or delete something that exists.
    pub change_of_existing: bool,
    /// It has a schedule: a CronJob, and nothing else, is meant by the thing that runs.
    pub scheduled: bool,
    /// The language to answer in.
    pub language: Language,
}

impl Narrowed {
    /// The native kinds that the request asks for by name, without doubt.
    pub fn native_kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = Vec::new();
        for named in self.native.iter().filter(|named| named.certain) {
            if !kinds.contains(&named.kind.as_str()) {
                kinds.push(&named.kind);
            }
        }
        kinds
    }
}

/// Applies the rules. `spans` are those of [`crate::draft::span::lex`] for the same text.
pub fn narrow(request: &str, spans: &[Span], context: &RuleContext<'_>) -> Narrowed {
    let language = language(request);
    let mut narrowed = Narrowed { language, ..Narrowed::default() };
    let cues = match cues() {
        Ok(cues) => cues,
        Err(_) => return decline(narrowed, DeclineCode::RulesUnavailable),
    };
    let bare = mask_quotes(request);
    narrowed.patterns = kinds::patterns(&bare, context.patterns);
    narrowed.native = kinds::native(&bare, context.kinds, &narrowed.patterns);
    narrowed.scheduled = spans.iter().any(|span| span.kind == SlotType::Schedule && !span.negated);
    let existing = change::existing(request, context.objects);
    narrowed.existing = existing.iter().map(|(object, _)| object.clone()).collect();
    if let Some(code) = senseless(request, spans, &narrowed, context) {
        return decline(narrowed, code);
    }
    let negations = negations(request, 0);
    for rule in &cues.declines {
        let lone = rule.lone && speaks_of_work(spans, &narrowed);
        if !lone && hit(rule, if rule.quoted { request } else { &bare }, &negations) {
            return decline(narrowed, rule.code);
        }
    }
    narrowed.question = is_question(&bare, cues);
    let things = !narrowed.native.is_empty()
        || !narrowed.patterns.is_empty()
        || !narrowed.existing.is_empty()
        || spans.iter().any(|span| {
            matches!(span.kind, SlotType::GpuProduct) || (span.kind == SlotType::Name && span.strong)
        })
        || cues.cluster_things.matches(&bare);
    if narrowed.question && things {
        narrowed.routes = cues
            .routes
            .iter()
            .filter(|route| route.any.matches(&bare) && !route.unless.matches(&bare))
            .map(|route| route.verb)
            .collect();
    }
    narrowed.question &= !narrowed.routes.is_empty();
    if !narrowed.question
        && let Some(code) = change::judge(&bare, spans, cues, context, &existing)
    {
        narrowed.change_of_existing = code == DeclineCode::NotYet;
        return decline(narrowed, code);
    }
    narrowed
}

fn decline(mut narrowed: Narrowed, code: DeclineCode) -> Narrowed {
    narrowed.declined = Some(code.declined(narrowed.language));
    narrowed.code = Some(code);
    narrowed.routes.clear();
    narrowed
}

/// Whether a rule's phrase stands in the text, not negated, and no harmless reading beside it in its sentence.
fn hit(rule: &Decline, text: &str, negations: &[Negation]) -> bool {
    rule.any.all(text).into_iter().any(|(start, end)| {
        let negated = negations.iter().any(|negation| {
            negation.governs(start, end)
                || (negation.start < start && negation.governed <= start && start < negation.end)
        });
        !negated && !rule.unless.matches(sentence(text, start, end))
    })
}

/// The sentence around a place.
fn sentence(text: &str, start: usize, end: usize) -> &str {
    let stop = |c: char| matches!(c, '!' | '?' | '\n' | '。' | '！' | '？' | ';' | '；');
    let head = text.get(..start).unwrap_or("");
    let from = head
        .rfind(stop)
        .map(|at| at + head.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    let dot = head.rfind(". ").map(|at| at + 2);
    let from = from.max(dot).unwrap_or(0);
    let tail = text.get(end..).unwrap_or("");
    let to = tail.find(stop).unwrap_or(tail.len()).min(tail.find(". ").unwrap_or(tail.len()));
    text.get(from..end + to).unwrap_or(text)
}

/// No letters, one letter again and again, one word that means nothing.
fn senseless(
    request: &str,
    spans: &[Span],
    narrowed: &Narrowed,
    context: &RuleContext<'_>,
) -> Option<DeclineCode> {
    let letters: Vec<char> =
        request.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if context.follow_up {
        return letters.is_empty().then_some(DeclineCode::Nonsense);
    }
    let first = letters.first();
    let one_letter = letters.len() > 2 && letters.iter().all(|c| Some(c) == first);
    let no_words = !letters.iter().any(|c| c.is_alphabetic());
    if letters.is_empty()
        || one_letter
        || (no_words && spans.iter().all(|span| span.kind != SlotType::Schedule))
    {
        return Some(DeclineCode::Nonsense);
    }
    let single = request.split_whitespace().count() == 1
        && request.is_ascii()
        && narrowed.native.is_empty()
        && narrowed.patterns.is_empty()
        && !spans.iter().any(|span| {
            matches!(span.kind, SlotType::Software | SlotType::Image | SlotType::Model | SlotType::GpuProduct)
        });
    single.then_some(DeclineCode::Unclear)
}

/// Whether the request names anything that can be drafted, or amounts of it.
fn speaks_of_work(spans: &[Span], narrowed: &Narrowed) -> bool {
    !narrowed.native.is_empty()
        || !narrowed.patterns.is_empty()
        || spans.iter().any(|span| {
            matches!(
                span.kind,
                SlotType::GpuProduct
                    | SlotType::Image
                    | SlotType::Software
                    | SlotType::Quantity
                    | SlotType::Cpu
                    | SlotType::Command
            )
        })
}

/// A question: it begins like one or ends in a question mark, and does not ask for something to be made.
fn is_question(text: &str, cues: &Cues) -> bool {
    let asks = cues.question.at_start(text.trim_start()).is_some()
        || text.trim_end().ends_with(['?', '？'])
        || (language(text) == Language::Zh && cues.question.matches(text));
    let certain = cues.certain_question.at_start(text.trim_start()).is_some();
    asks && (certain || !cues.drafting.matches(text))
}

/// The text with everything in quotes replaced, byte for byte, by a letter: what is quoted is data.
fn mask_quotes(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut close: Option<char> = None;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match close {
            Some(end) if c == end => {
                close = None;
                masked.push(c);
            }
            Some(_) => masked.extend(std::iter::repeat_n('q', c.len_utf8())),
            None => {
                let end = match c {
                    '"' | '`' => Some(c),
                    '\'' if !last.is_alphanumeric() => Some('\''),
                    '“' => Some('”'),
                    '「' => Some('」'),
                    _ => None,
                };
                close =
                    end.filter(|end| text.get(at + c.len_utf8()..).is_some_and(|tail| tail.contains(*end)));
                masked.push(c);
            }
        }
        last = c;
    }
    masked
}
