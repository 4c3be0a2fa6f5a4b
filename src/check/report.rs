//! Findings of many checks become one verdict.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything was evaluated and nothing says no.
    Allowed,
    /// Something says no.
    Denied,
    /// Nothing says no, and something could not be evaluated.
    Incomplete,
}

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Everything that was said, the worst first; each thing once.
    pub findings: Vec<Finding>,
    /// The answer.
    pub verdict: Verdict,
    /// How many policies were about these objects and had nothing to say.
    pub policies_passed: usize,
    /// How many policies were about these objects.
    pub policies_total: usize,
    /// Whether every object has a known kind and the shape of it.
    pub schema_ok: bool,
}

/// Whether a finding keeps an object from being allowed.
pub(super) fn stops(finding: &Finding) -> bool {
    finding.severity == Severity::Error || finding.incomplete
}

/// What has been found so far.
pub(super) struct Collected {
    findings: Vec<Finding>,
    /// What tells one statement from another; a large object can have very many.
    said: HashSet<(ObjectKey, String, String, String, Option<usize>)>,
    /// Names of the policies that are about any object.
    pub matched: BTreeSet<String>,
    /// Names of those among them that said something.
    pub spoke: BTreeSet<String>,
    pub schema_ok: bool,
}

impl Default for Collected {
    fn default() -> Self {
        Self {
            findings: Vec::new(),
            said: HashSet::new(),
            matched: BTreeSet::new(),
            spoke: BTreeSet::new(),
            schema_ok: true,
        }
    }
}

impl Collected {
    /// Adds the findings about one object; those of one object stay together within a severity.
    pub(super) fn add(&mut self, mut findings: Vec<Finding>) {
        findings.sort_by(|a, b| (&a.path, &a.rule, &a.message).cmp(&(&b.path, &b.rule, &b.message)));
        for finding in findings {
            let Finding { object, path, rule, message, line, .. } = &finding;
            if self.said.insert((object.clone(), path.clone(), rule.clone(), message.clone(), *line)) {
                self.findings.push(finding);
            }
        }
    }

    /// The report.
    pub(super) fn report(mut self) -> CheckReport {
        // Stable: objects keep their order.
        self.findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.incomplete));
        let denied =
            self.findings.iter().any(|finding| finding.severity == Severity::Error && !finding.incomplete);
        let verdict = match (denied, self.findings.iter().any(|finding| finding.incomplete)) {
            (true, _) => Verdict::Denied,
            (false, true) => Verdict::Incomplete,
            (false, false) => Verdict::Allowed,
        };
        CheckReport {
            verdict,
            policies_passed: self.matched.difference(&self.spoke).count(),
            policies_total: self.matched.len(),
            schema_ok: self.schema_ok,
            findings: self.findings,
        }
    }
}
