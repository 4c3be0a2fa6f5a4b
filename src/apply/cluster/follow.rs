//! Follows what was applied until it is ready, fails for good, or the deadline is over. Reads only.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::ClusterTarget;
use crate::apply::rollout::{Progress, Surroundings, progress, why};
use crate::cluster::Selector;
use crate::manifest::{GroupVersionKind, ObjectKey};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// A reason that is as old as this is told before the deadline: most pods are there within seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// What following came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Followed {
    /// Objects that are ready, with the seconds that it took.
    pub ready: Vec<(ObjectKey, u64)>,
    /// Objects that are not.
    pub unready: Vec<Unready>,
    /// True where somebody stopped it.
    pub interrupted: bool,
}

/// An object that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// The object.
    pub object: ObjectKey,
    /// What is missing.
    pub missing: String,
    /// Why, as far as rules can tell.
    pub why: Vec<String>,
    /// What is to be thought of that.
    pub standing: Standing,
}

/// How an object stands that was not seen ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may get there.
    Waiting,
    /// It will not get there by itself.
    Failed,
    /// The API server could not be asked in the end.
    Unknown,
}

impl Followed {
    /// Everything is ready.
    pub fn is_ready(&self) -> bool {
        self.unready.is_empty()
    }
}

impl ClusterTarget {
    /// Looks at the objects again and again. `tell` hears each new state once, for a line on the screen; `stop` ends it
    /// between two looks.
    pub fn follow(
        &self,
        objects: &[ObjectKey],
        deadline: Duration,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(&ObjectKey, &str),
    ) -> Followed {
        let begun = Instant::now();
        let mut followed = Followed::default();
        let mut open: Vec<(ObjectKey, String)> =
            objects.iter().map(|key| (key.clone(), String::new())).collect();
        loop {
            let late = begun.elapsed() >= deadline;
            let interrupted = stop();
            let mut still = Vec::new();
            for (key, told) in std::mem::take(&mut open) {
                let live = self.live(&key);
                let (missing, standing) = match live.as_ref().map(|live| live.as_ref().map(progress)) {
                    Ok(Some(Progress::Ready)) => {
                        let seconds = begun.elapsed().as_secs();
                        followed.ready.push((key, seconds));
                        continue;
                    }
                    Ok(Some(Progress::Waiting(missing))) => (missing, Standing::Waiting),
                    Ok(Some(Progress::Failed(missing))) => (missing, Standing::Failed),
                    Ok(None) => ("it is gone".into(), Standing::Failed),
                    // It may be away for a moment; the deadline is the bound.
                    Err(_) => ("the API server cannot be asked".into(), Standing::Unknown),
                };
                let failed = standing == Standing::Failed;
                let explained = failed || late || interrupted || begun.elapsed() >= PATIENCE;
                let why = match &live {
                    Ok(Some(live)) if explained => why(live, &self.surroundings(live)),
                    Err(error) => vec![error.to_string()],
                    _ => Vec::new(),
                };
                // What the network says changes from look to look, and means the same.
                let said = why.first().filter(|_| standing != Standing::Unknown);
                let line = said.map_or_else(|| missing.clone(), |why| format!("{missing}: {why}"));
                if line != told {
                    tell(&key, &line);
                }
                if failed || late || interrupted {
                    followed.unready.push(Unready { object: key, missing, why, standing });
                } else {
                    still.push((key, line));
                }
            }
            open = still;
            followed.interrupted |= interrupted;
            if open.is_empty() {
                return followed;
            }
            self.connection().pause(PAUSE);
        }
    }

    /// Pods, events and claims of a workload, as far as they may be read.
    fn surroundings(&self, workload: &Value) -> Surroundings {
        let key = ObjectKey::of(workload);
        let Some(namespace) = key.namespace.as_deref() else { return Surroundings::default() };
        let list = |kind: &str, selector: &Selector| {
            let listed =
                self.connection().list(&GroupVersionKind::new("v1", kind), Some(namespace), selector);
            // What is missing explains less, and nothing else follows from it.
            listed.map_or_else(
                |error| {
                    tracing::debug!(kind, %error, "not read");
                    Vec::new()
                },
                |listed| listed.items,
            )
        };
        let pods = if key.kind == "Pod" {
            vec![workload.clone()]
        } else {
            let labels = selector(workload);
            if labels.is_empty() { Vec::new() } else { list("Pod", &Selector::labels(labels)) }
        };
        let of = |name: &str| list("Event", &Selector::fields(format!("involvedObject.name={name}")));
        let mut events = of(&key.name);
        for pod in pods.iter().take(3) {
            events.extend(of(&ObjectKey::of(pod).name));
        }
        let mounted: Vec<&str> = pods
            .iter()
            .flat_map(|pod| pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten())
            .filter_map(|volume| volume.pointer("/persistentVolumeClaim/claimName")?.as_str())
            .collect();
        let claims = if mounted.is_empty() {
            Vec::new()
        } else {
            list("PersistentVolumeClaim", &Selector::all())
                .into_iter()
                .filter(|claim| mounted.contains(&ObjectKey::of(claim).name.as_str()))
                .collect()
        };
        Surroundings { pods, events, claims }
    }
}

/// `key=value,…` of the labels that a workload finds its pods by.
fn selector(workload: &Value) -> String {
    let labels = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_workload_without_labels_selects_nothing_and_not_everything() {
        let set = json!({"spec": {"selector": {"matchLabels": {"app.kubernetes.io/name": "web", "a": "b"}}}});
        assert_eq!(selector(&set), "app.kubernetes.io/name=web,a=b");
        assert_eq!(selector(&json!({"spec": {}})), "");
    }
}
