//! Many findings become a bounded, ordered list: the worst are kept, all are counted.

use std::cmp::Reverse;

use crate::finding::{Finding, Severity};

/// Most findings of one review. Nobody reads more, and the tools that take them over have limits of this size.
const MOST: usize = 5_000;

/// How many findings there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors that were evaluated.
    pub error: usize,
    /// Warnings that were evaluated.
    pub warning: usize,
    /// What is only worth knowing.
    pub info: usize,
    /// What could not be evaluated, whatever its severity.
    pub incomplete: usize,
}

/// Takes findings in any order.
#[derive(Debug, Default)]
pub(super) struct Collector {
    kept: Vec<Finding>,
    counts: Counts,
    left_out: usize,
}

impl Collector {
    /// Counts a finding, and keeps it where it is among the worst.
    pub(super) fn add(&mut self, finding: Finding) {
        let counts = &mut self.counts;
        match finding.severity {
            _ if finding.incomplete => counts.incomplete += 1,
            Severity::Error => counts.error += 1,
            Severity::Warning => counts.warning += 1,
            Severity::Info => counts.info += 1,
        }
        self.kept.push(finding);
        if self.kept.len() >= 2 * MOST {
            self.cut();
        }
    }

    /// Takes over what another has, as if it had been added here behind what there is.
    pub(super) fn merge(&mut self, other: Self) {
        let (own, more) = (&mut self.counts, other.counts);
        own.error += more.error;
        own.warning += more.warning;
        own.info += more.info;
        own.incomplete += more.incomplete;
        self.left_out += other.left_out;
        self.kept.extend(other.kept);
        if self.kept.len() >= 2 * MOST {
            self.cut();
        }
    }

    /// The list, the counts, and how many are not in the list.
    pub(super) fn finish(mut self) -> (Vec<Finding>, Counts, usize) {
        self.cut();
        (self.kept, self.counts, self.left_out)
    }

    /// Orders what there is and lets go of the mildest.
    fn cut(&mut self) {
        self.kept.sort_by(|a, b| order(a).cmp(&order(b)));
        self.left_out += self.kept.len().saturating_sub(MOST);
        self.kept.truncate(MOST);
    }
}

/// The worst first, what could not be evaluated behind what was; then by place. Nothing of it depends on the machine.
fn order(finding: &Finding) -> impl Ord + '_ {
    let place = (&finding.file, finding.line, finding.column);
    let what = (&finding.object, &finding.path, &finding.rule, &finding.message);
    (Reverse(finding.severity), finding.incomplete, place, what)
}
