//! `--model URL` against llama.cpp's own server with a real model: the same answers as locally, one for many people, and
//! each way in which a server goes away.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::same_answers::{REQUESTS, plans};
use crate::support::Copilot;
use crate::support::llama_server::{LlamaServer, llama_server, small_model};
use crate::support::not_run::not_run;
use crate::support::tls::{Certificate, TlsFront};

/// Only there to end a test that hangs: sixteen forms on two cores that others use too take minutes.
const DEADLINE: Duration = Duration::from_secs(1_200);

/// It leaves a choice, so that the server is asked: whether 64Gi are memory or disk.
const REQUEST: &str = "give me a notebook called quokka with two GPUs, 64Gi";

#[test]
fn it_is_found_to_enforce_schemas() {
    let Some(server) = llama_server("what llama-server enforces", 1) else { return };
    let checks = machine().run(["doctor", "-o", "json", "--model", &server.url()]).expect_code(0).json();
    let checks = checks["checks"].as_array().expect("a list of checks");
    let check = checks.iter().find(|check| check["name"] == "model").expect("the model's check");
    let detail = check["detail"].as_str().expect("a detail");
    assert!(detail.contains("enforces the schema") && detail.contains("qwen2.5-coder-0.5b"), "{detail}");
}

#[test]
fn ten_requests_give_the_same_objects_and_digest_through_it_and_locally() {
    let Some(server) = llama_server("equal objects through llama-server", 1) else { return };
    let Some(model) = small_model() else {
        not_run("equal objects through llama-server (make models fetches the model)");
        return;
    };
    let copilot = machine().with_env("USER", "alice");
    let local = plans(&copilot, Some(model.as_os_str()));
    let remote = plans(&copilot, Some(server.url().as_ref()));
    for ((request, one), other) in REQUESTS.iter().zip(&local).zip(&remote) {
        assert_eq!(one.1, other.1, "{request}: other objects through llama-server than locally");
        assert_eq!(one.0, other.0, "{request}: another digest through llama-server");
    }
}

#[test]
fn sixteen_people_at_once_are_all_answered_right() {
    const PEOPLE: usize = 16;
    let Some(server) = llama_server("sixteen people at one llama-server", 4) else { return };
    let url = server.url();
    let draft = || {
        let copilot = machine().with_env("USER", "alice");
        let output = copilot.run(["draft", "-p", REQUEST, "--to", "out", "-o", "json", "--model", &url]);
        output.expect_code(0).json()["objects"].clone()
    };
    let alone = draft();
    assert_drafted(&alone);
    let all: Vec<Value> = thread::scope(|scope| {
        let people: Vec<_> = (0..PEOPLE).map(|_| scope.spawn(draft)).collect();
        people.into_iter().map(|one| one.join().expect("a draft")).collect()
    });
    for objects in &all {
        assert_eq!(*objects, alone, "nobody gets another's answer");
    }
    server.wait_until_idle();
}

#[cfg(unix)]
#[test]
fn whoever_stops_frees_the_slot() {
    let Some(server) = llama_server("stopping a request to llama-server", 1) else { return };
    let (copilot, running) = working(&server);
    running.interrupt();
    let output = running.finish().expect_code(130);
    assert_eq!(output.stdout, "", "nothing is drafted");
    server.wait_until_idle();
    // The next one is served.
    let output = copilot.run(["draft", "-p", REQUEST, "--to", "out", "-o", "json", "--model", &server.url()]);
    assert_drafted(&output.expect_code(0).json()["objects"]);
}

#[cfg(unix)]
#[test]
fn a_server_that_dies_is_an_error() {
    let Some(mut server) = llama_server("a llama-server that dies", 1) else { return };
    let (copilot, running) = working(&server);
    server.kill();
    let said = running.finish().expect_code(2).stderr;
    assert!(said.contains("cannot ask the model server") && said.contains(&server.url()), "{said}");
    assert!(said.contains("hint: check the server's log"), "{said}");
    let said = copilot.run(["draft", "-p", REQUEST, "--to", "out", "--model", &server.url()]).expect_code(2);
    let said = said.stderr;
    assert!(said.contains("refused") && said.contains("check the address"), "{said}");
}

#[test]
fn it_answers_behind_tls() {
    let Some(server) = llama_server("llama-server behind TLS", 1) else { return };
    let front = TlsFront::start(server.address(), Certificate::Good);
    let copilot = machine();
    let authority = copilot.write("authority.pem", front.authority());
    let copilot = copilot.with_env("SSL_CERT_FILE", authority);
    let output = copilot.run(["draft", "-p", REQUEST, "--to", "out", "-o", "json", "--model", &front.url()]);
    assert_drafted(&output.expect_code(0).json()["objects"]);
}

/// A call that the server works at: a form, since its trial is shorter than any form.
#[cfg(unix)]
fn working(server: &LlamaServer) -> (Copilot, crate::support::copilot::Running) {
    let copilot = machine();
    let running = copilot.start(["draft", "-p", REQUEST, "--to", "out", "--model", &server.url()]);
    server.wait_until_form();
    (copilot, running)
}

/// A machine whose person has patience.
fn machine() -> Copilot {
    Copilot::new().with_deadline(DEADLINE)
}

fn assert_drafted(objects: &Value) {
    let text = objects.to_string();
    for value in ["quokka", "64Gi", "nvidia.com/gpu"] {
        assert!(text.contains(value), "{value}: {text}");
    }
}
