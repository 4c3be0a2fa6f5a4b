//! The Pods that a workload would create, and the way back from a Pod's field to the owner's.

use serde_json::{Map, Value, json};

use super::{GroupVersionKind, ObjectKey, pointer};

/// A generated Pod name is at most this long (the server cuts the owner's name).
const MAX_POD_NAME: usize = 63;

/// A Pod as the controller of a workload would create it.
#[derive(Debug, Clone, PartialEq)]
pub struct PodOf {
    /// A `v1` Pod: labels and annotations of the template, the owner's namespace, a name made from the owner's, the
    /// spec with the volumes of `volumeClaimTemplates`. No owner references, and no defaults of the API server.
    pub pod: Value,
    /// JSON pointer of the pod spec inside the owner, e.g. `/spec/template/spec`.
    pub template: String,
    /// How many of these Pods would run at the same time. 1 for a DaemonSet, where it is one a node.
    pub count: u64,
    /// For each volume of the Pod, its pointer inside the owner, where the two lists differ (StatefulSet).
    volumes: Option<Vec<String>>,
}

impl PodOf {
    /// The pointer inside the owner of what `pod_pointer` names in the Pod: `/spec/containers/0/image` becomes
    /// `/spec/template/spec/containers/0/image`. Fields that the template does not have lead to where they come
    /// from: name and namespace to the owner's, a claim's volume to its `volumeClaimTemplates` entry.
    pub fn template_path(&self, pod_pointer: &str) -> String {
        if let Some(volumes) = &self.volumes
            && let Some(rest) = pod_pointer.strip_prefix("/spec/volumes/")
        {
            let (index, below) = rest.find('/').map_or((rest, ""), |cut| rest.split_at(cut));
            if let Some(volume) = index.parse::<usize>().ok().and_then(|index| volumes.get(index)) {
                // Below a claim's volume nothing corresponds to a field of the claim.
                let from_claim = volume.starts_with("/spec/volumeClaimTemplates/");
                return if from_claim { volume.clone() } else { format!("{volume}{below}") };
            }
        }
        if pointer::is_within(pod_pointer, "/spec") {
            return format!("{}{}", self.template, &pod_pointer["/spec".len()..]);
        }
        let holder = pointer::parent(&self.template).unwrap_or_default();
        match pod_pointer {
            "/metadata/name" | "/metadata/namespace" => pod_pointer.to_owned(),
            _ if pointer::is_within(pod_pointer, "/metadata") => format!("{holder}{pod_pointer}"),
            _ => holder.to_owned(),
        }
    }
}

/// What of a workload leads to its Pods.
struct Workload {
    /// Pointer of the pod template (with `metadata` and `spec`).
    holder: &'static str,
    /// Pods at the same time.
    count: fn(&Value) -> u64,
}

/// The Pods that `object` would create: one entry a pod template. Empty for kinds without Pods, for kinds that are
/// not Kubernetes' own, and where the template has no spec (which the schema refuses).
pub fn pods(object: &Value) -> Vec<PodOf> {
    let key = ObjectKey::of(object);
    let Some(workload) = workload(&key.gvk()) else { return Vec::new() };
    let Some(template) = object.pointer(workload.holder) else { return Vec::new() };
    let Some(Value::Object(spec)) = template.get("spec") else { return Vec::new() };
    let mut spec = spec.clone();
    let volumes = (key.kind == "StatefulSet").then(|| claim_volumes(object, &key.name, &mut spec)).flatten();
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(object, template, &key),
        "spec": spec,
    });
    let template = format!("{}/spec", workload.holder);
    vec![PodOf { pod, template, count: (workload.count)(object), volumes }]
}

fn workload(gvk: &GroupVersionKind) -> Option<Workload> {
    const TEMPLATE: &str = "/spec/template";
    let (holder, count): (&'static str, fn(&Value) -> u64) = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => ("", |_| 1),
        ("", "PodTemplate") => ("/template", |_| 1),
        ("", "ReplicationController") => (TEMPLATE, replicas),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet") => (TEMPLATE, replicas),
        ("apps", "DaemonSet") => (TEMPLATE, |_| 1),
        ("batch", "Job") => (TEMPLATE, |job| parallel(job.get("spec"))),
        ("batch", "CronJob") => {
            ("/spec/jobTemplate/spec/template", |cron| parallel(cron.pointer("/spec/jobTemplate/spec")))
        }
        _ => return None,
    };
    Some(Workload { holder, count })
}

fn replicas(object: &Value) -> u64 {
    count(object.pointer("/spec/replicas")).unwrap_or(1)
}

/// A Job runs `parallelism` Pods at once, and never more than it still has to complete.
fn parallel(spec: Option<&Value>) -> u64 {
    let field = |name: &str| count(spec.and_then(|spec| spec.get(name)));
    let parallelism = field("parallelism").unwrap_or(1);
    field("completions").map_or(parallelism, |completions| parallelism.min(completions))
}

/// A count; a negative one, which the server refuses, is 0.
fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_i64().map(|_| 0))
}

fn metadata(object: &Value, template: &Value, key: &ObjectKey) -> Value {
    let own = key.kind == "Pod";
    let name = if own { key.name.clone() } else { pod_name(object, key) };
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), Value::String(name));
    if let Some(namespace) = &key.namespace {
        metadata.insert("namespace".to_owned(), Value::String(namespace.clone()));
    }
    for field in ["labels", "annotations"] {
        if let Some(value) = template.pointer(&format!("/metadata/{field}")).filter(|value| !value.is_null())
        {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(metadata)
}

/// `<name>-0`; the owner's `generateName` where it has no name.
fn pod_name(object: &Value, key: &ObjectKey) -> String {
    let generated = || object.pointer("/metadata/generateName").and_then(Value::as_str).unwrap_or_default();
    let base = if key.name.is_empty() { generated().trim_end_matches('-') } else { key.name.as_str() };
    if base.is_empty() {
        return String::new();
    }
    // A StatefulSet's Pods carry its whole name; every other controller cuts it.
    let limit = if key.kind == "StatefulSet" { usize::MAX } else { MAX_POD_NAME - "-0".len() };
    let base: String = base.chars().take(limit).collect();
    format!("{}-0", base.trim_end_matches(['-', '.']))
}

/// Adds the volumes of `volumeClaimTemplates`, as the StatefulSet controller does: a claim takes the place of a
/// template's volume with the same name. Gives each volume's pointer in the owner.
fn claim_volumes(object: &Value, owner: &str, spec: &mut Map<String, Value>) -> Option<Vec<String>> {
    let claims = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array)?;
    let mut volumes = Vec::new();
    let mut pointers = Vec::new();
    let claim_names: Vec<&str> =
        claims.iter().filter_map(|claim| claim.pointer("/metadata/name").and_then(Value::as_str)).collect();
    if let Some(Value::Array(own)) = spec.get("volumes") {
        for (index, volume) in own.iter().enumerate() {
            let name = volume.get("name").and_then(Value::as_str);
            if !name.is_some_and(|name| claim_names.contains(&name)) {
                volumes.push(volume.clone());
                pointers.push(format!("/spec/template/spec/volumes/{index}"));
            }
        }
    }
    for (index, claim) in claims.iter().enumerate() {
        let Some(name) = claim.pointer("/metadata/name").and_then(Value::as_str) else { continue };
        let claim_name = format!("{name}-{owner}-0");
        volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": claim_name}}));
        pointers.push(format!("/spec/volumeClaimTemplates/{index}"));
    }
    spec.insert("volumes".to_owned(), Value::Array(volumes));
    Some(pointers)
}

/// Which list of a pod spec a container stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// `containers`.
    Main,
    /// `initContainers`, sidecars included.
    Init,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl ContainerKind {
    /// All of them, in the order in which [`containers`] goes through them.
    pub const ALL: [Self; 3] = [Self::Main, Self::Init, Self::Ephemeral];

    /// The field of the pod spec.
    pub fn field(self) -> &'static str {
        match self {
            Self::Main => "containers",
            Self::Init => "initContainers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// One container of a Pod.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerOf<'p> {
    /// JSON pointer inside the Pod, e.g. `/spec/initContainers/0`.
    pub pointer: String,
    /// Which list it stands in.
    pub kind: ContainerKind,
    /// The container.
    pub container: &'p Value,
}

impl ContainerOf<'_> {
    /// Its name, empty where it has none.
    pub fn name(&self) -> &str {
        self.container.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// True for an init container that keeps running (`restartPolicy: Always`).
    pub fn is_sidecar(&self) -> bool {
        self.kind == ContainerKind::Init
            && self.container.get("restartPolicy").and_then(Value::as_str) == Some("Always")
    }
}

/// Every container of a Pod: `containers`, then `initContainers`, then `ephemeralContainers`.
pub fn containers(pod: &Value) -> Vec<ContainerOf<'_>> {
    let mut found = Vec::new();
    for kind in ContainerKind::ALL {
        let list = pod.get("spec").and_then(|spec| spec.get(kind.field())).and_then(Value::as_array);
        for (index, container) in list.into_iter().flatten().enumerate() {
            found.push(ContainerOf { pointer: format!("/spec/{}/{index}", kind.field()), kind, container });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(api_version: &str, kind: &str, spec: Value) -> Value {
        let mut owner =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "lab"}});
        owner["spec"] = spec;
        owner
    }

    fn template() -> Value {
        json!({"metadata": {"labels": {"app": "web"}, "name": "ignored"},
               "spec": {"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "own", "emptyDir": {}}]}})
    }

    #[test]
    fn every_workload_has_its_pod_and_count() {
        let cases = [
            ("apps/v1", "Deployment", json!({"replicas": 3, "template": template()}), 3),
            ("apps/v1", "Deployment", json!({"template": template()}), 1),
            ("apps/v1", "ReplicaSet", json!({"replicas": 0, "template": template()}), 0),
            ("apps/v1", "StatefulSet", json!({"replicas": 2, "template": template()}), 2),
            ("apps/v1", "DaemonSet", json!({"template": template()}), 1),
            ("v1", "ReplicationController", json!({"replicas": 4, "template": template()}), 4),
            ("batch/v1", "Job", json!({"parallelism": 8, "completions": 3, "template": template()}), 3),
            ("batch/v1", "Job", json!({"completions": 5, "template": template()}), 1),
        ];
        for (api_version, kind, spec, count) in cases {
            let found = pods(&owner(api_version, kind, spec));
            assert_eq!(found.len(), 1, "{kind}");
            let pod = &found[0];
            assert_eq!(pod.count, count, "{kind}");
            assert_eq!(pod.template, "/spec/template/spec");
            assert_eq!(
                pod.pod["metadata"],
                json!({"name": "web-0", "namespace": "lab", "labels": {"app": "web"}})
            );
            assert_eq!(pod.pod["spec"]["containers"], template()["spec"]["containers"]);
        }
    }

    #[test]
    fn a_cron_job_leads_three_levels_down() {
        let job = json!({"parallelism": 2, "template": template()});
        let cron =
            owner("batch/v1", "CronJob", json!({"schedule": "0 2 * * *", "jobTemplate": {"spec": job}}));
        let pod = &pods(&cron)[0];
        assert_eq!(pod.count, 2);
        let path = pod.template_path("/spec/containers/0/image");
        assert_eq!(path, "/spec/jobTemplate/spec/template/spec/containers/0/image");
        assert_eq!(cron.pointer(&path), Some(&json!("i")));
        let path = pod.template_path("/metadata/labels/app");
        assert_eq!(cron.pointer(&path), Some(&json!("web")));
        assert_eq!(pod.template_path("/metadata/name"), "/metadata/name");
    }

    #[test]
    fn a_pod_is_its_own_pod() {
        let pod = owner("v1", "Pod", template()["spec"].clone());
        let found = &pods(&pod)[0];
        assert_eq!(found.pod, pod);
        for path in ["/spec/containers/0/image", "/metadata/name", "/spec", ""] {
            assert_eq!(found.template_path(path), path);
        }
    }

    #[test]
    fn a_pod_template_stands_at_the_root() {
        let object = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"}, "template": template()});
        assert_eq!(pods(&object)[0].template, "/template/spec");
    }

    #[test]
    fn claims_of_a_stateful_set_are_volumes() {
        let claims = json!([{"metadata": {"name": "data"}}, {"metadata": {"name": "own"}}]);
        let set =
            owner("apps/v1", "StatefulSet", json!({"template": template(), "volumeClaimTemplates": claims}));
        let found = &pods(&set)[0];
        assert_eq!(
            found.pod["spec"]["volumes"],
            json!([
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}},
                {"name": "own", "persistentVolumeClaim": {"claimName": "own-web-0"}},
            ])
        );
        assert_eq!(
            found.template_path("/spec/volumes/0/persistentVolumeClaim"),
            "/spec/volumeClaimTemplates/0"
        );
        assert_eq!(found.template_path("/spec/containers/0"), "/spec/template/spec/containers/0");
    }

    #[test]
    fn a_volume_behind_a_replaced_one_leads_to_its_own_place() {
        let mut template = template();
        template["spec"]["volumes"] = json!([{"name": "data"}, {"name": "tmp", "emptyDir": {}}]);
        let claims = json!([{"metadata": {"name": "data"}}]);
        let set =
            owner("apps/v1", "StatefulSet", json!({"template": template, "volumeClaimTemplates": claims}));
        let found = &pods(&set)[0];
        assert_eq!(found.template_path("/spec/volumes/0/emptyDir"), "/spec/template/spec/volumes/1/emptyDir");
        assert_eq!(found.template_path("/spec/volumes/1"), "/spec/volumeClaimTemplates/0");
    }

    #[test]
    fn kinds_without_pods_and_foreign_kinds_have_none() {
        assert!(pods(&owner("v1", "Service", json!({}))).is_empty());
        assert!(pods(&owner("example.com/v1", "Deployment", json!({"template": template()}))).is_empty());
        assert!(pods(&owner("apps/v1", "Deployment", json!({"template": {}}))).is_empty());
        assert!(pods(&json!(null)).is_empty());
    }

    #[test]
    fn a_long_name_is_cut_as_the_server_cuts_it() {
        let mut deployment = owner("apps/v1", "Deployment", json!({"template": template()}));
        deployment["metadata"]["name"] = json!("a".repeat(100));
        assert_eq!(pods(&deployment)[0].pod["metadata"]["name"].as_str().unwrap().len(), 63);
        deployment["metadata"] = json!({"generateName": "run-"});
        assert_eq!(pods(&deployment)[0].pod["metadata"]["name"], "run-0");
    }

    #[test]
    fn all_containers_are_visited_with_their_pointers() {
        let pod = json!({"spec": {
            "containers": [{"name": "a"}],
            "initContainers": [{"name": "b", "restartPolicy": "Always"}, {"name": "c"}],
            "ephemeralContainers": [{"name": "d"}],
        }});
        let found = containers(&pod);
        let names: Vec<&str> = found.iter().map(ContainerOf::name).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
        for container in &found {
            assert_eq!(pod.pointer(&container.pointer), Some(container.container));
        }
        assert!(found[1].is_sidecar() && !found[2].is_sidecar() && !found[0].is_sidecar());
        assert!(containers(&json!({})).is_empty());
    }
}
