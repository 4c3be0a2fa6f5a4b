//! The shipped patterns and native kinds: they render with the least and with everything, and what they render is what a
//! restricted namespace admits and what the traps of GPU workloads call for.

use serde_json::{Map, Value, json};

use super::spec;
use crate::pattern::set::builtin_patterns;
use crate::pattern::{Parameter, ParameterKind, Pattern, PatternSet};

#[test]
fn every_pattern_can_be_read_and_is_fit_for_use() {
    let kinds: Vec<String> = builtin_patterns()
        .into_iter()
        .map(|pattern| {
            let pattern = pattern.unwrap_or_else(|error| panic!("{error}"));
            let problems: Vec<String> = pattern.check().iter().map(ToString::to_string).collect();
            assert!(problems.is_empty(), "{problems:#?}");
            assert!(!pattern.example().is_empty(), "{}", pattern.kind);
            pattern.kind
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "Notebook",
            "TrainingJob",
            "ModelServer",
            "WebService",
            "Storage",
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
        ]
    );
    assert_eq!(PatternSet::builtin().iter().count(), kinds.len());
}

fn get(kind: &str) -> &'static Pattern {
    PatternSet::builtin().get(kind).unwrap()
}

fn render(kind: &str, values: Value) -> Vec<Value> {
    get(kind).expand("demo", Some("team"), &spec(values)).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// The pod that an object would create.
fn pod(object: &Value) -> Option<&Value> {
    match object["kind"].as_str()? {
        "Pod" => object.get("spec"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template/spec"),
        _ => object.pointer("/spec/template/spec"),
    }
}

/// Every way in which the shipped patterns are tried: with the least, the example, and each parameter by itself.
pub(super) fn trials() -> Vec<(&'static Pattern, Map<String, Value>)> {
    let mut trials = Vec::new();
    for pattern in PatternSet::builtin().iter() {
        let example = pattern.example();
        let needed = |parameter: &&Parameter| parameter.required || parameter.name == "command";
        let least: Map<String, Value> = pattern
            .parameters
            .iter()
            .filter(needed)
            .filter_map(|p| {
                Some((
                    p.name.clone(),
                    example.get(&p.name).cloned().or_else(|| (p.name == "image").then(|| json!("a/b:1")))?,
                ))
            })
            .collect();
        for parameter in &pattern.parameters {
            let value = example.get(&parameter.name).cloned().or_else(|| sample(parameter));
            let Some(value) = value else { continue };
            let mut one = least.clone();
            one.insert(parameter.name.clone(), value);
            trials.push((pattern, one));
        }
        trials.push((pattern, least));
        trials.push((pattern, example.clone()));
    }
    trials
}

fn sample(parameter: &Parameter) -> Option<Value> {
    Some(match (&parameter.kind, parameter.name.as_str()) {
        (_, "secretEnv") => json!(["PASSWORD"]),
        (_, "writable") => json!(["/var/cache/a", "/run/b"]),
        (_, "software") => parameter.one_of.first().cloned().unwrap_or_else(|| json!("redis")),
        (_, "gpuProducts") => json!(["NVIDIA-L4"]),
        (_, "home" | "data" | "health") => json!("/some/path"),
        (_, "host") => json!("a.example.com"),
        (_, "cpu") => json!("500m"),
        (_, "memory" | "disk" | "size") => json!("2Gi"),
        (_, "port" | "targetPort" | "uid" | "gid" | "timeLimit" | "keepSeconds" | "contextLength") => {
            json!(8443)
        }
        (ParameterKind::Integer, _) => json!(2),
        (ParameterKind::String, _) => parameter.one_of.last().cloned().unwrap_or_else(|| json!("some-name")),
        (ParameterKind::List(_), _) => json!(["one", "two"]),
        (ParameterKind::Map(_), _) => json!({ "KEY": "value" }),
        _ => return None,
    })
}

#[test]
fn every_parameter_can_be_set_and_what_comes_out_has_names_and_labels() {
    for (pattern, values) in trials() {
        let objects = pattern
            .expand("demo", Some("team"), &values)
            .unwrap_or_else(|error| panic!("{} {values:?}: {error}", pattern.kind));
        if pattern.native {
            assert_eq!(objects.len(), 1, "{}: that kind and nothing beside it", pattern.kind);
            assert_eq!(objects[0]["kind"], pattern.kind.as_str());
            let group = &pattern.group;
            let version = &pattern.version;
            let api = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
            assert_eq!(objects[0]["apiVersion"], api);
        }
        for object in &objects {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            assert!(name.starts_with("demo"), "{}: {object}", pattern.kind);
            assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "kubectl-copilot");
            no_empty_names(object);
        }
    }
}

/// No `name` anywhere is empty, no null and no `${` is left, and no list of named things names one twice.
fn no_empty_names(value: &Value) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("name") {
                assert_ne!(name, "", "{value}");
            }
            map.values().for_each(no_empty_names);
        }
        Value::Array(items) => {
            let names: Vec<&Value> = items.iter().filter_map(|item| item.get("name")).collect();
            for (index, name) in names.iter().enumerate() {
                assert!(!names[..index].contains(name), "{name} stands twice in {value}");
            }
            items.iter().for_each(no_empty_names);
        }
        Value::Null => panic!("a null was rendered"),
        Value::String(text) => assert!(!text.contains("${"), "{text}"),
        _ => {}
    }
}

#[test]
fn every_pod_is_admitted_by_the_restricted_standard() {
    let mut pods = 0;
    for (pattern, values) in trials() {
        for object in pattern.expand("demo", None, &values).unwrap() {
            let Some(pod) = pod(&object) else { continue };
            pods += 1;
            restricted(pod, &pattern.kind);
            consistent(pod, &pattern.kind);
        }
    }
    assert!(pods > 100);
}

fn restricted(pod: &Value, kind: &str) {
    for forbidden in ["hostNetwork", "hostPID", "hostIPC"] {
        assert!(pod.get(forbidden).is_none(), "{kind}: {forbidden}");
    }
    assert_eq!(pod["automountServiceAccountToken"], false, "{kind}");
    let context = &pod["securityContext"];
    assert_eq!(context["runAsNonRoot"], true, "{kind}");
    assert!(
        context["runAsUser"].as_i64().is_some_and(|uid| uid > 0),
        "{kind}: a numeric user that is not root"
    );
    assert!(context["fsGroup"].as_i64().is_some_and(|gid| gid > 0), "{kind}");
    assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{kind}");
    const SAFE: &str = "net.ipv4.ip_unprivileged_port_start";
    for sysctl in context["sysctls"].as_array().into_iter().flatten() {
        assert_eq!(sysctl["name"], SAFE, "{kind}: only safe sysctls");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        let sources = ["emptyDir", "persistentVolumeClaim", "ephemeral", "configMap", "secret"];
        assert!(sources.iter().any(|source| volume.get(source).is_some()), "{kind}: {volume}");
    }
    for container in pod["containers"].as_array().unwrap() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false, "{kind}");
        assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }), "{kind}");
        assert!(context.get("privileged").is_none() && context.get("runAsUser").is_none(), "{kind}");
        for port in container["ports"].as_array().into_iter().flatten() {
            assert!(port.get("hostPort").is_none(), "{kind}");
        }
    }
}

/// Requests and limits, GPUs as limits that equal requests with a toleration and shared memory, mounts with volumes.
fn consistent(pod: &Value, kind: &str) {
    let container = &pod["containers"][0];
    let resources = &container["resources"];
    for name in ["cpu", "memory"] {
        assert!(
            resources["requests"][name].is_string() && resources["limits"][name].is_string(),
            "{kind}: {name}"
        );
    }
    let gpus = &resources["limits"]["nvidia.com/gpu"];
    assert_eq!(*gpus, resources["requests"]["nvidia.com/gpu"], "{kind}: GPUs cannot be overcommitted");
    let tolerated = pod["tolerations"][0]["key"] == "nvidia.com/gpu";
    assert_eq!(gpus.is_string(), tolerated, "{kind}: nodes with GPUs are tainted");
    let names = |list: &Value, field: &str| -> Vec<String> {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<String> =
            items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect();
        names.sort();
        names
    };
    let mut volumes = names(&pod["volumes"], "name");
    let mounts = names(&container["volumeMounts"], "name");
    if kind == "StatefulSet" && mounts.contains(&"data".to_owned()) && !volumes.contains(&"data".to_owned()) {
        volumes.push("data".to_owned());
        volumes.sort();
    }
    assert_eq!(volumes, mounts, "{kind}: a volume for every mount and a mount for every volume");
    let paths = names(&container["volumeMounts"], "mountPath");
    let mut unique = paths.clone();
    unique.dedup();
    assert_eq!(paths, unique, "{kind}: one mount a path");
    if gpus.is_string() {
        assert!(paths.contains(&"/dev/shm".to_owned()), "{kind}: 64 MB of shared memory is not enough");
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        if volume["emptyDir"]["medium"] == "Memory" {
            assert_eq!(
                volume["emptyDir"]["sizeLimit"], resources["limits"]["memory"],
                "{kind}: counted as memory"
            );
        }
    }
}

#[test]
fn selectors_find_their_pods() {
    for (pattern, values) in trials() {
        let objects = pattern.expand("demo", None, &values).unwrap();
        let templates: Vec<&Value> =
            objects.iter().filter_map(|object| object.pointer("/spec/template/metadata/labels")).collect();
        for object in &objects {
            let selector = object.pointer("/spec/selector/matchLabels").or_else(|| {
                (object["kind"] == "Service" && !pattern.native).then(|| &object["spec"]["selector"])
            });
            let Some(selector) = selector.and_then(Value::as_object) else { continue };
            let found =
                templates.iter().any(|labels| selector.iter().all(|(key, value)| labels[key] == *value));
            assert!(found && !selector.is_empty(), "{}: {selector:?} finds nothing", pattern.kind);
        }
        // A Service and an Ingress speak of ports that are there.
        let Some(service) = objects.iter().find(|object| object["kind"] == "Service" && !pattern.native)
        else {
            continue;
        };
        if let (Value::String(target), Some(pod)) =
            (&service["spec"]["ports"][0]["targetPort"], objects.iter().find_map(pod))
        {
            assert_eq!(pod["containers"][0]["ports"][0]["name"], json!(target), "{}", pattern.kind);
        }
        if let Some(ingress) = objects.iter().find(|object| object["kind"] == "Ingress") {
            let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
            assert_eq!(backend["port"]["name"], service["spec"]["ports"][0]["name"], "{}", pattern.kind);
        }
    }
}

#[test]
fn a_notebook_has_a_token_that_is_nowhere_written() {
    let objects = render("Notebook", json!({ "gpus": 2, "gpuType": "H100", "owner": "alice" }));
    let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["Secret", "PersistentVolumeClaim", "Service", "StatefulSet"],
        "in the order of applying"
    );
    let secret = of_kind(&objects, "Secret");
    assert!(secret.get("data").is_none() && secret.get("stringData").is_none());
    let drawn = secret["metadata"]["annotations"]["kubectl-copilot.dev/generate"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(drawn).unwrap(),
        json!({ "token": { "kind": "hex", "length": 48 } })
    );
    let pod = pod(of_kind(&objects, "StatefulSet")).unwrap();
    let token = &pod["containers"][0]["env"][0];
    assert_eq!(
        token["valueFrom"]["secretKeyRef"],
        json!({ "name": secret["metadata"]["name"], "key": "token" })
    );
    assert!(
        token["valueFrom"]["secretKeyRef"].get("optional").is_none(),
        "without the token it does not start"
    );
    assert_eq!(pod["containers"][0]["image"], "quay.io/jupyter/pytorch-notebook:cuda12-python-3.13");
    let term = &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        [0];
    assert!(
        term["matchExpressions"][0]["values"].as_array().unwrap().contains(&json!("NVIDIA-H100-80GB-HBM3"))
    );

    let notebook = get("Notebook");
    let refused =
        notebook.complete("x", None, &spec(json!({ "env": { "JUPYTER_TOKEN": "known" } }))).unwrap_err();
    assert_eq!(refused.parameter(), Some("env"));
    let plain = render("Notebook", json!({}));
    assert_eq!(
        super::super::tests::shipped::pod(&plain[3]).unwrap()["containers"][0]["image"],
        "quay.io/jupyter/pytorch-notebook:python-3.13"
    );
}

#[test]
fn a_gpu_type_means_at_least_one_gpu() {
    let completed = get("Notebook").complete("x", None, &spec(json!({ "gpuType": "A100" }))).unwrap();
    assert_eq!(completed.spec["gpus"], 1);
    assert!(completed.defaulted.contains(&"gpus".to_owned()));
    let refused =
        get("Notebook").complete("x", None, &spec(json!({ "gpuType": "A100", "gpus": 0 }))).unwrap_err();
    assert_eq!(refused.parameter(), Some("gpus"));
}

#[test]
fn training_on_several_nodes_finds_its_first() {
    let values = json!({ "command": ["torchrun", "train.py"], "nodes": 4, "gpus": 8, "env": { "HOME": "/data", "A": "b" } });
    let objects = render("TrainingJob", values);
    let (service, job) = (of_kind(&objects, "Service"), of_kind(&objects, "Job"));
    assert_eq!(service["spec"]["clusterIP"], "None");
    assert_eq!(
        service["spec"]["publishNotReadyAddresses"], true,
        "nodes look for the first before it is ready"
    );
    assert_eq!((&job["spec"]["completionMode"], &job["spec"]["completions"]), (&json!("Indexed"), &json!(4)));
    assert_eq!(job["spec"]["podFailurePolicy"]["rules"][0]["action"], "Ignore");
    let pod = pod(job).unwrap();
    assert_eq!(pod["restartPolicy"], "Never", "a podFailurePolicy needs it");
    assert_eq!(pod["subdomain"], service["metadata"]["name"]);
    let env = |name: &str| {
        let entries = pod["containers"][0]["env"].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(env("MASTER_ADDR")["value"], "demo-0.demo");
    assert_eq!(env("PET_NNODES")["value"], "4");
    assert_eq!(env("PET_NPROC_PER_NODE")["value"], "8");
    let index = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
    assert_eq!(env("NODE_RANK")["valueFrom"]["fieldRef"]["fieldPath"], index);
    assert_eq!(env("RANK"), Value::Null, "torchrun counts processes, not nodes");
    assert_eq!(env("HOME")["value"], "/data", "what was said goes before what is given");

    let single = render("TrainingJob", json!({ "command": ["python", "a.py"] }));
    assert_eq!(single.len(), 1);
    assert!(single[0]["spec"].get("completionMode").is_none());
    let refused = get("TrainingJob").complete("x", None, &spec(json!({}))).unwrap_err();
    assert_eq!(refused.parameter(), Some("command"));
    assert!(get("TrainingJob").complete("x", None, &spec(json!({ "image": "r.example.com/t:1" }))).is_ok());
}

#[test]
fn a_model_server_keeps_its_weights_and_does_not_block_its_successor() {
    let one = render(
        "ModelServer",
        json!({ "model": "Qwen/Qwen2.5-7B-Instruct", "gpus": 4, "host": "llm.example.com" }),
    );
    let server = of_kind(&one, "Deployment");
    assert_eq!(server["spec"]["strategy"], json!({ "type": "Recreate" }));
    let container = &pod(server).unwrap()["containers"][0];
    assert_eq!(
        container["args"],
        json!(["Qwen/Qwen2.5-7B-Instruct", "--port=8000", "--tensor-parallel-size=4"])
    );
    let startup = &container["startupProbe"];
    let seconds = startup["periodSeconds"].as_i64().unwrap() * startup["failureThreshold"].as_i64().unwrap();
    assert!(seconds >= 3600 && server["spec"]["progressDeadlineSeconds"].as_i64().unwrap() > seconds);
    assert!(one.iter().any(|object| object["kind"] == "Ingress"));

    let two = render("ModelServer", json!({ "model": "a/b", "replicas": 2 }));
    assert!(
        !two.iter().any(|object| object["kind"] == "PersistentVolumeClaim"),
        "one volume cannot serve two pods"
    );
    assert_eq!(of_kind(&two, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxSurge"], 0);
    for bad in ["--trust-remote-code", "a/b --x", "../etc", ""] {
        let error = get("ModelServer").complete("x", None, &spec(json!({ "model": bad }))).unwrap_err();
        assert_eq!(error.parameter(), Some("model"), "{bad:?}");
    }
    assert!(
        get("ModelServer")
            .complete("x", None, &spec(json!({ "model": "a/b", "env": { "HF_TOKEN": "t" } })))
            .is_err()
    );
}

#[test]
fn a_database_is_a_disk_a_password_and_one_pod() {
    let objects = render("WebService", json!({ "software": "postgres 16", "disk": "20Gi" }));
    let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Secret", "PersistentVolumeClaim", "Service", "Deployment"]);
    let server = of_kind(&objects, "Deployment");
    assert_eq!(server["spec"]["strategy"]["type"], "Recreate");
    let container = &pod(server).unwrap()["containers"][0];
    assert_eq!(container["image"], "postgres:16");
    let mount = &container["volumeMounts"][0];
    assert_eq!((&mount["mountPath"], &mount["subPath"]), (&json!("/var/lib/postgresql"), &json!("data")));
    let password =
        container["env"].as_array().unwrap().iter().find(|e| e["name"] == "POSTGRES_PASSWORD").unwrap();
    assert_eq!(
        password["valueFrom"]["secretKeyRef"]["name"],
        of_kind(&objects, "Secret")["metadata"]["name"]
    );

    let web = get("WebService");
    let error = web.complete("x", None, &spec(json!({ "software": "postgres", "replicas": 3 }))).unwrap_err();
    assert_eq!(error.parameter(), Some("replicas"), "{error}");
    let error = web
        .complete("x", None, &spec(json!({ "software": "mysql", "env": { "MYSQL_ROOT_PASSWORD": "x" } })))
        .unwrap_err();
    assert_eq!(error.parameter(), Some("env"), "{error}");
    let error = web.complete("x", None, &spec(json!({ "software": "nonesuch" }))).unwrap_err();
    assert_eq!(error.parameter(), Some("software"), "{error}");
    let error = web.complete("x", None, &spec(json!({}))).unwrap_err();
    assert_eq!(error.parameter(), Some("image"), "{error}");
}

#[test]
fn the_port_that_was_said_reaches_the_port_that_is_listened_on() {
    let objects = render("WebService", json!({ "software": "nginx", "port": 80, "replicas": 3 }));
    assert_eq!(of_kind(&objects, "Service")["spec"]["ports"][0]["port"], 80);
    let container = pod(of_kind(&objects, "Deployment")).unwrap()["containers"][0].clone();
    assert_eq!(container["ports"][0]["containerPort"], 8080, "nginx-unprivileged listens on 8080");

    let native = render("Deployment", json!({ "software": "nginx", "port": 80 }));
    let spec = pod(&native[0]).unwrap();
    assert_eq!(spec["containers"][0]["ports"][0]["containerPort"], 80);
    assert_eq!(spec["containers"][0]["image"], "nginx:1.29", "the one that listens there");
    assert!(spec["securityContext"]["sysctls"].is_array(), "without root");
}

#[test]
fn native_kinds_are_what_their_words_say() {
    let cron =
        render("CronJob", json!({ "schedule": "0 2 * * *", "image": "a/b:1", "command": ["echo", "hi"] }));
    assert_eq!(cron[0]["spec"]["concurrencyPolicy"], "Forbid");
    assert!(
        cron[0].pointer("/spec/jobTemplate/spec/activeDeadlineSeconds").is_none(),
        "only where it was said"
    );
    for bad in ["every day", "0 2 * *", "* * * * * *", "@often"] {
        let error =
            get("CronJob").complete("x", None, &spec(json!({ "schedule": bad, "image": "a" }))).unwrap_err();
        assert_eq!(error.parameter(), Some("schedule"), "{bad}");
    }
    let service = render("Service", json!({ "app": "web", "port": 80, "targetPort": 8080 }));
    assert_eq!(service[0]["spec"]["selector"], json!({ "app.kubernetes.io/instance": "web" }));
    let service = render("Service", json!({ "selector": { "app": "old" } }));
    assert_eq!(service[0]["spec"]["selector"], json!({ "app": "old" }));
    let config = render("ConfigMap", json!({ "data": { "a": "1" } }));
    assert_eq!(config[0]["data"], json!({ "a": "1" }));
    let set = render("StatefulSet", json!({ "software": "redis", "disk": "1Gi", "replicas": 2 }));
    assert_eq!(set[0]["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"], "1Gi");
    let namespace = get("Namespace").expand("team-b", Some("ignored"), &Map::new()).unwrap();
    assert!(namespace[0]["metadata"].get("namespace").is_none());
    let claim = render("PersistentVolumeClaim", json!({ "size": "5Gi", "accessMode": "ReadWriteMany" }));
    assert_eq!(claim[0]["spec"]["accessModes"], json!(["ReadWriteMany"]));
}

#[test]
fn hostile_values_stay_in_their_fields() {
    for command in ["$(rm -rf /)", "\"; kind: Pod", "${schema.spec.image}", "a\nb"] {
        let objects = render("TrainingJob", json!({ "command": ["sh", "-c", command] }));
        assert_eq!(objects.len(), 1);
        assert_eq!(pod(&objects[0]).unwrap()["containers"][0]["command"][2], command);
    }
    for (parameter, value) in [
        ("image", "a b"),
        ("image", "-x"),
        ("cpu", "lots"),
        ("memory", "64GB"),
        ("claim", "../a"),
        ("data", "relative"),
        ("image", "a\nb"),
    ] {
        let mut values = spec(json!({ "image": "a/b:1" }));
        values.insert(parameter.to_owned(), json!(value));
        let error = get("Deployment").complete("x", None, &values).unwrap_err();
        assert_eq!(error.parameter(), Some(parameter), "{value}");
    }
}
