//! Which objects of an answer belong together, and what each group of them is.

use serde_json::Value;

use super::rows::Thing;

/// Equal on all objects of a thing: JSON with `pattern` or `kind`, and `name`.
const ANNOTATION: &str = "kubectl-copilot.dev/draft";

pub const NATIVE: [&str; 10] = [
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Namespace",
];
pub const PATTERNS: [&str; 5] = ["Notebook", "TrainingJob", "ModelServer", "WebService", "Storage"];
const WORKLOADS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// The objects of one thing.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// What these objects may be called; one name when the annotation says it.
    whats: Vec<String>,
    pub objects: Vec<&'a Value>,
}

pub fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

pub fn is_native(what: &str) -> bool {
    NATIVE.contains(&what)
}

/// The Pod that a workload would create.
pub fn pod_spec(object: &Value) -> Option<&Value> {
    let spec = match kind(object) {
        "Pod" => &object["spec"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => &object["spec"]["template"]["spec"],
    };
    spec.is_object().then_some(spec)
}

impl<'a> Group<'a> {
    /// A drafted volume is the same object whether it was called storage or a claim.
    pub fn may_be(&self, what: &str) -> bool {
        let claim = |what: &str| what == "Storage" || what == "PersistentVolumeClaim";
        let only_claims = self.objects.iter().all(|object| kind(object) == "PersistentVolumeClaim");
        self.whats.iter().any(|may| may == what || (only_claims && claim(may) && claim(what)))
    }

    pub fn describe(&self) -> String {
        let kinds: Vec<&str> = self.objects.iter().map(|object| kind(object)).collect();
        format!("{} ({})", self.whats.join(" or "), kinds.join(" + "))
    }

    /// The object that carries the thing's name.
    pub fn primary(&self) -> Option<&'a Value> {
        let workload = self.objects.iter().find(|object| WORKLOADS.contains(&kind(object)));
        workload.or(self.objects.first()).copied()
    }

    pub fn pods(&self) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter_map(|object| pod_spec(object))
    }

    pub fn containers(&self) -> impl Iterator<Item = &'a Value> {
        self.pods().flat_map(|pod| pod["containers"].as_array().into_iter().flatten())
    }

    pub fn of_kind(&self, wanted: &str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().copied().filter(move |object| kind(object) == wanted)
    }
}

/// Puts the objects of an answer into groups, one a thing.
pub fn group<'a>(documents: &'a [Value], asked_for: &[Thing]) -> Vec<Group<'a>> {
    let mut groups: Vec<(Value, Group<'a>)> = Vec::new();
    let mut unmarked = Vec::new();
    for object in documents.iter().filter(|document| !document.is_null()) {
        let Some((mark, what)) = marked(object) else {
            unmarked.push(object);
            continue;
        };
        match groups.iter_mut().find(|(other, _)| *other == mark) {
            Some((_, group)) => group.objects.push(object),
            None => groups.push((mark, Group { whats: vec![what], objects: vec![object] })),
        }
    }
    let mut groups: Vec<Group<'a>> = groups.into_iter().map(|(_, group)| group).collect();
    groups.extend(if asked_for.iter().all(|thing| is_native(&thing.what)) {
        each_alone(&unmarked)
    } else {
        around_workloads(&unmarked)
    });
    groups
}

/// The annotation without what may differ in spelling, and what it calls the thing.
fn marked(object: &Value) -> Option<(Value, String)> {
    let text = object["metadata"]["annotations"][ANNOTATION].as_str()?;
    let mark: Value = serde_json::from_str(text).ok()?;
    let what = mark["pattern"].as_str().or_else(|| mark["kind"].as_str())?;
    let what = canonical(what);
    Some((mark, what))
}

/// `model-server` and `modelserver` are the pattern ModelServer.
fn canonical(what: &str) -> String {
    let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    let known = PATTERNS.iter().chain(&NATIVE).find(|known| plain(known) == plain(what));
    known.map_or_else(|| what.to_string(), |known| (*known).to_string())
}

/// Without an annotation, and with only native kinds asked for, each object is a thing.
fn each_alone<'a>(objects: &[&'a Value]) -> Vec<Group<'a>> {
    objects
        .iter()
        .map(|object| Group { whats: vec![kind(object).to_string()], objects: vec![*object] })
        .collect()
}

/// Without an annotation, what is named after a workload belongs to it.
fn around_workloads<'a>(objects: &[&'a Value]) -> Vec<Group<'a>> {
    let is_workload = |object: &&&'a Value| WORKLOADS.contains(&kind(object));
    let mut groups: Vec<Group<'a>> = objects
        .iter()
        .filter(is_workload)
        .map(|workload| Group { whats: whats_of_workload(workload), objects: vec![*workload] })
        .collect();
    for object in objects.iter().filter(|object| !is_workload(object)) {
        let owner = groups
            .iter_mut()
            .filter(|group| belongs(object, group.objects[0]))
            .max_by_key(|group| name(group.objects[0]).len());
        match owner {
            Some(group) => group.objects.push(object),
            None => groups.push(Group { whats: vec![kind(object).to_string()], objects: vec![*object] }),
        }
    }
    groups
}

fn belongs(object: &Value, workload: &Value) -> bool {
    let rest = name(object).strip_prefix(name(workload));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-')) && !name(workload).is_empty()
}

fn whats_of_workload(workload: &Value) -> Vec<String> {
    let pod = pod_spec(workload).map(Value::to_string).unwrap_or_default();
    let pattern = match kind(workload) {
        "StatefulSet" if pod.contains("jupyter") || pod.contains("\"containerPort\":8888") => "Notebook",
        "Deployment" | "StatefulSet" if pod.contains("vllm") => "ModelServer",
        "Deployment" | "StatefulSet" => "WebService",
        "Job" => "TrainingJob",
        _ => return vec![kind(workload).to_string()],
    };
    vec![pattern.to_string(), kind(workload).to_string()]
}
