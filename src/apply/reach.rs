//! How a person reaches what was applied to a cluster: one command for each Service, one for each generated value.

use serde_json::Value;

use crate::apply::next_steps::quoted;
use crate::apply::plan::{ClusterId, Plan, PlannedChange};
use crate::manifest::{ContainerKind, ObjectKey, containers, pods};

/// The commands, in the order of the plan. `now` has the objects as they were written: the body of a change may be a part.
pub(super) fn reach(plan: &Plan, id: &ClusterId, now: &[Value]) -> Vec<String> {
    let mut commands = Vec::new();
    let objects: Vec<&Value> = plan.changes.iter().filter_map(|change| whole(change, now)).collect();
    for change in &plan.changes {
        let place = place(change, id);
        if let Some(port) =
            whole(change, now).filter(|_| change.object.kind == "Service").and_then(forwardable)
        {
            let local = local_port(&objects, port);
            commands.push(format!("kubectl port-forward svc/{} {local}:{port}{place}", change.object.name));
        }
        for drawn in &change.drawn {
            let key = drawn.path.trim_start_matches("/data/").replace('.', "\\.");
            commands.push(format!(
                "kubectl get secret {}{place} -o jsonpath='{{.data.{key}}}' | base64 -d",
                change.object.name
            ));
        }
    }
    commands
}

fn whole<'a>(change: &'a PlannedChange, now: &'a [Value]) -> Option<&'a Value> {
    now.iter().find(|object| ObjectKey::of(object) == change.object).or(change.body.as_ref())
}

/// ` -n team-a --context lab`: without them kubectl might look elsewhere.
pub(super) fn place(change: &PlannedChange, id: &ClusterId) -> String {
    let namespace = change.object.namespace.as_deref().unwrap_or(&id.namespace);
    let context = if id.context.is_empty() || id.context == "in-cluster" {
        String::new()
    } else {
        format!(" --context {}", quoted(&id.context))
    };
    format!(" -n {namespace}{context}")
}

/// The first port of a Service that has an address of its own.
fn forwardable(service: &Value) -> Option<u64> {
    if service.pointer("/spec/clusterIP").is_some_and(|ip| ip == "None") {
        return None;
    }
    service.pointer("/spec/ports/0/port")?.as_u64()
}

/// The port on this machine: the container's, which people know a program by, unless it needs root.
fn local_port(objects: &[&Value], port: u64) -> u64 {
    let of_container = objects
        .iter()
        .flat_map(|object| pods(object))
        .flat_map(|one| {
            let all = containers(&one.pod).into_iter().filter(|c| c.kind == ContainerKind::Main);
            all.filter_map(|c| c.container.pointer("/ports/0/containerPort")?.as_u64()).collect::<Vec<_>>()
        })
        .next();
    [of_container, Some(port)].into_iter().flatten().find(|port| *port >= 1024).unwrap_or(8080)
}
