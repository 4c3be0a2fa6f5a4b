//! Requests that would change or delete something that exists.

use super::cues::Cues;
use super::narrow::{ExistingObject, RuleContext};
use super::reason::DeclineCode;
use crate::draft::span::scan::{word_after, word_before};
use crate::draft::span::{Span, find_cue};
use crate::pattern::SlotType;

/// The existing objects that a request names, with their places, in its order. `a redis` does not name the object
/// `redis`, and neither does `called redis`.
pub(super) fn existing(text: &str, objects: &[ExistingObject]) -> Vec<(ExistingObject, usize)> {
    const NEW: &[&str] = &[
        "a", "an", "another", "new", "called", "named", "one", "two", "three", "it", "name", "for", "with",
        "using",
    ];
    // "web app" is not the object "web".
    const DESCRIBED: &[&str] = &[
        "app",
        "apps",
        "application",
        "service",
        "services",
        "server",
        "site",
        "interface",
        "ui",
        "page",
        "api",
        "console",
        "hook",
        "cache",
        "database",
        "cluster",
        "image",
        "queue",
        "job",
        "data",
        "notebook",
        "training",
        "endpoint",
    ];
    let mut found: Vec<(ExistingObject, usize)> = Vec::new();
    for object in objects.iter().filter(|object| object.name.len() > 1) {
        let place = find_cue(text, &object.name).into_iter().find(|(start, end)| {
            let joined = text.get(..*start).is_some_and(|head| head.ends_with(['-', '/', '.', '_', '=']))
                || text.get(*end..).is_some_and(|tail| tail.starts_with(['-', '/', '_', '=', ':']));
            let plain = object.name.chars().all(|c| c.is_ascii_alphabetic());
            let before = word_before(text, *start);
            let described = plain && DESCRIBED.contains(&word_after(text, *end).as_str());
            let chinese_article = text.get(..*start).is_some_and(|head| head.trim_end().ends_with('个'));
            !joined && !described && !(plain && (NEW.contains(&before.as_str()) || chinese_article))
        });
        if let Some((start, _)) = place {
            found.push((object.clone(), start));
        }
    }
    found.sort_by_key(|(_, start)| *start);
    found
}

/// Whether the request as a whole deletes or changes something that exists, and with which code that is declined.
/// `existing` are the objects that it names. In a follow-up the draft at hand is what is changed.
pub(super) fn judge(
    text: &str,
    spans: &[Span],
    cues: &Cues,
    context: &RuleContext<'_>,
    existing: &[(ExistingObject, usize)],
) -> Option<DeclineCode> {
    let body = skip_openers(text, cues);
    let offset = text.len() - body.len();
    // "scale-out" is no verb.
    let begins = |phrases: &super::phrase::Phrases| {
        phrases.at_start(body).filter(|end| !body.get(*end..).unwrap_or("").starts_with('-'))
    };
    if let Some(end) = begins(&cues.deletion) {
        if !existing.is_empty() {
            return Some(DeclineCode::NotYet);
        }
        let tail = body.get(end..).unwrap_or("");
        if context.follow_up
            || !points_at_object(tail, context)
            || !speaks_of_objects(tail, spans, offset + end)
        {
            return None;
        }
        let named = spans.iter().any(|span| {
            span.kind == SlotType::Name
                && span.start >= offset + end.min(1)
                && (span.strong || span.text.contains('-') || follows_kind(text, span, context))
        });
        return Some(if named { DeclineCode::NotYet } else { DeclineCode::UnnamedDeletion });
    }
    if let Some(end) = begins(&cues.change) {
        if !existing.is_empty() {
            return Some(DeclineCode::NotYet);
        }
        let next = word_after(body, end);
        let owned = ["my", "the", "our", "this", "that", "it"].contains(&next.as_str());
        let second = word_after(
            body,
            end + body.get(end..).map_or(0, |tail| tail.len() - tail.trim_start().len()) + next.len(),
        );
        // "scale web to 5 replicas": one thing that is there already, whatever it is.
        let third = body.get(end..).unwrap_or("").split_whitespace().nth(1).unwrap_or("");
        let one_to = !matches!(next.as_str(), "a" | "an" | "up" | "down" | "out" | "")
            && third.eq_ignore_ascii_case("to")
            && spans.iter().any(|span| matches!(span.kind, SlotType::Count | SlotType::Quantity));
        let numbered = |word: &str| word.contains('-') && word.chars().any(|c| c.is_ascii_digit());
        let labelled = numbered(&next)
            || numbered(&second)
            || spans.iter().any(|span| {
                let near = (offset + end..offset + end + 16).contains(&span.start);
                let label = span.text.contains('-') || span.text.eq_ignore_ascii_case(&next);
                span.kind == SlotType::Name && !span.negated && near && label
            });
        // "stop the notebook after 8 hours" says how long a new one lives.
        let lifetime =
            spans.iter().any(|span| span.kind == SlotType::Duration) && !find_cue(body, "after").is_empty();
        if !context.follow_up && !lifetime && (owned || labelled || one_to) {
            return Some(DeclineCode::NotYet);
        }
    }
    let named_first = existing.first().is_some_and(|(object, start)| {
        *start <= offset + 2 && changes_subject(text.get(start + object.name.len()..).unwrap_or(""))
    });
    if !existing.is_empty() && (begins(&cues.change_of_named).is_some() || named_first) {
        return Some(DeclineCode::NotYet);
    }
    None
}

/// `mira-dev needs two more GPUs`, `mira-dev 扩到4张卡`.
fn changes_subject(tail: &str) -> bool {
    let next = word_after(tail, 0);
    let second = word_after(tail, tail.len() - tail.trim_start().len() + next.len());
    matches!(next.as_str(), "needs" | "wants" | "requires")
        || (matches!(next.as_str(), "should" | "must")
            && matches!(second.as_str(), "have" | "get" | "use" | "run" | "be"))
        || ["扩", "缩", "改", "加", "换", "升级", "重启", "需要", "要加", "停", "调"]
            .iter()
            .any(|verb| tail.trim_start().starts_with(verb))
}

/// Politeness and the like before the verb: `please`, `can you`, `帮我`.
fn skip_openers<'t>(text: &'t str, cues: &Cues) -> &'t str {
    let mut body = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    for _ in 0..4 {
        match cues.openers.at_start(body) {
            Some(end) => {
                body = body
                    .get(end..)
                    .unwrap_or("")
                    .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ':' | '：'));
            }
            None => break,
        }
    }
    body
}

/// Whether the verb is followed by something that can be an object: `it`, `my …`, a kind, a pattern, a name; not
/// `drop all privileges`.
fn points_at_object(tail: &str, context: &RuleContext<'_>) -> bool {
    let next = word_after(tail, 0);
    let near: String = tail.chars().take(24).collect();
    tail.trim().is_empty()
        || ["it", "this", "that", "them", "those", "my", "our", "the", "one", "his", "her"]
            .contains(&next.as_str())
        || next.contains('-')
        || ["它", "这个", "那个", "我的", "这", "那"].iter().any(|word| tail.contains(word))
        || !super::kinds::native(&near, context.kinds, &[]).is_empty()
        || !super::kinds::patterns(&near, context.patterns).is_empty()
}

/// Whether what is deleted is an object: not `old checkpoints after 7 days`, `files in /tmp`.
fn speaks_of_objects(tail: &str, spans: &[Span], from: usize) -> bool {
    const DATA: &[&str] = &[
        "checkpoint",
        "file",
        "log",
        "row",
        "table",
        "record",
        "cache",
        "temp",
        "tmp",
        "data",
        "artifact",
        "backup",
        "snapshot data",
        "duplicate",
        "日志",
        "文件",
        "检查点",
        "缓存",
        "数据",
    ];
    let first_sentence = tail.split(['.', '。', '\n']).next().unwrap_or("");
    let data = DATA.iter().any(|word| !find_cue(first_sentence, word).is_empty());
    let paths = spans.iter().any(|span| span.kind == SlotType::Path && span.start >= from);
    let scheduled = spans.iter().any(|span| span.kind == SlotType::Schedule);
    !(data || (paths && scheduled))
}

/// `delete notebook web`: a plain word behind a kind or a pattern's cue is a name.
fn follows_kind(text: &str, span: &Span, context: &RuleContext<'_>) -> bool {
    let before = word_before(text, span.start);
    context.kinds.iter().any(|kind| kind.kind.eq_ignore_ascii_case(&before))
        || context
            .patterns
            .iter()
            .any(|pattern| pattern.cues.iter().any(|cue| cue.eq_ignore_ascii_case(&before)))
}
