//! What is said to a person, in English or Chinese. Findings and JSON keys stay English.

use crate::draft::known::Stranger;
use crate::draft::outcome::Intervention;
use crate::draft::span::Language;
use crate::pattern::{ClosedList, FormSlot};

/// The question about a value that is required and was not said.
pub fn missing(parameter: &str, slot: Option<&FormSlot>, language: Language) -> String {
    match language {
        Language::En => slot
            .and_then(|slot| slot.ask.clone())
            .unwrap_or_else(|| format!("which {parameter} should it be?")),
        Language::Zh => {
            slot.and_then(|slot| slot.ask_zh.clone()).unwrap_or_else(|| format!("请说明 {parameter}"))
        }
    }
}

/// A value that does not fit.
pub fn misfit(why: &str, language: Language) -> String {
    match language {
        Language::En => format!("{why}; what should it be?"),
        Language::Zh => format!("这个值不合适（{why}），应该是多少？"),
    }
}

/// Words and `-n` differ.
pub fn namespace_conflict(said: &str, flag: &str, language: Language) -> String {
    match language {
        Language::En => format!("you said namespace '{said}' and -n says '{flag}': which one?"),
        Language::Zh => format!("您说的命名空间是“{said}”，而 -n 给的是“{flag}”：用哪一个？"),
    }
}

/// A name was said that the cluster does not have.
pub fn stranger(one: &Stranger, language: Language) -> String {
    const SHOWN: usize = 8;
    let Stranger { list, said, instead, .. } = one;
    let shown = instead.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = instead.len().saturating_sub(SHOWN);
    match (language, instead.is_empty()) {
        (Language::En, true) => format!("there is no {0} '{said}' here, and no other {0}", list.words()),
        (Language::En, false) => {
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let (are, which) =
                if instead.len() == 1 { ("is only", "what should it be?") } else { ("are", "which one?") };
            format!("there is no {} '{said}' here; there {are} {shown}{more}: {which}", list.words())
        }
        (Language::Zh, true) => format!("这里没有{}“{said}”，也没有其他的", zh(*list)),
        (Language::Zh, false) => {
            let more = if more == 0 { String::new() } else { format!(" 等 {} 个", instead.len()) };
            format!("这里没有{}“{said}”；有 {shown}{more}：用哪一个？", zh(*list))
        }
    }
}

fn zh(list: ClosedList) -> &'static str {
    match list {
        ClosedList::Namespaces => "命名空间",
        ClosedList::StorageClasses => "存储类",
        ClosedList::PriorityClasses => "优先级类",
        ClosedList::Queues => "队列",
        ClosedList::Claims => "存储卷声明",
    }
}

/// A policy stands in the way of what was said.
pub fn forbidden(one: &Intervention, language: Language) -> String {
    let wanted = plain(&one.wanted);
    match (language, one.allowed.as_ref().map(plain)) {
        (Language::En, Some(allowed)) => format!(
            "policy {} does not allow {} {wanted}, the nearest that passes is {allowed}; shall I draft {allowed}?",
            one.policy, one.path
        ),
        (Language::En, None) => {
            format!("policy {} does not allow {} {wanted}; what should it be instead?", one.policy, one.path)
        }
        (Language::Zh, Some(allowed)) => format!(
            "策略 {} 不允许 {} 为 {wanted}，最接近的允许值是 {allowed}；要按 {allowed} 起草吗？",
            one.policy, one.path
        ),
        (Language::Zh, None) => {
            format!("策略 {} 不允许 {} 为 {wanted}；应该改成什么？", one.policy, one.path)
        }
    }
}

/// The same about a field that the person changes by hand: there is nothing to agree to.
pub fn not_allowed(one: &Intervention, language: Language) -> String {
    let wanted = plain(&one.wanted);
    match (language, one.allowed.as_ref().map(plain)) {
        (Language::En, Some(allowed)) => format!(
            "policy {} does not allow {} {wanted}; the nearest that passes is {allowed}",
            one.policy, one.path
        ),
        (Language::En, None) => format!("policy {} does not allow {} {wanted}", one.policy, one.path),
        (Language::Zh, Some(allowed)) => {
            format!("策略 {} 不允许 {} 为 {wanted}；最接近的允许值是 {allowed}", one.policy, one.path)
        }
        (Language::Zh, None) => format!("策略 {} 不允许 {} 为 {wanted}", one.policy, one.path),
    }
}

/// More was said than one form can hold.
pub fn too_much(language: Language) -> String {
    match language {
        Language::En => "that is a lot at once; what is the one thing that you need first?".into(),
        Language::Zh => "一次说得太多了；您首先需要的是哪一样？".into(),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
