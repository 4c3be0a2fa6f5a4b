//! Adds up the scores by family and by language.

use std::collections::BTreeMap;
use std::fmt;

use super::{Answered, Expect, Lang, Row, Score};

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub of: usize,
    pub hit: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hit += usize::from(hit);
    }

    pub fn percent(self) -> f64 {
        if self.of == 0 { 0.0 } else { 100.0 * self.hit as f64 / self.of as f64 }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>3} of {:>3}  {:>5.1} %", self.hit, self.of, self.percent())
    }
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Requests that should end in objects: the right ones.
    pub drafts: Share,
    /// Requests in Chinese, of any outcome: the right ones.
    pub chinese: Share,
    /// Requests that must not be drafted: those for which nothing was drafted, whatever was answered instead.
    pub kept: Share,
    /// Requests that should be declined: those that were.
    pub declined: Share,
    /// Requests that should be asked back: the right ones.
    pub asked: Share,
    pub routed: Share,
    /// Requests with turns before them, of any outcome: the right ones.
    pub earlier: Share,
    /// Good requests (drafted, asked or routed): those that were declined all the same.
    pub good_declined: Share,
    /// All requests: those that ended in objects that are not what was asked for.
    pub drafted_but_wrong: Share,
    /// All requests: those without an answer.
    pub errors: Share,
    families: BTreeMap<(String, Lang), Share>,
}

impl Table {
    pub fn add(&mut self, row: &Row, score: &Score) {
        match row.expect {
            Expect::Drafted { .. } => self.drafts.count(score.right),
            Expect::Asked { .. } => self.asked.count(score.right),
            Expect::Routed { .. } => self.routed.count(score.right),
            Expect::Declined => {
                self.declined.count(score.right);
                self.kept.count(score.answered != Answered::Drafted);
            }
        }
        if !matches!(row.expect, Expect::Declined) {
            self.good_declined.count(score.answered == Answered::Declined);
        }
        if row.lang == Lang::Zh {
            self.chinese.count(score.right);
        }
        if !row.earlier.is_empty() {
            self.earlier.count(score.right);
        }
        self.drafted_but_wrong.count(score.drafted_but_wrong);
        self.errors.count(score.answered == Answered::Error);
        self.families.entry((row.family.clone(), row.lang)).or_default().count(score.right);
    }

    /// The right ones of a family, in both languages together or in one.
    pub fn family(&self, family: &str, lang: Option<Lang>) -> Share {
        let ours = self
            .families
            .iter()
            .filter(|((name, of), _)| name == family && lang.is_none_or(|lang| lang == *of));
        ours.fold(Share::default(), |sum, (_, share)| Share {
            of: sum.of + share.of,
            hit: sum.hit + share.hit,
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22} {:<20} {:<20}", "family", "English", "Chinese")?;
        let mut names: Vec<&str> = self.families.keys().map(|(family, _)| family.as_str()).collect();
        names.dedup();
        for name in names {
            let [english, chinese] =
                [Lang::En, Lang::Zh].map(|lang| self.family(name, Some(lang)).to_string());
            writeln!(f, "{name:<22} {english:<20} {chinese:<20}")?;
        }
        writeln!(f)?;
        for (label, share) in [
            ("drafts right", self.drafts),
            ("Chinese right", self.chinese),
            ("must-not-draft kept", self.kept),
            ("declined right", self.declined),
            ("asked right", self.asked),
            ("routed right", self.routed),
            ("earlier right", self.earlier),
            ("good ones declined", self.good_declined),
            ("drafted but wrong", self.drafted_but_wrong),
            ("no answer", self.errors),
        ] {
            writeln!(f, "{label:<22} {share}")?;
        }
        Ok(())
    }
}
