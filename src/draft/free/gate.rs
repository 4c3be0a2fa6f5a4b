//! The gate for objects that a model wrote, and what follows from its verdict: labels that policies require, values that
//! policies refuse. A wish is never changed silently; what the model chose is (design D3).

use serde_json::Value;

use crate::check::{CheckReport, Verdict, check};
use crate::draft::drafter::Library;
use crate::draft::free::write::{Free, Task, dotted, named};
use crate::draft::gate::{first_denial, nearest_number, nearest_quantity};
use crate::draft::outcome::{Asked, Denied, Draft, Intervention, Origin, Outcome, Question};
use crate::draft::place::Setting;
use crate::draft::required::{self, Rules};
use crate::draft::span::{Language, dns_label};
use crate::draft::words;
use crate::manifest::{ObjectKey, pointer};
use crate::pattern::OWNER_LABEL;

/// Repairs of one draft; each removes one policy's objection.
const MOST_REPAIRS: usize = 8;
/// Largest number that is looked for above what was said.
const MOST: i64 = 1 << 20;

/// Judges a draft, and repairs what may be repaired. What was asked about is held in `free`.
pub(super) fn judge(task: &Task<'_>, free: &mut Free, mut draft: Draft, language: Language) -> Outcome {
    let text = free.turns.join("\n");
    for _ in 0..=MOST_REPAIRS {
        let report = report(task, &draft);
        draft.policies = (report.policies_passed, report.policies_total);
        if report.verdict == Verdict::Allowed {
            draft.findings.extend(report.findings);
            free.held = None;
            return Outcome::Drafted(draft);
        }
        if report.verdict == Verdict::Denied {
            match repaired(task, free, &mut draft, &report, &text, language) {
                Some(Repair::Made) => continue,
                Some(Repair::Asked(asked)) => return Outcome::Asked(*asked),
                None => {}
            }
        }
        return denied(draft, report);
    }
    let report = report(task, &draft);
    denied(draft, report)
}

/// What the person agreed to, put in the place of what was said.
pub(in crate::draft) fn accept(
    task: &Task<'_>,
    free: &mut Free,
    pending: &[Intervention],
    language: Language,
) -> Option<Outcome> {
    let mut draft = free.held.take()?;
    for one in pending {
        put(&mut draft, &one.path, one.allowed.as_ref()?, Origin::Policy);
    }
    Some(judge(task, free, draft, language))
}

/// The answer to the question for a label.
pub(in crate::draft) fn label(
    task: &Task<'_>,
    free: &mut Free,
    field: &str,
    text: &str,
    language: Language,
) -> Option<Outcome> {
    let key = field.strip_prefix(required::FIELD)?;
    let value = required::answer(text, key)?;
    let mut draft = free.held.take()?;
    set_label(&mut draft, key, &value, Origin::Request);
    Some(judge(task, free, draft, language))
}

enum Repair {
    Made,
    Asked(Box<Asked>),
}

fn repaired(
    task: &Task<'_>,
    free: &mut Free,
    draft: &mut Draft,
    report: &CheckReport,
    text: &str,
    language: Language,
) -> Option<Repair> {
    let objects: Vec<Value> = draft.objects().cloned().collect();
    let mut open = Vec::new();
    let mut filled = false;
    for lacking in required::lacking(&objects, rules(task.library)) {
        match required::known(&lacking, text, task.setting) {
            Some((value, origin)) => {
                set_label(draft, &lacking.key, &value, origin);
                filled = true;
            }
            None => open.push(lacking),
        }
    }
    if !open.is_empty() {
        let question = |one: &required::Lacking| Question {
            field: format!("{}{}", required::FIELD, one.key),
            text: required::question(one, language),
        };
        let questions = open.iter().map(question).collect();
        return Some(Repair::Asked(ask(free, draft, report, questions, Vec::new())));
    }
    if filled {
        return Some(Repair::Made);
    }
    if let Some(owner) = owner(task.setting)
        && objects.iter().all(|object| object.pointer(&owner_pointer()).is_none())
    {
        let mut owned = draft.clone();
        set_label(&mut owned, OWNER_LABEL, &owner, Origin::User);
        if self::report(task, &owned).verdict == Verdict::Allowed {
            *draft = owned;
            return Some(Repair::Made);
        }
    }
    let rule = first_denial(report)?;
    let cure = cure(task, draft, report, &rule)?;
    if cure.said {
        let asked = cure.intervention;
        let questions =
            vec![Question { field: asked.path.clone(), text: words::forbidden(&asked, language) }];
        return Some(Repair::Asked(ask(free, draft, report, questions, vec![asked])));
    }
    let allowed = cure.intervention.allowed.clone()?;
    put(draft, &cure.intervention.path, &allowed, Origin::Policy);
    draft.interventions.push(cure.intervention);
    Some(Repair::Made)
}

fn ask(
    free: &mut Free,
    draft: &Draft,
    report: &CheckReport,
    questions: Vec<Question>,
    interventions: Vec<Intervention>,
) -> Box<Asked> {
    free.held = Some(draft.clone());
    let first = draft.things.first();
    Box::new(Asked {
        kind: first.map(|thing| thing.kind.clone()).unwrap_or_default(),
        questions,
        interventions,
        fields: first.map(|thing| thing.fields.clone()).unwrap_or_default(),
        unused: draft.unused.clone(),
        findings: report.findings.clone(),
    })
}

/// One value whose change would satisfy a rule.
struct Cure {
    intervention: Intervention,
    said: bool,
}

/// Looks for it by trying: the place that the finding names, then what was said, then what the model chose.
fn cure(task: &Task<'_>, draft: &Draft, report: &CheckReport, rule: &str) -> Option<Cure> {
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.rule == rule).collect();
    let is_named = |path: &str| {
        findings.iter().any(|finding| pointer::is_within(path, &finding.path) && !finding.path.is_empty())
    };
    let mut places: Vec<(usize, String, Value, bool)> = Vec::new();
    for (index, thing) in draft.things.iter().enumerate() {
        let Some(object) = thing.objects.first() else { continue };
        for (path, value) in pointer::leaves(object) {
            let name = dotted(&path);
            let Some(field) = thing.fields.iter().find(|field| field.name == name) else { continue };
            if matches!(field.origin, Origin::Request | Origin::Model) {
                places.push((index, path, value.clone(), field.origin == Origin::Request));
            }
        }
    }
    places.sort_by_key(|(_, path, _, said)| (!is_named(path), !said));
    let policy = rule.strip_prefix("policy/").unwrap_or(rule).to_owned();
    for (index, path, wanted, said) in places {
        let passes = |value: &Value| {
            let mut trial = draft.clone();
            let object = trial.things.get_mut(index).and_then(|thing| thing.objects.first_mut());
            if let Some(place) = object.and_then(|object| object.pointer_mut(&path)) {
                *place = value.clone();
            }
            let after = self::report(task, &trial);
            !after
                .findings
                .iter()
                .any(|finding| finding.rule == rule && finding.severity == crate::finding::Severity::Error)
        };
        let allowed = match &wanted {
            Value::Number(_) => nearest_number(0, Some(MOST), &wanted, &passes),
            Value::Bool(known) => Some(Value::Bool(!known)).filter(&passes),
            Value::String(_) => nearest_quantity(&wanted, &passes).or_else(|| {
                choices(task, draft, index, &path).into_iter().find(|other| *other != wanted && passes(other))
            }),
            _ => None,
        };
        // What is not of a kind that other values are known of is asked about where the policy speaks of it.
        let quoted = || {
            let text = wanted.as_str().filter(|text| text.len() > 2);
            let told = |text: &str| findings.iter().any(|finding| finding.message.contains(text));
            // Messages say which object they are about: that is no word about its name.
            let is_name = matches!(path.as_str(), "/metadata/name" | "/metadata/namespace");
            said && (is_named(&path) || (!is_name && text.is_some_and(told)))
        };
        if allowed.is_some() || quoted() {
            let intervention = Intervention { path: dotted(&path), wanted, allowed, policy };
            return Some(Cure { intervention, said });
        }
    }
    None
}

/// The values of a closed list.
fn choices(task: &Task<'_>, draft: &Draft, index: usize, path: &str) -> Vec<Value> {
    let object = draft.things.get(index).and_then(|thing| thing.objects.first());
    let kind = object.and_then(|object| task.library.schemas.kind(&ObjectKey::of(object).gvk()));
    kind.and_then(|kind| kind.node.at(path)).map(|node| node.schema().values.clone()).unwrap_or_default()
}

/// Sets a value by its dotted place.
fn put(draft: &mut Draft, name: &str, value: &Value, origin: Origin) {
    for thing in &mut draft.things {
        let Some(object) = thing.objects.first_mut() else { continue };
        let found =
            pointer::leaves(object).into_iter().map(|(path, _)| path).find(|path| dotted(path) == name);
        let Some(place) = found.and_then(|path| object.pointer_mut(&path)) else { continue };
        *place = value.clone();
        for field in thing.fields.iter_mut().filter(|field| field.name == name) {
            (field.value, field.origin, field.confidence) = (value.clone(), origin, None);
        }
        return;
    }
}

fn set_label(draft: &mut Draft, key: &str, value: &str, origin: Origin) {
    for thing in &mut draft.things {
        for object in &mut thing.objects {
            object["metadata"]["labels"][key] = Value::from(value);
        }
        thing.fields.push(named(&format!("metadata.labels.{key}"), Value::from(value), origin));
    }
}

fn owner(setting: &Setting) -> Option<String> {
    setting.owner.as_deref().or(setting.user.as_deref()).and_then(dns_label)
}

fn owner_pointer() -> String {
    pointer::join("/metadata/labels", OWNER_LABEL)
}

fn rules<'a>(library: Library<'a>) -> Rules<'a> {
    Rules { schemas: library.schemas, policies: library.policies, user: library.user }
}

fn report(task: &Task<'_>, draft: &Draft) -> CheckReport {
    let objects: Vec<Value> = draft.objects().cloned().collect();
    check(&objects, &task.library.context(task.setting))
}

fn denied(draft: Draft, report: CheckReport) -> Outcome {
    Outcome::Denied(Denied {
        incomplete: report.verdict == Verdict::Incomplete,
        findings: report.findings,
        draft,
    })
}
