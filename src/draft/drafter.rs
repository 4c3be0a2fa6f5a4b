//! One turn of a conversation: from words to one of the five outcomes (design D12, D13).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::{CheckContext, Verdict};
use crate::draft::assent;
use crate::draft::clear;
use crate::draft::facts::Facts;
use crate::draft::fill::{self, Task};
use crate::draft::filled::{Chosen, Conversation, Filled, Open};
use crate::draft::free;
use crate::draft::gate;
use crate::draft::kinds::{self, Choice};
use crate::draft::link;
use crate::draft::outcome::{
    Asked, Denied, Draft, Intervention, Origin, Outcome, Question, Routed, Thing, Unused,
};
use crate::draft::place::{self, Setting};
use crate::draft::prompt;
use crate::draft::render;
use crate::draft::required::{self, Lacking};
use crate::draft::rules::{
    self, DeclineCode, ExistingObject, KindNames, Narrowed, PatternNames, RuleContext,
};
use crate::draft::span::{Language, Span, find_cue, language};
use crate::draft::words;
use crate::model::{Backend, Cancel, ModelError};
use crate::pattern::{Pattern, PatternError, PatternSet, SlotType};
use crate::policy::{PolicySet, User};
use crate::schema::SchemaSet;

mod amend;

pub use amend::{Amended, FieldEdit, editable};

/// What drafts are made of and judged by.
#[derive(Clone, Copy)]
pub struct Library<'a> {
    /// Patterns and native kinds.
    pub patterns: &'a PatternSet,
    /// Schemas of the kinds.
    pub schemas: &'a SchemaSet,
    /// Policies in force.
    pub policies: &'a PolicySet,
    /// Who asks, as policies see it.
    pub user: &'a User,
    /// Ends the gate early.
    pub cancel: Option<&'a Cancel>,
}

impl<'a> Library<'a> {
    /// What drafts for a target are judged by.
    pub(super) fn context(&self, setting: &'a Setting) -> CheckContext<'a> {
        CheckContext::new(self.schemas, self.policies, self.user)
            .with_existing(&setting.existing)
            .knowing_all(setting.knows_all)
            .until(self.cancel)
    }
}

/// Works on one conversation with one backend.
pub struct Drafter<'a> {
    library: Library<'a>,
    setting: &'a Setting,
    prefix: &'a str,
    backend: &'a mut dyn Backend,
    bare: bool,
}

/// What code reads in a turn, before any model is asked or even loaded.
pub struct Reading<'t> {
    text: &'t str,
    index: usize,
    spans: Vec<Span>,
    narrowed: Narrowed,
}

impl<'t> Reading<'t> {
    /// Reads the person's next words.
    pub fn new(
        library: Library<'_>,
        setting: &Setting,
        facts: &Facts,
        conversation: &Conversation,
        text: &'t str,
    ) -> Self {
        let index = conversation.turns.len();
        let spans = facts.lex(text, index);
        let follows = !conversation.things.is_empty() || conversation.free.is_some();
        let narrowed = narrow(library, setting, text, &spans, follows);
        Self { text, index, spans, narrowed }
    }

    /// The outcome where a rule declines, whatever a model would say.
    pub fn declined(&self) -> Option<Outcome> {
        self.narrowed.declined.clone().map(Outcome::Declined)
    }
}

/// Everything that one turn knows.
struct Turn<'t> {
    text: &'t str,
    index: usize,
    spans: Vec<Span>,
    language: Language,
    used: Vec<usize>,
    /// The parameter that these words may be the answer for.
    asked: Option<String>,
}

impl<'a> Drafter<'a> {
    /// A drafter over a library, a target and a model; `prefix` is [`prompt::prefix`] for that model's profile.
    pub fn new(
        library: Library<'a>,
        setting: &'a Setting,
        prefix: &'a str,
        backend: &'a mut dyn Backend,
    ) -> Self {
        Self { library, setting, prefix, backend, bare: false }
    }

    /// Has manifests written under their schemas alone: without the rules of the API, what code fills in and the second
    /// look. To see what these are worth.
    #[must_use]
    pub fn bare(self, bare: bool) -> Self {
        Self { bare, ..self }
    }

    /// Takes the person's next words. The conversation is changed only where the outcome is a draft or a question.
    ///
    /// # Errors
    /// What the model says; nothing of the turn is kept then.
    pub fn turn(
        &mut self,
        conversation: &mut Conversation,
        reading: Reading<'_>,
        cancel: &Cancel,
    ) -> Result<Outcome, ModelError> {
        let Reading { text, index, spans, narrowed } = reading;
        let mut turn = Turn { text, index, spans, language: language(text), used: Vec::new(), asked: None };
        conversation.turns.push(text.to_owned());
        let result = self.work(conversation, &mut turn, &narrowed, cancel);
        // What was not looked at before a stop says nothing.
        let result = if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { result };
        if let Ok(Outcome::Asked(asked)) = &result {
            let first = asked.questions.first().filter(|question| !question.field.is_empty());
            conversation.open = first.map(|one| Open { kind: asked.kind.clone(), field: one.field.clone() });
        }
        if !matches!(result, Ok(Outcome::Drafted(_) | Outcome::Asked(_) | Outcome::Denied(_))) && index > 0 {
            // What was declined or failed is no part of the conversation; the first turn stays for the screen.
            conversation.turns.pop();
        }
        result
    }

    fn work(
        &mut self,
        conversation: &mut Conversation,
        turn: &mut Turn<'_>,
        narrowed: &Narrowed,
        cancel: &Cancel,
    ) -> Result<Outcome, ModelError> {
        let pending = std::mem::take(&mut conversation.pending);
        let open = conversation.open.take();
        let was_asked = open.is_some() || !pending.is_empty();
        if let Some(outcome) = self.held(conversation, turn, &pending, open.as_ref()) {
            return Ok(outcome);
        }
        if !pending.is_empty() && assent::agrees(turn.text) {
            let mut things = conversation.things.clone();
            accept(&mut things, &pending);
            let outcome = self.finish(&mut things, turn);
            remember(conversation, things, &outcome);
            return Ok(outcome);
        }
        if let Some(declined) = &narrowed.declined {
            let is_no_answer = was_asked && declined.code == DeclineCode::Unclear.as_str();
            let again = if is_no_answer { self.again(conversation, turn) } else { None };
            return Ok(again.unwrap_or_else(|| Outcome::Declined(declined.clone())));
        }
        if let Some(outcome) = self.free(conversation, turn, narrowed, cancel)? {
            return Ok(outcome);
        }
        let mut things;
        if conversation.things.is_empty() || starts_anew(turn.text, narrowed, &conversation.things) {
            things = Vec::new();
            let choices = kinds::choose(
                narrowed,
                turn.text,
                &turn.spans,
                self.library.patterns,
                self.prefix,
                &mut *self.backend,
                cancel,
            )?;
            match choices {
                Choice::Route(verb) => {
                    let name = object_name(narrowed, turn);
                    return Ok(Outcome::Routed(Routed { verb, name }));
                }
                Choice::Decline(code) => {
                    if matches!(code, DeclineCode::OffTopic | DeclineCode::Unclear) && self.backend.writes() {
                        let schemas = self.library.schemas;
                        let wanted = free::described(turn.text, schemas, &mut *self.backend, cancel)?;
                        if !wanted.is_empty() {
                            return self.compose(conversation, turn, wanted, cancel);
                        }
                    }
                    return Ok(Outcome::Declined(code.declined(turn.language)));
                }
                Choice::Draft(kinds) => {
                    for kind in kinds {
                        let mut filled = Filled::new(kind.kind.clone(), kind.why);
                        let body = format!(
                            "{}kind: {}\n",
                            prompt::request_line(&turn.text[kind.clause.clone()]),
                            prompt::kind_id(&kind.kind)
                        );
                        if let Some(asked) = self.fill_one(&mut filled, turn, kind.clause, body, cancel)? {
                            // What was guessed and lacks something may be another kind, which lacks nothing.
                            let other = self.described(turn, kind.guessed, cancel)?;
                            if !other.is_empty() {
                                return self.compose(conversation, turn, other, cancel);
                            }
                            conversation.things = vec![filled];
                            return Ok(Outcome::Asked(asked));
                        }
                        things.push(filled);
                    }
                    share_places(&mut things);
                }
            }
        } else {
            things = conversation.things.clone();
            let position =
                kinds::which_thing(&things, turn.text, narrowed, self.library.patterns, open.as_ref());
            let mut filled = things[position].clone();
            let Some(pattern) = self.library.patterns.get(&filled.kind) else {
                return Ok(Outcome::Declined(DeclineCode::Unclear.declined(turn.language)));
            };
            let label = open.as_ref().and_then(|open| open.field.strip_prefix(required::FIELD));
            if let Some((key, value)) = label.and_then(|key| Some((key, required::answer(turn.text, key)?))) {
                filled.labels.insert(key.to_owned(), Chosen::decided(value, Origin::Request));
                things[position] = filled;
                let outcome = self.finish(&mut things, turn);
                remember(conversation, things, &outcome);
                return Ok(outcome);
            }
            let before = filled.values.clone();
            let cleared = clear::cleared(pattern, turn.text, turn.index, &turn.spans, &mut filled);
            turn.used.extend(cleared);
            let first = conversation.turns.first().cloned().unwrap_or_default();
            let body = prompt::change_lines(&first, &filled.kind, &known(pattern, &filled), turn.text);
            turn.asked = open.filter(|open| open.kind == filled.kind).map(|open| open.field);
            if let Some(asked) = self.fill_one(&mut filled, turn, 0..turn.text.len(), body, cancel)? {
                things[position] = filled;
                conversation.things = things;
                return Ok(Outcome::Asked(asked));
            }
            if filled.values == before {
                let again = if was_asked { self.again(conversation, turn) } else { None };
                return Ok(
                    again.unwrap_or_else(|| Outcome::Declined(DeclineCode::Unclear.declined(turn.language)))
                );
            }
            things[position] = filled;
        }
        let outcome = self.finish(&mut things, turn);
        if let (Outcome::Drafted(draft), true) = (&outcome, turn.index == 0 && self.backend.writes())
            && !draft.unused.is_empty()
            && draft.things.iter().all(|thing| !thing.pattern)
        {
            // Something was said that the forms of these kinds have no place for.
            let beyond =
                |thing: &Thing| free::Wanted::beyond_form(&thing.kind, turn.text, self.library.schemas);
            let wanted: Vec<free::Wanted> = draft.things.iter().filter_map(beyond).collect();
            return self.compose(conversation, turn, wanted, cancel);
        }
        remember(conversation, things, &outcome);
        Ok(outcome)
    }

    /// The question that is still open, after words that are no answer to it; `None` where there is none.
    fn again(&mut self, conversation: &mut Conversation, turn: &mut Turn<'_>) -> Option<Outcome> {
        if conversation.things.is_empty() {
            return None;
        }
        let mut things = conversation.things.clone();
        let outcome = self.finish(&mut things, turn);
        if !matches!(outcome, Outcome::Asked(_)) {
            return None;
        }
        remember(conversation, things, &outcome);
        Some(outcome)
    }

    /// What a first turn describes beside workloads, where its kind was only guessed.
    fn described(
        &mut self,
        turn: &Turn<'_>,
        guessed: bool,
        cancel: &Cancel,
    ) -> Result<Vec<free::Wanted>, ModelError> {
        if !guessed || turn.index > 0 || !self.backend.writes() {
            return Ok(Vec::new());
        }
        let wanted = free::described(turn.text, self.library.schemas, &mut *self.backend, cancel)?;
        let runs = |one: &free::Wanted| {
            matches!(
                one.gvk.kind.as_str(),
                "Pod" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Notebook"
            )
        };
        Ok(if wanted.iter().any(runs) { Vec::new() } else { wanted })
    }

    /// A model writes these kinds.
    fn compose(
        &mut self,
        conversation: &mut Conversation,
        turn: &Turn<'_>,
        wanted: Vec<free::Wanted>,
        cancel: &Cancel,
    ) -> Result<Outcome, ModelError> {
        self.write(conversation, begun(turn, wanted), cancel)
    }

    /// The answer to a question about objects that a model wrote; `None` where it is another wish.
    fn held(
        &mut self,
        conversation: &mut Conversation,
        turn: &Turn<'_>,
        pending: &[Intervention],
        open: Option<&Open>,
    ) -> Option<Outcome> {
        let talk = conversation.free.as_mut()?;
        let task = free::Task { library: self.library, setting: self.setting, bare: self.bare };
        let outcome = if !pending.is_empty() && assent::agrees(turn.text) {
            free::accept(&task, talk, pending, turn.language)?
        } else {
            free::label(&task, talk, &open?.field, turn.text, turn.language)?
        };
        if let Outcome::Asked(asked) = &outcome {
            conversation.pending.clone_from(&asked.interventions);
        }
        Some(outcome)
    }

    /// A model writes what a conversation is about.
    fn write(
        &mut self,
        conversation: &mut Conversation,
        mut talk: free::Free,
        cancel: &Cancel,
    ) -> Result<Outcome, ModelError> {
        let task = free::Task { library: self.library, setting: self.setting, bare: self.bare };
        let outcome = free::write(&task, &mut talk, &mut *self.backend, cancel)?;
        if let Outcome::Asked(asked) = &outcome {
            conversation.pending.clone_from(&asked.interventions);
        }
        conversation.free = Some(talk);
        Ok(outcome)
    }

    /// What a model writes as a whole: neither a pattern nor a form covers it. `None` where the request is for those.
    fn free(
        &mut self,
        conversation: &mut Conversation,
        turn: &Turn<'_>,
        narrowed: &Narrowed,
        cancel: &Cancel,
    ) -> Result<Option<Outcome>, ModelError> {
        if narrowed.question || !conversation.things.is_empty() {
            return Ok(None);
        }
        let Library { patterns, schemas, .. } = self.library;
        let runs = turn.spans.iter().any(|span| matches!(span.kind, SlotType::Image | SlotType::Software));
        let wanted =
            free::wanted(turn.text, narrowed, runs, patterns, schemas).map_err(ModelError::Invalid)?;
        let talk = match (conversation.free.take(), wanted.is_empty()) {
            (None, true) => return Ok(None),
            (Some(mut talk), true) => {
                talk.add(turn.text, &turn.spans);
                talk
            }
            (_, false) => begun(turn, wanted),
        };
        if !self.backend.writes() {
            return Ok(Some(Outcome::Declined(DeclineCode::NeedsModel.declined(turn.language))));
        }
        self.write(conversation, talk, cancel).map(Some)
    }

    /// Fills one thing from the words of its clause. A question comes back where the words do not fit.
    fn fill_one(
        &mut self,
        filled: &mut Filled,
        turn: &mut Turn<'_>,
        clause: std::ops::Range<usize>,
        body: String,
        cancel: &Cancel,
    ) -> Result<Option<Asked>, ModelError> {
        let Some(pattern) = self.library.patterns.get(&filled.kind) else { return Ok(None) };
        // A clause's spans are offered to its own thing only.
        let outside: Vec<usize> = turn
            .spans
            .iter()
            .enumerate()
            .filter(|(_, span)| span.start < clause.start || span.end > clause.end)
            .map(|(i, _)| i)
            .collect();
        let mut used = turn.used.clone();
        used.extend(&outside);
        let task = Task {
            pattern,
            text: turn.text,
            spans: &turn.spans,
            known: &self.setting.known,
            asked: turn.asked.as_deref(),
            prefix: self.prefix,
            body,
        };
        let left = fill::fill(&task, filled, &mut used, &mut *self.backend, cancel)?;
        clear::first(pattern, turn.text, turn.index, filled);
        turn.used.extend(used.into_iter().filter(|span| !outside.contains(span)));
        if left.too_many {
            let text = words::too_much(turn.language);
            return Ok(Some(asked(filled, vec![Question { field: String::new(), text }])));
        }
        let questions: Vec<Question> = left
            .misfits
            .into_iter()
            .map(|(field, why)| Question { text: words::misfit(&why, turn.language), field })
            .collect();
        Ok(if questions.is_empty() { None } else { Some(asked(filled, questions)) })
    }

    /// Names, places, required values, rendering and the gate for all things.
    fn finish(&self, things: &mut [Filled], turn: &Turn<'_>) -> Outcome {
        let mut taken: BTreeSet<String> = self.setting.taken();
        let mut draft = Draft::default();
        let unused = unused(turn);
        link::volumes(things, self.library.patterns, self.setting, &mut taken, turn.text);
        let made = link::made(things);
        for filled in things.iter_mut() {
            let Some(pattern) = self.library.patterns.get(&filled.kind) else { continue };
            if let Some((said, flag)) = place::settle(filled, self.setting, &mut taken, true) {
                let text = words::namespace_conflict(&said, &flag, turn.language);
                return Outcome::Asked(asked(filled, vec![Question { field: "namespace".into(), text }]));
            }
            if let Some(stranger) = self.setting.known.stranger(pattern, filled, &made) {
                let text = words::stranger(&stranger, turn.language);
                let questions = vec![Question { field: stranger.parameter, text }];
                return Outcome::Asked(Asked { unused, ..asked(filled, questions) });
            }
            let open = open_questions(pattern, filled, turn.language);
            if !open.is_empty() {
                return Outcome::Asked(Asked { unused, ..asked(filled, open) });
            }
            match self.gate_one(pattern, filled, turn.text, turn.language) {
                Err(outcome) => {
                    let mut unused = unused;
                    unused
                        .retain(|one| !filled.labels.values().any(|label| label.value == one.text.as_str()));
                    return with_unused(*outcome, unused);
                }
                Ok((thing, findings, interventions, policies)) => {
                    draft.things.push(thing);
                    draft.findings.extend(findings);
                    draft.interventions.extend(interventions);
                    draft.policies.0 = draft.policies.0.max(policies.0);
                    draft.policies.1 = draft.policies.1.max(policies.1);
                }
            }
        }
        let is_label = |one: &Unused| {
            things
                .iter()
                .flat_map(|thing| thing.labels.values())
                .any(|label| label.value == one.text.as_str())
        };
        draft.unused = unused;
        draft.unused.retain(|one| !is_label(one));
        Outcome::Drafted(draft)
    }

    #[allow(clippy::type_complexity)]
    fn gate_one(
        &self,
        pattern: &Pattern,
        filled: &mut Filled,
        text: &str,
        language: Language,
    ) -> Result<(Thing, Vec<crate::finding::Finding>, Vec<Intervention>, (usize, usize)), Box<Outcome>> {
        let context = self.library.context(self.setting);
        let words = gate::Words { text, setting: self.setting };
        let gated = gate::pass(pattern, filled, &context, &words)
            .map_err(|error| refused(filled, &error, language))?;
        if !gated.forbidden.is_empty() {
            let questions = gated
                .forbidden
                .iter()
                .map(|one| Question { field: one.path.clone(), text: words::forbidden(one, language) })
                .collect();
            return Err(Box::new(Outcome::Asked(Asked {
                interventions: gated.forbidden,
                findings: gated.report.findings,
                ..asked(filled, questions)
            })));
        }
        if !gated.labels.is_empty() {
            let question = |one: &Lacking| Question {
                field: format!("{}{}", required::FIELD, one.key),
                text: required::question(one, language),
            };
            let questions = gated.labels.iter().map(question).collect();
            return Err(Box::new(Outcome::Asked(Asked {
                findings: gated.report.findings,
                ..asked(filled, questions)
            })));
        }
        if !gated.missing.is_empty() {
            let questions = gated
                .missing
                .into_iter()
                .map(|field| {
                    let slot = pattern.form.slots.iter().find(|slot| slot.parameter == field);
                    Question { text: words::missing(&field, slot, language), field }
                })
                .collect();
            return Err(Box::new(Outcome::Asked(Asked {
                findings: gated.report.findings,
                ..asked(filled, questions)
            })));
        }
        let thing = render::thing(pattern, filled, gated.objects)
            .map_err(|error| refused(filled, &error, language))?;
        let policies = (gated.report.policies_passed, gated.report.policies_total);
        if gated.report.verdict != Verdict::Allowed {
            return Err(Box::new(Outcome::Denied(Denied {
                incomplete: gated.report.verdict == Verdict::Incomplete,
                findings: gated.report.findings,
                draft: Draft { things: vec![thing], policies, ..Draft::default() },
            })));
        }
        Ok((thing, gated.report.findings, gated.repaired, policies))
    }
}

/// A conversation about objects that a model writes; it begins with these words.
fn begun(turn: &Turn<'_>, wanted: Vec<free::Wanted>) -> free::Free {
    let mut spans = turn.spans.clone();
    spans.iter_mut().for_each(|span| span.turn = 0);
    free::Free::new(turn.text, &spans, wanted)
}

/// What code can say of the turn before any model.
fn narrow(library: Library<'_>, setting: &Setting, words: &str, spans: &[Span], follow_up: bool) -> Narrowed {
    let text =
        |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let objects: Vec<ExistingObject> = setting
        .existing
        .iter()
        .filter_map(|object| {
            Some(ExistingObject { kind: text(object, "/kind")?, name: text(object, "/metadata/name")? })
        })
        // A claim or a namespace is named to be used, not to be changed.
        .filter(|object| {
            !matches!(object.kind.as_str(), "PersistentVolumeClaim" | "Namespace" | "Secret" | "ConfigMap")
        })
        .collect();
    let kinds: Vec<KindNames> = library
        .patterns
        .iter()
        .filter(|pattern| pattern.native)
        .map(|pattern| kind_names(pattern, library.schemas))
        .collect();
    let patterns: Vec<PatternNames> = library
        .patterns
        .iter()
        .filter(|pattern| !pattern.native)
        .map(|pattern| PatternNames { kind: pattern.kind.clone(), cues: pattern.form.cues.clone() })
        .collect();
    let context = RuleContext { objects: &objects, kinds: &kinds, patterns: &patterns, follow_up };
    rules::narrow(words, spans, &context)
}

/// Puts what policy allows in the place of what was said: the person agreed to it.
fn accept(things: &mut [Filled], pending: &[Intervention]) {
    for one in pending {
        let Some(allowed) = &one.allowed else { continue };
        let stands = |thing: &&mut Filled| thing.get(&one.path) == Some(&one.wanted);
        if let Some(thing) = things.iter_mut().find(stands) {
            thing.values.insert(one.path.clone(), Chosen::decided(allowed.clone(), Origin::Policy));
        }
    }
}

/// Keeps the things, and the offer of a policy while it is open.
fn remember(conversation: &mut Conversation, things: Vec<Filled>, outcome: &Outcome) {
    conversation.things = things;
    match outcome {
        Outcome::Drafted(draft) => conversation.unused.clone_from(&draft.unused),
        Outcome::Asked(asked) => conversation.pending.clone_from(&asked.interventions),
        _ => {}
    }
}

/// How a native kind is called: its Kubernetes names, and in Chinese the words of its form.
fn kind_names(pattern: &Pattern, schemas: &SchemaSet) -> KindNames {
    let info = schemas.kinds().find(|info| info.gvk.kind == pattern.kind);
    let chinese = pattern.form.cues.iter().filter(|cue| !cue.is_ascii()).cloned().collect();
    KindNames {
        kind: pattern.kind.clone(),
        plural: info
            .map(|info| info.plural.clone())
            .unwrap_or_else(|| format!("{}s", pattern.kind.to_lowercase())),
        short: info.map(|info| info.short_names.clone()).unwrap_or_default(),
        chinese,
    }
}

/// A follow-up that names another kind than what is being drafted, and says that it comes beside it, wants that.
fn starts_anew(text: &str, narrowed: &Narrowed, things: &[Filled]) -> bool {
    const BESIDE: &[&str] =
        &["also", "another", "plus", "as well", "in addition", "再", "另外", "还要", "还需要", "外加"];
    let other = |named: &&rules::Named| things.iter().all(|thing| thing.kind != named.kind);
    let natives = narrowed.native.iter().filter(|named| named.certain).filter(other).count();
    let patterns = narrowed.patterns.iter().filter(|named| named.kind != "Storage").filter(other).count();
    let beside = BESIDE.iter().any(|word| !find_cue(text, word).is_empty());
    natives > 0 || (patterns > 0 && beside)
}

/// The object that a question speaks of: one that exists, else a name that was said.
fn object_name(narrowed: &Narrowed, turn: &Turn<'_>) -> Option<String> {
    narrowed.existing.first().map(|object| object.name.clone()).or_else(|| {
        let named = |span: &&Span| span.kind == SlotType::Name && span.strong;
        turn.spans.iter().find(named).and_then(|span| span.value.as_str().map(str::to_owned))
    })
}

/// Required parameters without a value, each as a question.
fn open_questions(pattern: &Pattern, filled: &Filled, language: Language) -> Vec<Question> {
    pattern
        .open(&filled.spec())
        .into_iter()
        .map(|parameter| {
            let slot = pattern.form.slots.iter().find(|slot| slot.parameter == parameter.name);
            Question { field: parameter.name.clone(), text: words::missing(&parameter.name, slot, language) }
        })
        .collect()
}

/// A question about a thing, with what was understood so far.
fn asked(filled: &Filled, questions: Vec<Question>) -> Asked {
    let fields = filled.values.iter().map(|(name, chosen)| render::field(name, chosen)).collect();
    Asked { kind: filled.kind.clone(), questions, fields, ..Asked::default() }
}

/// The pattern refuses a value: where the person said it, it is a question about that value.
fn refused(filled: &Filled, error: &PatternError, language: Language) -> Box<Outcome> {
    let field = error
        .parameter()
        .map(str::to_owned)
        .or_else(|| {
            let said = |(_, chosen): &(&String, &Chosen)| chosen.origin == Origin::Request;
            filled.values.iter().find(said).map(|(name, _)| name.clone())
        })
        .unwrap_or_default();
    // A value is the person's: where the pattern's file stands is of no use to them.
    let why =
        if error.parameter().is_some() || error.line.is_none() { &error.message } else { &error.to_string() };
    let text = words::misfit(why, language);
    Box::new(Outcome::Asked(asked(filled, vec![Question { field, text }])))
}

fn with_unused(outcome: Outcome, unused: Vec<Unused>) -> Outcome {
    match outcome {
        Outcome::Asked(asked) => Outcome::Asked(Asked { unused, ..asked }),
        Outcome::Denied(mut denied) => {
            denied.draft.unused = unused;
            Outcome::Denied(denied)
        }
        other => other,
    }
}

/// Strong spans of this turn that nothing took. Of overlapping ones the longest is shown.
fn unused(turn: &Turn<'_>) -> Vec<Unused> {
    let left: Vec<&Span> = turn
        .spans
        .iter()
        .enumerate()
        .filter(|(index, span)| span.strong && span.turn == turn.index && !turn.used.contains(index))
        .map(|(_, span)| span)
        .collect();
    let mut shown: Vec<&Span> = Vec::new();
    let mut by_length = left;
    by_length.sort_by_key(|span| std::cmp::Reverse(span.end - span.start));
    for span in by_length {
        let taken = |range: (usize, usize)| span.start < range.1 && range.0 < span.end;
        let covered =
            turn.used.iter().filter_map(|i| turn.spans.get(*i)).any(|used| taken((used.start, used.end)));
        if !covered && !shown.iter().any(|other| taken((other.start, other.end))) {
            shown.push(span);
        }
    }
    shown.sort_by_key(|span| span.start);
    shown
        .into_iter()
        .map(|span| Unused {
            text: span.text.clone(),
            kind: span.kind,
            span: [span.start, span.end],
            turn: span.turn,
        })
        .collect()
}

/// A namespace or owner that was said for one thing holds for those that were said with it.
fn share_places(things: &mut [Filled]) {
    for parameter in ["namespace", "owner"] {
        let Some(said) = things.iter().find_map(|thing| thing.values.get(parameter).cloned()) else {
            continue;
        };
        for thing in things.iter_mut() {
            thing.values.entry(parameter.to_owned()).or_insert_with(|| said.clone());
        }
    }
}

/// The lines of a filled thing as a form would have them, for a follow-up.
fn known(pattern: &Pattern, filled: &Filled) -> Vec<(String, String)> {
    pattern
        .form
        .slots
        .iter()
        .filter_map(|slot| {
            let chosen = filled.values.get(&slot.parameter)?;
            (chosen.origin == Origin::Request).then(|| {
                let text = match &chosen.value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (slot.key.clone(), text)
            })
        })
        .collect()
}
