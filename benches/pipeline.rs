//! What comes after a draft: the gate, the plan, what has to be loaded first; then real models, from words to a plan.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![allow(clippy::print_stdout, reason = "a table of figures is what this is for")]

mod support {
    #[allow(dead_code, reason = "the other bench uses all of it")]
    pub mod library;
    pub mod models;
    pub mod process;
}

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group};
use kubectl_copilot::apply::FolderTarget;
use kubectl_copilot::check::{CheckContext, Verdict, check};
use kubectl_copilot::diff::MaskKey;
use kubectl_copilot::manifest::to_yaml;
use kubectl_copilot::pattern::PatternSet;
use kubectl_copilot::policy::PolicySet;
use serde_json::{Value, json};

use support::library::World;
use support::models;

/// The objects of the two-GPU notebook.
fn notebook() -> Vec<Value> {
    let spec = json!({ "gpus": 2, "memory": "64Gi", "owner": "alice" });
    let pattern = PatternSet::builtin().get("Notebook").expect("a shipped pattern");
    pattern.expand("bench", None, spec.as_object().expect("an object")).expect("it renders")
}

fn loading(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    group.bench_function("built-in policies", |b| {
        b.iter(|| {
            let manifests = PolicySet::builtin_manifests().expect("the shipped policies parse");
            PolicySet::from_manifests(black_box(&manifests)).expect("the shipped policies compile")
        });
    });
    group.finish();
}

fn gate(c: &mut Criterion) {
    let world = World::open();
    let objects = notebook();
    let mut group = c.benchmark_group("check");
    let with = CheckContext::new(&world.schemas, &world.policies, &world.user);
    let none = PolicySet::none();
    let without = CheckContext::new(&world.schemas, &none, &world.user);
    assert_eq!(check(&objects, &with).verdict, Verdict::Allowed);
    group.bench_function("notebook, built-in policies", |b| b.iter(|| check(black_box(&objects), &with)));
    group.bench_function("notebook, no policies", |b| b.iter(|| check(black_box(&objects), &without)));
    group.finish();
}

/// A folder with so many Deployments, one a file.
fn fill(folder: &Path, count: usize) {
    let pattern = PatternSet::builtin().get("Deployment").expect("a shipped native kind");
    for number in 0..count {
        let name = format!("existing-{number}");
        for object in pattern.expand(&name, None, pattern.example()).expect("it renders") {
            let file = folder.join(format!("deployment-{name}.yaml"));
            std::fs::write(file, to_yaml(&object)).expect("a temporary folder takes a file");
        }
    }
}

fn planning(c: &mut Criterion) {
    let objects = notebook();
    let key = MaskKey::new([7; 32]);
    let mut group = c.benchmark_group("plan");
    for count in [0, 200] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fill(folder.path(), count);
        group.bench_function(format!("open and plan, {count} objects in the folder"), |b| {
            b.iter(|| {
                let target = FolderTarget::open(black_box(folder.path())).expect("it opens");
                target.plan(&objects, &key).expect("it plans")
            });
        });
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
    targets = loading, gate, planning
}

/// With a filter (`cargo bench --bench pipeline -- check`) the models are measured only where it is `models`.
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let quick = words.iter().any(|word| word == "--quick");
    let mut filters = words.iter().filter(|word| !word.starts_with('-')).peekable();
    let all = filters.peek().is_none();
    let wants_models = all || filters.any(|word| word == "models");
    benches();
    Criterion::default().configure_from_args().final_summary();
    if wants_models && words.iter().any(|word| word == "--bench") {
        print!("{}", models::report(quick));
    }
}
