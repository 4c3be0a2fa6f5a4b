//! From words to checked objects without a model: lexer, constraint, patterns, the whole turn.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]

mod support {
    pub mod library;
}

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use kubectl_copilot::constraint::walk::rules::Rules;
use kubectl_copilot::constraint::walk::{Said as Words, Walk};
use kubectl_copilot::constraint::{Answer, Answers, Author as _, Form};
use kubectl_copilot::draft::{Conversation, Drafter, Outcome, prefix};
use kubectl_copilot::model::{Backend, Cancel, ModelError, ModelInfo, PromptProfile, Scripted, validate};
use kubectl_copilot::pattern::{Pattern, PatternSet};
use kubectl_copilot::schema::Node;

use support::library::{SAID, Said, World, manifests};

/// The texts of the five patterns.
const PATTERNS: &[&str] = &[
    include_str!("../patterns/notebook.yaml"),
    include_str!("../patterns/training-job.yaml"),
    include_str!("../patterns/model-server.yaml"),
    include_str!("../patterns/web-service.yaml"),
    include_str!("../patterns/storage.yaml"),
];

/// Answers which kind it is, keeps the first form of that kind, and stops there.
struct UpToForm {
    info: ModelInfo,
    kind: &'static str,
    form: Option<Form>,
}

impl UpToForm {
    fn new(said: &Said, profile: PromptProfile) -> Self {
        let kind = said.answers.iter().find(|(key, _)| *key == "kind").map(|(_, kind)| *kind);
        let info =
            ModelInfo { name: String::new(), device: String::new(), profile, parameters: 0, context: 0 };
        Self { info, kind: kind.expect("every request has a kind"), form: None }
    }
}

impl Backend for UpToForm {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn fill(&mut self, form: &Form, _: &Cancel) -> Result<Answers, ModelError> {
        if form.slots.iter().any(|slot| slot.key == "kind") {
            let choice = form.slots[0].candidates.iter().position(|candidate| candidate.text == self.kind);
            return Ok(Answers {
                answers: vec![Answer { slot: 0, choice, score: None }],
                sampled: 1,
                forced: 0,
            });
        }
        self.form = Some(form.clone());
        Err(ModelError::Cancelled)
    }
}

/// The form that a request leads to.
fn form(world: &World, said: &Said, profile: PromptProfile) -> Form {
    let mut backend = UpToForm::new(said, profile);
    let mut conversation = Conversation::default();
    let reading = world.read(&conversation, said.request);
    let prefix =
        prefix(profile, PatternSet::builtin()).expect("the shipped examples fit the shipped patterns");
    let mut drafter = Drafter::new(world.library(), &world.setting, &prefix, &mut backend);
    let stopped = drafter.turn(&mut conversation, reading, &Cancel::default());
    assert!(matches!(stopped, Err(ModelError::Cancelled)), "{}: no form was put: {stopped:?}", said.label);
    backend.form.expect("it was stopped at a form")
}

/// A backend that gives a request's answers at once.
fn scripted(said: &Said) -> Scripted {
    Scripted::new(said.answers.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect())
}

fn lexing(c: &mut Criterion) {
    let world = World::open();
    let mut group = c.benchmark_group("lex");
    for said in SAID {
        group.bench_function(said.label, |b| b.iter(|| world.facts.lex(black_box(said.request), 0)));
    }
    group.finish();
}

/// The part of the constraint that is the same for every request of a kind: its schema, form and templates; and the
/// part that depends on the request: spans, rules, offers, candidates.
fn constraint(c: &mut Criterion) {
    let world = World::open();
    let mut group = c.benchmark_group("constraint");
    let notebook = manifests(PATTERNS[0]);
    group.bench_function("fixed part of a kind", |b| {
        b.iter(|| Pattern::from_manifest(black_box(&notebook[0])))
    });
    for said in SAID {
        group.bench_function(format!("part per request/{}", said.label), |b| {
            b.iter(|| form(&world, black_box(said), PromptProfile::Trained));
        });
    }
    group.bench_function("the prompt of a general model, once a process", |b| {
        b.iter(|| prefix(black_box(PromptProfile::FewShot), PatternSet::builtin()));
    });
    let one = form(&world, &SAID[1], PromptProfile::Trained);
    group.bench_function("as JSON Schema", |b| b.iter(|| black_box(&one).json_schema()));
    let answers = scripted(&SAID[1]).fill(&one, &Cancel::default()).expect("the script answers its form");
    validate(&one, &answers).expect("what was chosen among the candidates is valid");
    group.bench_function("answers against it", |b| b.iter(|| validate(black_box(&one), &answers)));
    group.finish();
}

fn patterns(c: &mut Criterion) {
    let mut group = c.benchmark_group("pattern");
    group.bench_function("read five from text", |b| {
        b.iter(|| {
            let all: Vec<_> = PATTERNS.iter().flat_map(|text| manifests(black_box(text))).collect();
            PatternSet::from_manifests(&all).expect("the shipped patterns are whole")
        });
    });
    for kind in ["Notebook", "ModelServer", "Storage"] {
        let pattern = PatternSet::builtin().get(kind).expect("a shipped pattern");
        group.bench_function(format!("render {kind}"), |b| {
            b.iter(|| pattern.expand("bench", Some("research"), black_box(pattern.example())));
        });
    }
    group.finish();
}

/// The beginning of a manifest up to the first choice, for the kind with the most fields.
fn walk(c: &mut Criterion) {
    let world = World::open();
    let size = |node: Node<'_>| {
        let (mut count, mut todo) = (0, vec![(node, 0)]);
        while let Some((node, depth)) = todo.pop() {
            count += 1;
            if depth < 12 {
                todo.extend(node.properties().map(|(_, child)| (child, depth + 1)));
                todo.extend(node.items().map(|child| (child, depth + 1)));
            }
        }
        count
    };
    let kinds = world.schemas.kinds().filter_map(|info| world.schemas.kind(&info.gvk));
    let largest = kinds.max_by_key(|kind| size(kind.node)).expect("schemas are bundled");
    let rules = Rules::builtin().expect("the file is whole");
    let names = ["bench".to_owned()];
    let words = Words::of("a thing called bench with the image nginx:1.27, two replicas and port 8080");
    let mut group = c.benchmark_group("manifest");
    group.bench_function(format!("begin a {}", largest.info.gvk.kind), |b| {
        b.iter(|| {
            let mut walk = Walk::new(black_box(largest), &names, &[], &words, rules);
            walk.next().expect("a manifest begins").expect("with its name")
        });
    });
    group.finish();
}

/// Everything of a turn but the model: spans, rules, forms, expansion, schema, five policies, built-in rules.
fn turn(c: &mut Criterion) {
    let world = World::open();
    let mut group = c.benchmark_group("turn without a model");
    for said in SAID {
        let mut backend = scripted(said);
        let mut one = || {
            let mut conversation = Conversation::default();
            let reading = world.read(&conversation, black_box(said.request));
            let mut drafter = Drafter::new(world.library(), &world.setting, "", &mut backend);
            drafter.turn(&mut conversation, reading, &Cancel::default())
        };
        let outcome = one();
        assert!(matches!(outcome, Ok(Outcome::Drafted(_))), "{}: {outcome:?}", said.label);
        group.bench_function(said.label, |b| b.iter(&mut one));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20);
    targets = lexing, constraint, patterns, walk, turn
}
criterion_main!(benches);
