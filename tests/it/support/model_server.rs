//! A model server on loopback that speaks the OpenAI chat protocol: one that follows schemas, one that does not, and one
//! for each way in which a server can fail. Nothing leaves the machine.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The name of its model.
pub const MODEL: &str = "qwen-test";
/// Only ends a test that hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST /v1/chat/completions`, or with the whole URL where the client takes us for a proxy.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `null` where there is none.
    pub body: Value,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The schema that the answer has to fit, where one was sent.
    pub fn schema(&self) -> Option<&Value> {
        self.body.pointer("/response_format/json_schema/schema")
    }

    /// What was said last.
    pub fn last_words(&self) -> &str {
        let messages = self.body["messages"].as_array().expect("messages");
        messages.last().and_then(|message| message["content"].as_str()).expect("a message with words")
    }

    fn is_list_of_models(&self) -> bool {
        self.line.starts_with("GET ") && self.line.ends_with("/v1/models")
    }
}

/// What is done with a request.
pub enum Reply {
    /// 200 and a document.
    Document(Value),
    /// 200 and a model's words.
    Words(String),
    /// A status with headers and a text.
    Status(&'static str, Vec<(&'static str, String)>, String),
    /// Half of a body, and the connection ends.
    CutOff,
    /// A body without an end.
    Endless,
    /// Nothing, until the client hangs up.
    Silence,
}

/// A server; its threads end with the test process.
pub struct ModelServer {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    silent: Receiver<()>,
    left: Receiver<()>,
}

type Handler = Arc<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

impl ModelServer {
    /// Starts a server that answers as `handler` says; it is handed the number of the request too, from 0.
    pub fn start(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let address = listener.local_addr().expect("the listener's address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (is_silent, silent) = channel();
        let (has_left, left) = channel();
        let handler: Handler = Arc::new(handler);
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, seen) = (Arc::clone(&handler), Arc::clone(&seen));
                let (is_silent, has_left) = (is_silent.clone(), has_left.clone());
                thread::spawn(move || serve(stream, &handler, &seen, &is_silent, &has_left));
            }
        });
        Self { address, requests, silent, left }
    }

    /// A server that holds its model to the schema. What may be answered is answered by `script`, pairs of key and text;
    /// a key that does not stand there is answered with nothing where that is allowed, else with its first word.
    pub fn enforcing(script: &[(&str, &str)]) -> Self {
        let script = owned(script);
        Self::start(move |request, _| {
            common(request).unwrap_or_else(|| {
                let schema = request.schema().expect("a schema");
                Reply::Words(by_schema(schema, &script).to_string())
            })
        })
    }

    /// A server that takes a schema and does not look at it: it does what its prompt says where it is tried out, and then
    /// says these texts, the last one ever after.
    pub fn not_enforcing(texts: &[&str]) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let said = Mutex::new(0_usize);
        Self::start(move |request, _| {
            if let Some(reply) = common(request) {
                return reply;
            }
            if is_trial(request) {
                return Reply::Words(r#"{"word": "hello"}"#.to_owned());
            }
            let mut said = said.lock().expect("the counter");
            let text = texts.get(*said).or(texts.last()).expect("a text").clone();
            *said += 1;
            Reply::Words(text)
        })
    }

    /// A server that answers everything in the same way.
    pub fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |_, _| reply())
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the requests").clone()
    }

    /// The forms that were put to it: questions without the one by which it is tried out.
    pub fn forms(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|one| one.line.starts_with("POST") && !is_trial(one)).collect()
    }

    /// Waits until somebody waits for an answer that will not come.
    pub fn wait_until_silent(&self) {
        self.silent.recv_timeout(DEADLINE).expect("a request that is not answered");
    }

    /// Waits until they have hung up.
    pub fn wait_until_left(&self) {
        self.left.recv_timeout(DEADLINE).expect("the client hangs up");
    }
}

/// The list of models; nothing for other requests.
pub fn common(request: &Request) -> Option<Reply> {
    let list = json!({ "object": "list", "data": [{ "id": MODEL, "object": "model" }, { "id": "other" }] });
    request.is_list_of_models().then_some(Reply::Document(list))
}

/// Whether this is the question by which enforcement is tried out.
pub fn is_trial(request: &Request) -> bool {
    request.schema().is_some_and(|schema| schema.pointer("/properties/word").is_some())
}

/// An object that fits a schema of a form, by script.
pub fn by_schema(schema: &Value, script: &[(String, String)]) -> Value {
    let mut object = serde_json::Map::new();
    for (key, one) in schema["properties"].as_object().expect("properties") {
        let is_list = one["type"] == "array";
        let words = if is_list { &one["items"]["enum"] } else { &one["enum"] };
        let words: Vec<&str> = words.as_array().expect("words").iter().filter_map(Value::as_str).collect();
        let said: Vec<&str> = script
            .iter()
            .filter(|(known, text)| known == key && words.contains(&text.as_str()))
            .map(|(_, text)| text.as_str())
            .collect();
        let value = match (is_list, said.first()) {
            (true, _) => json!(said),
            (false, Some(text)) => json!(text),
            (false, None) if words.contains(&"-") => json!("-"),
            (false, None) => json!(words.first().expect("a word")),
        };
        object.insert(key.clone(), value);
    }
    Value::Object(object)
}

/// Pairs that can go to another thread.
pub fn owned(script: &[(&str, &str)]) -> Vec<(String, String)> {
    script.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

fn serve(
    stream: TcpStream,
    handler: &Handler,
    seen: &Mutex<Vec<Request>>,
    is_silent: &Sender<()>,
    has_left: &Sender<()>,
) {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else { return };
    let number = {
        let mut seen = seen.lock().expect("the requests");
        seen.push(request.clone());
        seen.len() - 1
    };
    let reply = handler(&request, number);
    let mut stream = reader.into_inner();
    // The client may hang up at any point: that is its right, and the tests look at what it says.
    let _ = match reply {
        Reply::Document(document) => respond(&mut stream, "200 OK", &[], &document.to_string()),
        Reply::Words(text) => {
            let message = json!({ "role": "assistant", "content": text });
            let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
            let document = json!({ "object": "chat.completion", "choices": [choice] });
            respond(&mut stream, "200 OK", &[], &document.to_string())
        }
        Reply::Status(status, headers, text) => respond(&mut stream, status, &headers, &text),
        Reply::CutOff => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\": ["),
        Reply::Endless => endless(&mut stream),
        Reply::Silence => {
            let _ = is_silent.send(());
            let ended = stream.read(&mut [0]).map(drop);
            let _ = has_left.send(());
            ended
        }
    };
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Request { line, headers, body })
}

fn respond(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&str, String)],
    body: &str,
) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes())
}

/// Writes until the client hangs up.
fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[b' '; 64 << 10])?;
    }
}
