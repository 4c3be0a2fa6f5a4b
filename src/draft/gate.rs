//! The gate and what follows from its verdict: repair of what code decided, a question about what the person said
//! (design D3, D13.10). A wish is never changed silently.

use serde_json::Value;

use crate::check::{CheckContext, CheckReport, Verdict, check};
use crate::draft::filled::{Chosen, Filled};
use crate::draft::outcome::{Intervention, Origin};
use crate::draft::place::Setting;
use crate::draft::render;
use crate::draft::required::{self, Lacking};
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::pattern::{Parameter, ParameterKind, Pattern, PatternError};

/// At most this many repairs of one thing; each removes one policy's objection.
const MOST_REPAIRS: usize = 8;

/// A thing after the gate.
pub struct Gated {
    /// The objects that were judged.
    pub objects: Vec<Value>,
    /// The last report.
    pub report: CheckReport,
    /// Values that code changed since policy forbids the default.
    pub repaired: Vec<Intervention>,
    /// What the person said and policy forbids.
    pub forbidden: Vec<Intervention>,
    /// Parameters that policy requires and nobody gave.
    pub missing: Vec<String>,
    /// Labels that policy requires and nobody gave.
    pub labels: Vec<Lacking>,
}

impl Gated {
    /// Nothing is open.
    fn of(objects: Vec<Value>, report: CheckReport, repaired: Vec<Intervention>) -> Self {
        Self { objects, report, repaired, forbidden: Vec::new(), missing: Vec::new(), labels: Vec::new() }
    }
}

/// What the person says in this turn, and what is known of the target.
pub struct Words<'a> {
    /// The words.
    pub text: &'a str,
    /// The target.
    pub setting: &'a Setting,
}

impl Words<'_> {
    fn rules<'c>(&self, context: &CheckContext<'c>) -> required::Rules<'c> {
        required::Rules { schemas: context.schemas, policies: context.policies, user: context.user }
    }
}

/// Renders, checks, and repairs what code may repair.
///
/// # Errors
/// What the pattern says of its values.
pub fn pass(
    pattern: &Pattern,
    filled: &mut Filled,
    context: &CheckContext<'_>,
    words: &Words<'_>,
) -> Result<Gated, PatternError> {
    let mut repaired = Vec::new();
    for _ in 0..=MOST_REPAIRS {
        let objects = render::objects(pattern, filled)?;
        let report = check(&objects, context);
        if report.verdict == Verdict::Allowed {
            return Ok(Gated::of(objects, report, repaired));
        }
        let Some(rule) = first_denial(&report) else {
            return Ok(Gated::of(objects, report, repaired));
        };
        let wanted = required::lacking(&objects, words.rules(context));
        if !wanted.is_empty() {
            let mut open = Vec::new();
            for lacking in wanted {
                match required::known(&lacking, words.text, words.setting) {
                    Some((value, origin)) => {
                        filled.labels.insert(lacking.key, Chosen::decided(value, origin));
                    }
                    None => open.push(lacking),
                }
            }
            if open.is_empty() {
                continue;
            }
            let gated = Gated { labels: open, ..Gated::of(objects, report, repaired) };
            return Ok(gated);
        }
        if wants_owner(pattern, filled, &rule, context) {
            let missing = vec!["owner".to_owned()];
            return Ok(Gated { missing, ..Gated::of(objects, report, repaired) });
        }
        match cure(pattern, filled, &rule, context) {
            Some(cure) if cure.said => {
                let forbidden = vec![cure.intervention(&rule)];
                return Ok(Gated { forbidden, ..Gated::of(objects, report, repaired) });
            }
            Some(cure) if cure.allowed.is_some() && repaired.len() < MOST_REPAIRS => {
                repaired.push(cure.intervention(&rule));
                if let Some(value) = cure.allowed {
                    filled.values.insert(cure.parameter, Chosen::decided(value, Origin::Policy));
                }
            }
            _ => {
                let forbidden = quoted(filled, &objects, &report, &rule);
                return Ok(Gated { forbidden, ..Gated::of(objects, report, repaired) });
            }
        }
    }
    let objects = render::objects(pattern, filled)?;
    let report = check(&objects, context);
    Ok(Gated::of(objects, report, repaired))
}

/// Where no other value is known: what the person said and the rule's message names, or that stands at its place.
fn quoted(filled: &Filled, objects: &[Value], report: &CheckReport, rule: &str) -> Vec<Intervention> {
    // What stands at the place that a finding is about.
    let stands = |finding: &Finding| {
        let object = objects.iter().find(|object| ObjectKey::of(object) == finding.object)?;
        object.pointer(&finding.path)?.as_str().map(str::to_owned)
    };
    let named = |text: &str| {
        let about = |finding: &&Finding| finding.rule == rule;
        text.len() > 2
            && report.findings.iter().filter(about).any(|finding| {
                finding.message.contains(text) || stands(finding).is_some_and(|value| value == text)
            })
    };
    let said = filled.values.iter().filter(|(_, chosen)| chosen.origin.is_the_persons());
    // Messages say which object they are about: that is no word about its name.
    said.filter(|(parameter, _)| *parameter != "name" && *parameter != "namespace")
        .filter(|(_, chosen)| chosen.value.as_str().is_some_and(named))
        .map(|(parameter, chosen)| Intervention {
            path: parameter.clone(),
            wanted: chosen.value.clone(),
            allowed: None,
            policy: rule.strip_prefix("policy/").unwrap_or(rule).to_owned(),
        })
        .collect()
}

/// The rule of the first error.
pub(super) fn first_denial(report: &CheckReport) -> Option<String> {
    let denies = |finding: &&Finding| finding.severity == Severity::Error && !finding.incomplete;
    report.findings.iter().find(denies).map(|finding| finding.rule.clone())
}

/// One parameter whose other value would satisfy the rule.
struct Cure {
    parameter: String,
    wanted: Value,
    allowed: Option<Value>,
    said: bool,
}

impl Cure {
    fn intervention(&self, rule: &str) -> Intervention {
        Intervention {
            path: self.parameter.clone(),
            wanted: self.wanted.clone(),
            allowed: self.allowed.clone(),
            policy: rule.strip_prefix("policy/").unwrap_or(rule).to_owned(),
        }
    }
}

/// Looks for the one parameter that the rule is about, by trying other values: expand, evaluate, keep what passes.
/// Values that the person said come first, since they must be asked about.
fn cure(pattern: &Pattern, filled: &Filled, rule: &str, context: &CheckContext<'_>) -> Option<Cure> {
    let completed = pattern
        .complete(filled.text("name").unwrap_or_default(), filled.text("namespace"), &filled.spec())
        .ok()?;
    let passes = |parameter: &str, value: Option<&Value>| {
        let mut trial = filled.clone();
        match value {
            Some(value) => {
                trial.values.insert(parameter.to_owned(), Chosen::decided(value.clone(), Origin::Policy))
            }
            None => trial.values.remove(parameter),
        };
        render::objects(pattern, &trial)
            .map(|objects| !check(&objects, context).findings.iter().any(|f| denied_by(f, rule)))
            .unwrap_or(false)
    };
    let said = |name: &str| filled.values.get(name).is_some_and(|chosen| chosen.origin.is_the_persons());
    let mut parameters: Vec<&Parameter> = pattern.parameters.iter().collect();
    parameters.sort_by_key(|parameter| !said(&parameter.name));
    for parameter in parameters {
        let name = parameter.name.as_str();
        let Some(wanted) = filled.get(name).or_else(|| completed.spec.get(name)) else { continue };
        let allowed = match parameter.kind {
            ParameterKind::Integer => {
                let bound =
                    |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_i64);
                let (least, most) = (bound(&parameter.minimum).unwrap_or(0), bound(&parameter.maximum));
                nearest_number(least, most, wanted, &|value| passes(name, Some(value)))
            }
            ParameterKind::String if is_quantity(wanted) => {
                nearest_quantity(wanted, &|value| passes(name, Some(value)))
            }
            _ => {
                let default = parameter.default.clone().filter(|default| default != wanted);
                match default {
                    Some(default) if passes(name, Some(&default)) => Some(default),
                    None if said(name) && passes_without(parameter, &passes) => None,
                    _ => continue,
                }
            }
        };
        if allowed.is_some() || (said(name) && passes_without(parameter, &passes)) {
            return Some(Cure {
                parameter: name.to_owned(),
                wanted: wanted.clone(),
                allowed,
                said: said(name),
            });
        }
    }
    None
}

/// Whether an owner is all that the rule wants. Nobody's name is invented: the trial value is thrown away.
fn wants_owner(pattern: &Pattern, filled: &Filled, rule: &str, context: &CheckContext<'_>) -> bool {
    if filled.get("owner").is_some() {
        return false;
    }
    let mut trial = filled.clone();
    trial.values.insert("owner".into(), Chosen::decided("somebody", Origin::User));
    render::objects(pattern, &trial)
        .map(|objects| !check(&objects, context).findings.iter().any(|finding| denied_by(finding, rule)))
        .unwrap_or(false)
}

/// Whether the rule is content once the value is gone (only where it may be).
fn passes_without(parameter: &Parameter, passes: &dyn Fn(&str, Option<&Value>) -> bool) -> bool {
    !parameter.required && passes(&parameter.name, None)
}

fn denied_by(finding: &Finding, rule: &str) -> bool {
    finding.rule == rule && finding.severity == Severity::Error
}

/// The number nearest to what is wanted that passes: below first (a cap), then above (a floor). The search halves the
/// interval, since caps and floors are monotone; the end is verified.
pub(super) fn nearest_number(
    least: i64,
    most: Option<i64>,
    wanted: &Value,
    passes: &dyn Fn(&Value) -> bool,
) -> Option<Value> {
    let wanted = wanted.as_i64()?;
    if let Some(below) = highest_passing(least, wanted - 1, &|n| passes(&Value::from(n))) {
        return Some(Value::from(below));
    }
    let most = most.unwrap_or(wanted.saturating_mul(8).max(64));
    lowest_passing(wanted + 1, most, &|n| passes(&Value::from(n))).map(Value::from)
}

/// The greatest n of `least..=most` that passes, if `least` passes and the predicate only changes once.
fn highest_passing(least: i64, most: i64, passes: &dyn Fn(i64) -> bool) -> Option<i64> {
    if most < least || !passes(least) {
        return None;
    }
    let (mut good, mut bad) = (least, most + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if passes(middle) { good = middle } else { bad = middle }
    }
    Some(good)
}

/// The smallest n of `least..=most` that passes, if `most` passes and the predicate only changes once.
fn lowest_passing(least: i64, most: i64, passes: &dyn Fn(i64) -> bool) -> Option<i64> {
    if most < least || !passes(most) {
        return None;
    }
    let (mut bad, mut good) = (least - 1, most);
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if passes(middle) { good = middle } else { bad = middle }
    }
    Some(good)
}

/// `64Gi` and the like: a whole number with a binary or decimal suffix.
fn is_quantity(value: &Value) -> bool {
    split_quantity(value).is_some()
}

fn split_quantity(value: &Value) -> Option<(i64, &str)> {
    let text = value.as_str()?;
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, suffix) = text.split_at(digits);
    matches!(suffix, "Ki" | "Mi" | "Gi" | "Ti" | "k" | "M" | "G" | "T" | "m")
        .then(|| number.parse().ok().map(|n| (n, suffix)))
        .flatten()
}

pub(super) fn nearest_quantity(wanted: &Value, passes: &dyn Fn(&Value) -> bool) -> Option<Value> {
    let (number, suffix) = split_quantity(wanted)?;
    let with = |n: i64| Value::from(format!("{n}{suffix}"));
    highest_passing(1, number - 1, &|n| passes(&with(n)))
        .or_else(|| lowest_passing(number + 1, number.saturating_mul(1024), &|n| passes(&with(n))))
        .map(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_found_from_above_and_a_floor_from_below() {
        assert_eq!(highest_passing(0, 15, &|n| n <= 8), Some(8));
        assert_eq!(highest_passing(0, 99, &|n| n <= 64), Some(64));
        assert_eq!(highest_passing(0, 15, &|_| false), None);
        assert_eq!(lowest_passing(2, 64, &|n| n >= 3), Some(3));
    }

    #[test]
    fn a_quantity_keeps_its_unit() {
        let at_most_64 = |v: &Value| split_quantity(v).is_some_and(|(n, _)| n <= 64);
        assert_eq!(nearest_quantity(&Value::from("128Gi"), &at_most_64), Some(Value::from("64Gi")));
    }
}
