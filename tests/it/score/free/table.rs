//! Adds up the scores by family.

use std::collections::BTreeMap;
use std::fmt;

use super::rows::Row;
use super::{Outcome, Score};

/// What the answers of one family, or all of them, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub rows: usize,
    pub right: usize,
    pub refused: usize,
    pub wrong: usize,
    /// Asked back, declined or sent to another verb.
    pub not_drafted: usize,
    pub errors: usize,
    /// Values that nobody said, in all answers together.
    pub unsaid: usize,
    /// Answers with at least one such value.
    pub with_unsaid: usize,
}

impl Line {
    fn add(&mut self, score: &Score) {
        let place = match score.outcome {
            Outcome::Right => &mut self.right,
            Outcome::Refused => &mut self.refused,
            Outcome::Wrong => &mut self.wrong,
            Outcome::Asked | Outcome::Declined => &mut self.not_drafted,
            Outcome::Error => &mut self.errors,
        };
        *place += 1;
        self.rows += 1;
        self.unsaid += score.unsaid.len();
        self.with_unsaid += usize::from(!score.unsaid.is_empty());
    }
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    families: BTreeMap<String, Line>,
    pub total: Line,
    pub chinese: Line,
    pub custom: Line,
}

impl Table {
    pub fn add(&mut self, row: &Row, is_custom: bool, score: &Score) {
        self.families.entry(row.family.clone()).or_default().add(score);
        self.total.add(score);
        if row.lang == crate::score::Lang::Zh {
            self.chinese.add(score);
        }
        if is_custom {
            self.custom.add(score);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<16}{:>6}{:>7}{:>9}{:>9}{:>7}{:>16}{:>7}{:>15}{:>9}",
            "family",
            "rows",
            "right",
            "",
            "refused",
            "wrong",
            "asked/declined",
            "error",
            "nobody said",
            "in rows"
        )?;
        let families = self.families.iter().map(|(family, line)| (family.as_str(), line));
        for (family, line) in families.chain([
            ("all", &self.total),
            ("of them Chinese", &self.chinese),
            ("of them custom", &self.custom),
        ]) {
            let percent = 100.0 * line.right as f64 / line.rows.max(1) as f64;
            writeln!(
                f,
                "{family:<16}{:>6}{:>7}{percent:>7.1} %{:>9}{:>7}{:>16}{:>7}{:>15}{:>9}",
                line.rows,
                line.right,
                line.refused,
                line.wrong,
                line.not_drafted,
                line.errors,
                line.unsaid,
                line.with_unsaid
            )?;
        }
        Ok(())
    }
}
