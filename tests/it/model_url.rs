//! `--model URL`: a server that speaks the OpenAI chat protocol, as a person sees it when it works and in each way in which
//! it can fail. The servers are those of `support::model_server`, on loopback.

use serde_json::{Value, json};

use crate::support::Copilot;
use crate::support::copilot::Output;
use crate::support::listener::Listener;
use crate::support::model_server::{MODEL, ModelServer, Reply, by_schema, common, is_trial, owned};
use crate::support::tls::{Certificate, TlsFront};

/// It leaves one choice, so that one form is put: whether 64Gi are memory or disk.
const REQUEST: &str = "give me a notebook called quokka with two GPUs, 64Gi";
const SCRIPT: &[(&str, &str)] =
    &[("kind", "notebook"), ("name", "quokka"), ("gpus", "two"), ("memory", "64Gi")];
const KEY: &str = "sk-canary-7d1f";

fn draft(copilot: &Copilot, url: &str) -> Output {
    copilot.run(["draft", "-p", REQUEST, "-o", "json", "--to", "out", "--model", url])
}

/// What a person reads when a draft with this server fails.
fn refused(server: &ModelServer) -> String {
    let output = draft(&Copilot::new(), &server.url()).expect_code(2);
    assert_eq!(output.stdout, "", "nothing is drafted");
    assert!(output.stderr.contains(&server.url()), "the server is named: {}", output.stderr);
    assert!(output.stderr.contains("hint: "), "what to do next: {}", output.stderr);
    output.stderr
}

fn assert_drafted(output: Output) -> Value {
    let document = output.expect_code(0).json();
    let text = document.to_string();
    for value in ["quokka", "64Gi", "nvidia.com/gpu"] {
        assert!(text.contains(value), "{value}: {text}");
    }
    document
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is missing in: {text}");
    }
}

#[test]
fn a_server_that_enforces_schemas_drafts() {
    let server = ModelServer::enforcing(SCRIPT);
    assert_drafted(draft(&Copilot::new(), &server.url()));
    let requests = server.requests();
    assert_eq!(requests[0].line, "GET /v1/models");
    assert!(is_trial(&requests[1]), "then it is tried out: {:?}", requests[1]);
    for request in &requests[1..] {
        assert_eq!(request.line, "POST /v1/chat/completions");
        let body = &request.body;
        assert_eq!((&body["model"], &body["temperature"]), (&json!(MODEL), &json!(0)));
        assert!(body["max_tokens"].as_u64().is_some_and(|most| (16..=2048).contains(&most)), "{body}");
        let format = &body["response_format"];
        assert_eq!(
            (&format["type"], &format["json_schema"]["strict"]),
            (&json!("json_schema"), &json!(true))
        );
        assert_eq!(request.header("authorization"), None, "no key was given");
    }
    let forms = server.forms();
    assert_eq!(forms.len(), 1, "the words name one kind: no request is needed for it");
    let request = format!("Request: {REQUEST}\nkind: notebook\n");
    let memory = "\n\"memory\": one of \"64Gi\", or \"-\"\n";
    assert_says(forms[0].last_words(), &["You fill in a form", &request, memory]);
}

#[test]
fn a_server_that_does_not_enforce_schemas_drafts_too() {
    let form = "```json\n{\"name\": [\"quokka\"], \"gpus\": \"two\", \"memory\": \"64Gi\"}\n```";
    let server = ModelServer::not_enforcing(&[form]);
    assert_drafted(draft(&Copilot::new(), &server.url()));
    let checks = Copilot::new().run(["doctor", "-o", "json", "--model", &server.url()]).expect_code(0).json();
    let detail = model_check(&checks)["detail"].as_str().expect("a detail").to_owned();
    assert_says(&detail, &[MODEL, &server.url(), "does not enforce the schema: answers are checked"]);
}

#[test]
fn a_server_that_refuses_schemas_is_asked_without() {
    let server = ModelServer::start(move |request, _| {
        if let Some(reply) = common(request) {
            return reply;
        }
        if request.schema().is_some() {
            let error = r#"{"error":{"message":"response_format is not supported"}}"#;
            return Reply::Status("400 Bad Request", Vec::new(), error.to_owned());
        }
        let form = r#"{"name":"quokka","gpus":"two","memory":"64Gi"}"#;
        Reply::Words(form.to_owned())
    });
    assert_drafted(draft(&Copilot::new(), &server.url()));
}

#[test]
fn an_answer_that_does_not_fit_is_put_to_the_model_once_more() {
    let right = r#"{"name":"quokka","gpus":"two","memory":"64Gi"}"#;
    let wrong = r#"{"name":"quokka","gpus":"16","memory":"64Gi"}"#;
    let server = ModelServer::not_enforcing(&[wrong, right]);
    assert_drafted(draft(&Copilot::new(), &server.url()));
    let forms = server.forms();
    let again = forms[1].last_words();
    assert_says(again, &[wrong, "is not allowed because \"gpus\" is answered with \"16\"", "not among"]);
    assert_eq!(forms[1].body["messages"][1]["role"], "assistant");
}

#[test]
fn words_that_are_used_up_are_not_offered_again() {
    let script = [("name", "quokka"), ("gpus", "two"), ("memory", "64Gi"), ("disk", "64Gi")];
    let server = ModelServer::enforcing(&script);
    assert_drafted(draft(&Copilot::new(), &server.url()));
    let forms = server.forms();
    assert_eq!(forms.len(), 2);
    let disk = |form: usize| forms[form].schema().expect("a schema")["properties"]["disk"]["enum"].clone();
    assert_eq!((disk(0), disk(1)), (json!(["64Gi", "-"]), json!(["-"])));
    assert_says(
        forms[1].last_words(),
        &["\"disk\" is answered with \"64Gi\", which an earlier key has used"],
    );
}

#[test]
fn an_answer_that_never_fits_is_an_error() {
    for (text, why) in [
        ("Sure! Here is your notebook.", "not one JSON object"),
        (r#"{"name":"volcano"}"#, "\"name\" is answered with \"volcano\""),
        (r#"{"name":"quokka","name":"quokka"}"#, "a key stands in it twice"),
        (r#"{"name":"quokka","kind":"storage"}"#, "the form has no key \"kind\""),
        ("{\"name\":\"\\u001b[2J\"}", "␛[2J"),
        ("", "it answered nothing"),
    ] {
        let server = ModelServer::not_enforcing(&[text]);
        let said = refused(&server);
        assert_says(&said, &["cannot use the answers of the model server", "asked 3 times", why]);
        assert_eq!(server.forms().len(), 3, "{text}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn the_model_is_the_one_that_the_url_names() {
    let server = ModelServer::enforcing(SCRIPT);
    assert_drafted(draft(&Copilot::new(), &format!("{}/v1/#Qwen/Qwen2.5-7B", server.url())));
    let requests = server.requests();
    assert!(requests.iter().all(|one| one.line == "POST /v1/chat/completions"), "{requests:?}");
    assert!(requests.iter().all(|one| one.body["model"] == "Qwen/Qwen2.5-7B"), "{requests:?}");
}

#[test]
fn a_server_without_a_model_or_with_another_protocol_is_refused() {
    for (body, why) in [
        (json!({ "object": "list", "data": [] }), "cannot list the models of the model server"),
        (json!({ "hello": "world" }), "its answer is no list of models"),
    ] {
        let server = ModelServer::always(move || Reply::Document(body.clone()));
        assert_says(&refused(&server), &[why, "--model URL#NAME"]);
    }
    let server = ModelServer::start(|request, _| common(request).unwrap_or(Reply::Document(json!({}))));
    assert_says(&refused(&server), &["its answer is no chat completion"]);
}

#[test]
fn the_key_goes_to_the_server_and_nowhere_else() {
    let file = Copilot::new();
    let path = file.write("key", &format!("{KEY}\n"));
    let config = Copilot::new();
    config.write("../config/kubectl-copilot/config.yaml", &format!("apiKeyFile: {}\n", path.display()));
    for copilot in [
        Copilot::new().with_env("KUBECTL_COPILOT_API_KEY", KEY),
        Copilot::new().with_env("KUBECTL_COPILOT_API_KEY_FILE", &path),
        config,
    ] {
        let copilot = copilot.with_env("KUBECTL_COPILOT_LOG", "trace");
        let server = ModelServer::enforcing(SCRIPT);
        let output = draft(&copilot, &server.url());
        let checks = copilot.run(["doctor", "--model", &server.url()]).expect_code(0);
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some(&*format!("Bearer {KEY}")), "{}", request.line);
            assert!(!request.body.to_string().contains(KEY));
        }
        for text in [&output.stdout, &output.stderr, &checks.stdout, &checks.stderr] {
            assert!(!text.contains(KEY) && !text.contains("canary"), "{text}");
        }
        assert_drafted(output);
    }
}

#[test]
fn a_key_that_the_server_repeats_is_not_shown() {
    let server = ModelServer::always(|| {
        let error = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
        Reply::Status("401 Unauthorized", Vec::new(), error)
    });
    let copilot = Copilot::new().with_env("KUBECTL_COPILOT_API_KEY", KEY);
    let said = draft(&copilot, &server.url()).expect_code(2).stderr;
    assert_says(&said, &["401 Unauthorized: Incorrect API key provided: ***", "check it"]);
    assert!(!said.contains(KEY), "{said}");
    let answer = json!({ "name": format!("{}{KEY}", "x".repeat(70)) }).to_string();
    let parrot = ModelServer::not_enforcing(&[&answer]);
    let said = draft(&copilot, &parrot.url()).expect_code(2).stderr;
    assert_says(&said, &["\"name\" is answered with", "***"]);
    assert!(!said.contains("sk-"), "not even its beginning, where a text is cut: {said}");
    assert_says(&refused(&server), &["KUBECTL_COPILOT_API_KEY"]);
}

#[test]
fn a_key_that_cannot_be_used_is_an_error_before_anything_is_sent() {
    let listener = Listener::start();
    let url = format!("http://{}", listener.address());
    let copilot = Copilot::new();
    copilot.write("two-lines", &format!("{KEY}\n{KEY}\n"));
    for (file, why) in [("absent", "absent"), ("two-lines", "no header can hold")] {
        let copilot = Copilot::new().with_env("KUBECTL_COPILOT_API_KEY_FILE", copilot.work().join(file));
        let said = draft(&copilot, &url).expect_code(2).stderr;
        assert_says(&said, &["cannot use the key for the model server", why, "KUBECTL_COPILOT_API_KEY_FILE"]);
        assert!(!said.contains(KEY), "{said}");
        // What needs no model needs no key.
        copilot.run(["pattern", "list", "--model", &url]).expect_code(0);
    }
    assert_eq!(listener.connections(), 0);
}

#[test]
fn a_url_with_a_password_is_refused_without_repeating_it() {
    for url in ["http://me:hunter2@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?key=hunter2"] {
        let said = draft(&Copilot::new(), url).expect_code(2).stderr;
        assert_says(&said, &["127.0.0.1", "hint: ", "KUBECTL_COPILOT_API_KEY"]);
        assert!(!said.contains("hunter2"), "{said}");
    }
    let said = draft(&Copilot::new(), "http://host:port").expect_code(2).stderr;
    assert_says(&said, &["'http://host:port' cannot be read", "invalid port"]);
}

#[test]
fn errors_of_a_server_are_told_in_its_own_words() {
    let text = "<html>\u{1b}[31mupstream\r\nis down</html>";
    let server =
        ModelServer::always(move || Reply::Status("500 Internal Server Error", Vec::new(), text.to_owned()));
    let said = refused(&server);
    assert_says(
        &said,
        &["cannot list the models of", "500 Internal Server Error: <html>␛[31mupstream", "log"],
    );
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let long = ModelServer::always(|| Reply::Status("404 Not Found", Vec::new(), "x".repeat(100_000)));
    let said = refused(&long);
    assert_says(&said, &["404 Not Found", "/v1/models"]);
    assert!(said.len() < 2_000, "{} bytes", said.len());
}

#[test]
fn a_busy_server_is_asked_again() {
    let script = owned(SCRIPT);
    let server = ModelServer::start(move |request, number| {
        if number % 2 == 0 {
            let status = if number % 4 == 0 { "429 Too Many Requests" } else { "503 Service Unavailable" };
            return Reply::Status(status, vec![("Retry-After", "0".to_owned())], String::new());
        }
        common(request).unwrap_or_else(|| {
            Reply::Words(by_schema(request.schema().expect("a schema"), &script).to_string())
        })
    });
    assert_drafted(draft(&Copilot::new(), &server.url()));
}

#[test]
fn a_server_that_stays_busy_is_an_error_that_says_so() {
    let busy = |wait: &'static str| {
        ModelServer::always(move || {
            let words = r#"{"error":{"message":"rate limit reached"}}"#;
            Reply::Status("429 Too Many Requests", vec![("Retry-After", wait.to_owned())], words.to_owned())
        })
    };
    let server = busy("0");
    assert_says(&refused(&server), &["429 Too Many Requests", "rate limit reached", "again in a while"]);
    assert_eq!(server.requests().len(), 4);
    let server = busy("86400");
    assert_says(&refused(&server), &["ask again in 86400 s"]);
    assert_eq!(server.requests().len(), 1, "nobody waits a day");
}

#[test]
fn answers_that_are_cut_off_or_endless_are_errors() {
    let cut = ModelServer::always(|| Reply::CutOff);
    assert_says(&refused(&cut), &["its answer was cut off"]);
    let endless = ModelServer::always(|| Reply::Endless);
    assert_says(&refused(&endless), &["its answer is larger than 4 MiB"]);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Listener::start();
    let target = format!("http://{}/v1/models", elsewhere.address());
    let location = target.clone();
    let server = ModelServer::always(move || {
        Reply::Status("307 Temporary Redirect", vec![("Location", location.clone())], String::new())
    });
    assert_says(&refused(&server), &["307 Temporary Redirect", &target, "not followed"]);
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let gone = Listener::start().address();
    let said = draft(&Copilot::new(), &format!("http://{gone}")).expect_code(2).stderr;
    assert_says(&said, &["cannot list the models of", &gone.to_string(), "refused", "check the address"]);
    // TLS where the server speaks none: the provider is there, and the error is about the connection.
    let plain = ModelServer::enforcing(SCRIPT);
    let url = plain.url().replace("http:", "https:");
    let said = draft(&Copilot::new(), &url).expect_code(2).stderr;
    assert_says(&said, &["cannot list the models of", &url, "speaks TLS"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_wait_for_a_server() {
    // Silent from the first request on, and silent once a form is put.
    for opens in [false, true] {
        let server = ModelServer::start(move |request, _| match common(request) {
            _ if !opens => Reply::Silence,
            Some(reply) => reply,
            None if is_trial(request) => Reply::Words(by_schema(request.schema().unwrap(), &[]).to_string()),
            None => Reply::Silence,
        });
        let copilot = Copilot::new();
        let running = copilot.start(["draft", "-p", REQUEST, "--to", "out", "--model", &server.url()]);
        server.wait_until_silent();
        running.interrupt();
        server.wait_until_left();
        let output = running.finish().expect_code(130);
        assert_says(&output.stderr, &["the model was stopped before it had answered"]);
        assert_eq!(output.stdout, "");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_doctor_that_waits_for_a_server() {
    let server = ModelServer::always(|| Reply::Silence);
    let copilot = Copilot::new();
    let running = copilot.start(["doctor", "--model", &server.url()]);
    server.wait_until_silent();
    running.interrupt();
    server.wait_until_left();
    running.finish().expect_code(130);
}

#[test]
fn doctor_shows_the_server_and_what_it_enforces() {
    let server = ModelServer::enforcing(SCRIPT);
    let url = server.url();
    let checks = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", &url).run(["doctor", "-o", "json"]);
    let checks = checks.expect_code(0).json();
    let check = model_check(&checks);
    assert_eq!(check["status"], "ok", "{check}");
    assert_says(
        check["detail"].as_str().expect("a detail"),
        &[MODEL, &url, "enforces the schema", "answers in"],
    );
    assert!(!checks.to_string().contains("model-transport"), "loopback is no way that others can read");
    let gone = format!("http://{}", Listener::start().address());
    let checks = Copilot::new().run(["doctor", "-o", "json", "--model", &gone]).expect_code(1).json();
    assert_eq!(model_check(&checks)["status"], "fail", "{checks}");
}

/// The server of a proxy: a name that is no machine's, so that only the proxy is reached.
#[test]
fn a_server_elsewhere_without_encryption_is_a_warning() {
    let proxy = ModelServer::enforcing(SCRIPT);
    let copilot = Copilot::new().with_env("HTTP_PROXY", proxy.url());
    let url = "http://gpu.example.test:8000";
    let checks = copilot.run(["doctor", "-o", "json", "--model", url]).expect_code(0).json();
    let check =
        checks["checks"].as_array().expect("checks").iter().find(|one| one["name"] == "model-transport");
    let check = check.expect("the warning").clone();
    assert_eq!(check["status"], "warn", "{check}");
    assert_says(&check.to_string(), &[url, "unencrypted", "https://"]);
    let drafted = assert_drafted(draft(&copilot, url));
    assert_says(&drafted["findings"].to_string(), &["model-not-encrypted", "unencrypted"]);
    let plan = copilot.run(["plan", "-p", REQUEST, "--to", "out", "--model", url]).expect_code(0);
    assert_says(&plan.stdout, &["requests leave this machine unencrypted", "hint: use https://"]);
    assert!(proxy.requests().iter().all(|one| one.line.contains(url)), "through the proxy");
}

#[test]
fn many_requests_go_to_a_server_in_one_run() {
    let server = ModelServer::enforcing(SCRIPT);
    let copilot = Copilot::new();
    let row = |id: u8| json!({ "id": id, "request": REQUEST }).to_string();
    copilot.write("tasks.jsonl", &format!("{}\n{}\n", row(1), row(2)));
    let output = copilot.run(["eval", "--tasks", "tasks.jsonl", "--model", &server.url()]).expect_code(0);
    assert_eq!(output.stdout.lines().count(), 2, "{}", output.stdout);
    assert!(output.stdout.lines().all(|line| line.contains("quokka")), "{}", output.stdout);
    let lists = server.requests().iter().filter(|one| one.line.starts_with("GET")).count();
    assert_eq!(lists, 1, "it is opened once");
}

fn model_check(document: &Value) -> Value {
    let checks = document["checks"].as_array().expect("a list of checks");
    checks.iter().find(|check| check["name"] == "model").expect("the model's check").clone()
}

/// A machine that trusts the authority of a server's certificate, and nothing else.
fn trusting(front: &TlsFront) -> Copilot {
    let copilot = Copilot::new();
    let authority = copilot.write("authority.pem", front.authority());
    copilot.with_env("SSL_CERT_FILE", authority)
}

#[test]
fn a_server_with_a_certificate_of_a_trusted_authority_drafts() {
    let server = ModelServer::enforcing(SCRIPT);
    let front = TlsFront::start(server.address(), Certificate::Good);
    let copilot = trusting(&front).with_env("KUBECTL_COPILOT_API_KEY", KEY);
    assert_drafted(draft(&copilot, &front.url()));
    let key = format!("Bearer {KEY}");
    assert!(server.requests().iter().all(|one| one.header("authorization") == Some(&*key)));
}

#[test]
fn a_server_with_a_certificate_that_is_not_to_be_trusted_gets_nothing() {
    for (certificate, trusted, why) in [
        (Certificate::Good, false, "UnknownIssuer"),
        (Certificate::OtherHost, true, "not valid for name"),
        (Certificate::Expired, true, "expired"),
    ] {
        let server = ModelServer::enforcing(SCRIPT);
        let front = TlsFront::start(server.address(), certificate);
        // Another authority, so that there is one.
        let other = TlsFront::start(server.address(), Certificate::Good);
        let copilot = if trusted { trusting(&front) } else { trusting(&other) };
        let copilot = copilot.with_env("KUBECTL_COPILOT_API_KEY", KEY);
        let said = draft(&copilot, &front.url()).expect_code(2).stderr;
        assert_says(&said, &["cannot list the models of", &front.url(), why, "SSL_CERT_FILE"]);
        assert_eq!(server.requests().len(), 0, "neither words nor key: {certificate:?}");
    }
}
