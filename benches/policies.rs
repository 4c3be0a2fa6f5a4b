//! Policies at scale: many objects under many policies, and what a kind is under them before there is an object.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![allow(clippy::print_stdout, reason = "a table of figures is what this is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use kubectl_copilot::manifest::{GroupVersionKind, Manifest};
use kubectl_copilot::policy::{Intent, PolicySet, Resource, Review, User};
use kubectl_copilot::schema::SchemaSet;
use serde_json::{Value, json};

/// Policies in force.
const POLICIES: usize = 50;
/// Objects in full, and in quick mode.
const OBJECTS: (usize, usize) = (10_000, 500);

/// The shipped policies for AI platforms, under so many names.
fn policies() -> PolicySet {
    let names = [
        "allowed-registries",
        "cost-center-label",
        "gpu-cap-per-pod",
        "gpu-scheduling",
        "job-limits",
        "no-privileged-host",
        "owner-label",
        "priority-classes",
        "queue-label",
        "requests-and-limits",
        "services-inside",
        "storage-limits",
    ];
    let shipped = PolicySet::platform_manifests().expect("the shipped policies parse");
    let mut all: Vec<Manifest> = Vec::new();
    for number in 0..POLICIES {
        let name = names.get(number % names.len()).expect("a name");
        for manifest in &shipped {
            let key = manifest.key();
            let mut manifest = manifest.clone();
            let renamed = format!("{name}-{number}");
            match key.kind.as_str() {
                "ValidatingAdmissionPolicy" if key.name == *name => {
                    manifest.object["metadata"]["name"] = json!(renamed)
                }
                "ValidatingAdmissionPolicyBinding" if manifest.object["spec"]["policyName"] == *name => {
                    manifest.object["metadata"]["name"] = json!(renamed);
                    manifest.object["spec"]["policyName"] = json!(renamed);
                }
                "ConfigMap" if number == 0 => {}
                _ => continue,
            }
            all.push(manifest);
        }
    }
    PolicySet::from_manifests(&all).expect("they compile")
}

/// Pods, Jobs and Deployments, of which every tenth breaks something.
fn objects(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| {
            let image = if number % 10 == 0 { "evil.example/app:1" } else { "docker.io/library/app:1" };
            let container = |name: &str| {
                json!({"name": name, "image": image, "env": [{"name": "N", "value": number.to_string()}],
                    "ports": [{"containerPort": 8080}],
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    "securityContext": {"runAsNonRoot": true, "allowPrivilegeEscalation": false}})
            };
            let labels = json!({"app": format!("app-{number}"), "kubectl-copilot.dev/owner": "ann", "cost-center": "4711",
                "kueue.x-k8s.io/queue-name": "research"});
            let spec = json!({"containers": [container("main"), container("side")],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
            let metadata = json!({"name": format!("app-{number}"), "namespace": "lab", "labels": labels});
            let template = json!({"metadata": {"labels": labels}, "spec": spec});
            match number % 4 {
                0 => json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}),
                1 => json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
                    "spec": {"activeDeadlineSeconds": 3600, "ttlSecondsAfterFinished": 60, "template": template}}),
                _ => json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 2,
                    "selector": {"matchLabels": {"app": format!("app-{number}")}}, "template": template}}),
            }
        })
        .collect()
}

/// The largest that this process has been, in MiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

/// All objects under all policies, on two threads.
fn at_scale(count: usize) {
    let (set, all) = (policies(), objects(count));
    let user = User::named("ann");
    let begun = Instant::now();
    let half = all.len().div_ceil(2);
    let sums: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let judge = |part: &[Value]| {
            part.iter().fold((0, 0), |(matched, denied), object| {
                let said = set.evaluate(&Review::create(object, &user));
                (matched + said.matched.len(), denied + usize::from(!said.findings.is_empty()))
            })
        };
        let threads: Vec<_> = all.chunks(half).map(|part| scope.spawn(move || judge(part))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    let took = begun.elapsed();
    let (matched, denied) = sums.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let pairs = count * POLICIES;
    let share = 100 * matched / pairs.max(1);
    println!(
        "policies at scale: {count} objects under {POLICIES} policies, {pairs} pairs of which {share} % match: {:.2} s on 2 threads, \
         {:.1} us a pair; {denied} objects are objected to; the process at most {} MiB",
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / pairs.max(1) as f64,
        peak().map_or_else(|| "?".to_owned(), |mib| mib.to_string()),
    );
    assert!(share >= 60 && denied * 10 >= count, "the bench is not what it says");
}

fn narrowing(c: &mut Criterion) {
    let schemas = SchemaSet::bundled(None).expect("bundled schemas");
    let (set, user) = (policies(), User::named("ann"));
    let kind = GroupVersionKind::new("apps/v1", "Deployment");
    let node = schemas.kind(&kind).map(|kind| kind.node);
    let resource = Resource::guess(&kind);
    let intent = Intent { kind, resource, node, namespace: None, placed: None, user: &user };
    let mut group = c.benchmark_group("policies");
    group.bench_function(format!("a Deployment's shapes under {POLICIES} policies"), |b| {
        b.iter(|| black_box(set.shapes(black_box(&intent))));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    targets = narrowing
}

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    at_scale(if is_quick { OBJECTS.1 } else { OBJECTS.0 });
    benches();
}
