//! The connection against a server whose answers are written here: pages, busy servers, odd answers, missing rights.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::manifest::GroupVersionKind;
use crate::manifest::masked::MaskKey;

type Answers = dyn Fn(&str, &str) -> (u16, String) + Send + Sync;

/// A server on a loopback port. It lives as long as the test process.
struct Server {
    address: String,
    /// `GET /path` of each request, in order.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answers` gives status and body for a method and a path; the usual first questions are answered already.
    fn start(answers: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answers, log): (Arc<Answers>, _) = (Arc::new(answers), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, &*answers, &log));
            }
        });
        Self { address, seen }
    }

    fn open(&self) -> Result<Connection, ClusterError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let text = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u, namespace: team-a}}}}]\nclusters: [{{name: c, cluster: {{server: '{}'}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n",
            self.address
        );
        std::fs::write(&file, text).unwrap();
        let options = ConnectOptions { kubeconfig: Some(file), ..ConnectOptions::new(MaskKey::new([7; 32])) };
        Connection::open(&options)
    }

    fn count(&self, request: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.starts_with(request)).count()
    }
}

/// One request a connection.
fn serve(stream: TcpStream, answers: &Answers, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut parts = line.split_whitespace().map(str::to_owned);
    let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut length = 0_u64;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = Vec::new();
    (&mut reader).take(length).read_to_end(&mut body).unwrap();
    log.lock().unwrap().push(format!("{method} {path}"));
    let (status, body) = match path.as_str() {
        "/version" => (200, json!({"gitVersion": "v1.36.3"}).to_string()),
        _ if path.ends_with("/selfsubjectreviews") => {
            (201, json!({"status": {"userInfo": {"username": "alice", "groups": ["g"]}}}).to_string())
        }
        "/api/v1" => (200, core()),
        path => answers(&method, path),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap_or_default();
}

fn core() -> String {
    let resource = |name: &str, kind: &str| json!({"name": name, "kind": kind, "namespaced": true, "verbs": ["get", "list"]});
    json!({"resources": [resource("configmaps", "ConfigMap"), resource("secrets", "Secret")]}).to_string()
}

fn forbidden(what: &str) -> (u16, String) {
    let message = format!("{what} is forbidden: User \"alice\" cannot list resource \"{what}\"");
    (403, json!({"kind": "Status", "message": message, "code": 403}).to_string())
}

fn kind(name: &str) -> GroupVersionKind {
    GroupVersionKind::new("v1", name)
}

/// A page of a list; `next` where there is more.
fn page(names: &[&str], next: &str) -> (u16, String) {
    let items: Vec<Value> =
        names.iter().map(|name| json!({"metadata": {"name": name}, "data": {"k": "aGk="}})).collect();
    (200, json!({"metadata": {"continue": next}, "items": items}).to_string())
}

fn names(listed: &Listed) -> Vec<&str> {
    listed.items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[test]
fn a_list_is_read_page_by_page() {
    let server =
        Server::start(
            |_, path| {
                if path.contains("continue=2%2F3") { page(&["b"], "") } else { page(&["a"], "2/3") }
            },
        );
    let connection = server.open().unwrap();
    let listed =
        connection.list(&kind("Secret"), Some("team-a"), &Selector::labels("app=db,x in (y)")).unwrap();
    assert!(listed.complete);
    assert_eq!(names(&listed), ["a", "b"]);
    assert!(listed.items.iter().all(|item| item["data"]["k"].as_str().unwrap().starts_with("***(2 bytes")));
    let first = "GET /api/v1/namespaces/team-a/secrets?limit=500&labelSelector=app%3Ddb%2Cx%20in%20%28y%29";
    assert_eq!(server.count(first), 2, "{:?}", server.seen.lock().unwrap());
}

#[test]
fn a_list_without_end_is_not_complete() {
    let server = Server::start(|_, _| page(&["a"], "more"));
    let listed = server.open().unwrap().list(&kind("ConfigMap"), None, &Selector::all()).unwrap();
    assert_eq!((listed.complete, listed.items.len()), (false, 40));
}

#[test]
fn pages_of_a_forgotten_state_are_read_anew() {
    let gone = Mutex::new(true);
    let server = Server::start(move |_, path| {
        if !path.contains("continue=") {
            return page(&["a"], "next");
        }
        let first = std::mem::take(&mut *gone.lock().unwrap());
        if first { (410, json!({"message": "too old"}).to_string()) } else { page(&["b"], "") }
    });
    let listed = server.open().unwrap().list(&kind("ConfigMap"), None, &Selector::all()).unwrap();
    assert_eq!(names(&listed), ["a", "b"], "nothing of the first attempt is left");
}

#[test]
fn a_busy_server_is_asked_again_and_not_forever() {
    let server = Server::start(|_, _| (429, json!({"message": "too many requests"}).to_string()));
    let error = server.open().unwrap().get(&kind("ConfigMap"), None, "a").unwrap_err();
    assert_eq!(error.wrong(), Wrong::Answer(429));
    assert_eq!(server.count("GET /api/v1/namespaces/team-a/configmaps/a"), 3);
}

#[test]
fn an_answer_that_is_no_json_is_not_shown() {
    let server = Server::start(|_, _| (200, "<html>hunter2</html>".to_owned()));
    let error = server.open().unwrap().get(&kind("Secret"), None, "a").unwrap_err();
    assert_eq!(error.wrong(), Wrong::Answer(0));
    let text = format!("{error}{}", error.hint());
    assert!(text.contains("is no JSON") && !text.contains("hunter2"), "{text}");
}

#[test]
fn what_may_not_be_listed_is_a_warning_and_what_breaks_is_an_error() {
    let server = Server::start(|_, path| {
        match path.split('?').next().unwrap_or_default() {
        "/api/v1/namespaces/team-a" => (200, json!({"metadata": {"name": "team-a"}}).to_string()),
        "/apis/kueue.x-k8s.io" => (200, json!({"name": "kueue.x-k8s.io", "preferredVersion": {"version": "v1beta2"}}).to_string()),
        "/apis/kueue.x-k8s.io/v1beta2/namespaces/team-a/localqueues" => {
            (200, json!({"items": [{"metadata": {"name": "gpus", "namespace": "team-a"}, "spec": {"clusterQueue": "all"}, "status": {"pendingWorkloads": 2}}]}).to_string())
        }
        "/api/v1/namespaces/team-a/resourcequotas" => {
            (200, json!({"items": [{"metadata": {"name": "q"}, "status": {"hard": {"pods": "3"}}}]}).to_string())
        }
        "/api/v1/namespaces/team-a/persistentvolumeclaims" => page(&["home"], ""),
        "/api/v1/namespaces/team-a/pods" => page(&["mine"], ""),
        other => forbidden(other.rsplit('/').next().unwrap_or_default()),
    }
    });
    let snapshot = Snapshot::read(&server.open().unwrap(), "team-a").unwrap();
    assert_eq!(snapshot.namespace_exists, Some(true));
    assert_eq!(snapshot.claims, Some(vec!["home".to_owned()]));
    assert_eq!(snapshot.quotas.as_ref().unwrap()[0].name, "q");
    assert_eq!(snapshot.queues.as_ref().unwrap()[0].pending, 2);
    assert_eq!((&snapshot.nodes, &snapshot.pods, &snapshot.storage_classes), (&None, &None, &None));
    let own: Vec<&str> = snapshot.pods_of_namespace().unwrap().iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!(own, ["mine"], "the pods of the namespace, where all may not be listed");
    let kinds: Vec<&str> = snapshot.warnings.iter().map(|warning| warning.object.kind.as_str()).collect();
    assert_eq!(kinds, ["StorageClass", "Node", "Pod", "Namespace", "PriorityClass"]);
    assert!(snapshot.warnings.iter().all(|warning| warning.message.contains("User \"alice\"")));

    let broken =
        Server::start(|_, path| if path.contains("/nodes") { (401, String::new()) } else { page(&[], "") });
    let error = Snapshot::read(&broken.open().unwrap(), "team-a").unwrap_err();
    assert_eq!(error.wrong(), Wrong::Unauthorized);
}

#[test]
fn what_a_namespace_holds_is_asked_for_at_once() {
    // Nobody is answered until all four are there: a list after the other would wait for ever.
    let together = std::sync::Barrier::new(4);
    let server = Server::start(move |_, path| {
        together.wait();
        let last = path.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        match last {
            "team-a" => (200, json!({"kind": "Namespace", "metadata": {"name": "team-a"}}).to_string()),
            "services" => forbidden("services"),
            other => page(&[other], ""),
        }
    });
    let known =
        |kind: &str, plural: &str| ApiResource::known(GroupVersionKind::new("v1", kind), plural, true);
    let kinds = [known("Pod", "pods"), known("Service", "services"), known("ConfigMap", "configmaps")];
    let existing = server.open().unwrap().existing("team-a", &kinds);
    assert_eq!(existing.namespace.unwrap()["metadata"]["name"], "team-a");
    let found: Vec<(&str, &str)> = existing
        .objects
        .iter()
        .filter_map(|object| Some((object["kind"].as_str()?, object["metadata"]["name"].as_str()?)))
        .collect();
    assert_eq!(
        found,
        [("Pod", "pods"), ("ConfigMap", "configmaps")],
        "in their order, without what is refused"
    );
}

#[test]
fn reviews_are_the_only_posts() {
    let server = Server::start(|_, path| {
        if path.ends_with("reviews") {
            (201, json!({"status": {"allowed": true}}).to_string())
        } else {
            page(&[], "")
        }
    });
    let connection = server.open().unwrap();
    assert!(connection.may(&Ask::new("create", "", "pods", "team-a")).unwrap().allowed);
    assert!(connection.rules("team-a").unwrap().incomplete, "what is not said is not known");
    Snapshot::read(&connection, "team-a").unwrap();
    connection.policies("team-a").unwrap();
    connection.identity("team-a").unwrap();
    for request in server.seen.lock().unwrap().iter() {
        let asks = request.starts_with("POST /apis/authentication.k8s.io/v1/selfsubject")
            || request.starts_with("POST /apis/authorization.k8s.io/v1/selfsubject");
        assert!(request.starts_with("GET ") || (asks && request.ends_with("reviews")), "{request}");
    }
}

#[test]
fn a_connection_may_be_used_by_several_threads() {
    let server = Server::start(|_, _| (200, json!({"metadata": {"name": "a"}}).to_string()));
    let connection = server.open().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| connection.get(&kind("ConfigMap"), None, "a").unwrap().unwrap());
        }
    });
    assert_eq!(connection.user().name, "alice");
    assert!(!format!("{connection:?}").contains("token"));
}
