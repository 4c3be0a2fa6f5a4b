//! A server of one large file on loopback: whole or from a byte on, cut off, changed, refused. It keeps what it was asked
//! and how much it sent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Only ends a test that hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// One request as it arrived, and what was sent for it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET /x.gguf`, or with the whole URL where the client takes us for a proxy.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body that were sent.
    pub sent: usize,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is done with a request.
pub struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The connection ends after this many bytes of the body.
    cut: Option<usize>,
    /// After that the connection stays, and nothing comes.
    silent: bool,
}

impl Answer {
    /// A status with a text.
    pub fn status(status: &'static str, text: &str) -> Self {
        Self { status, headers: Vec::new(), body: text.as_bytes().to_vec(), cut: None, silent: false }
    }

    /// The file as a server has to send it: from a byte on where that is asked for and it is still the same.
    pub fn file(asked: &Asked, content: &[u8], etag: Option<&str>) -> Self {
        let mut answer = Self::whole(content, etag);
        let from = asked.header("range").and_then(|range| range.strip_prefix("bytes="));
        let from: Option<usize> =
            from.and_then(|range| range.strip_suffix('-')).and_then(|from| from.parse().ok());
        let is_same = asked.header("if-range").is_none_or(|wanted| Some(wanted) == etag);
        if let Some(from) = from.filter(|_| is_same) {
            if from >= content.len() {
                return Self::status("416 Range Not Satisfiable", "");
            }
            answer.status = "206 Partial Content";
            let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
            answer.headers.push(("Content-Range", range));
            answer.body = content[from..].to_vec();
        }
        answer
    }

    /// All of the file, whatever is asked.
    pub fn whole(content: &[u8], etag: Option<&str>) -> Self {
        let headers = etag.map(|etag| ("ETag", etag.to_owned())).into_iter().collect();
        Self { status: "200 OK", headers, body: content.to_vec(), cut: None, silent: false }
    }

    /// The same with a header.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, and the connection ends after that many bytes of it.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// The same, and after that many bytes nothing comes until the client hangs up.
    pub fn silent_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self.silent = true;
        self
    }
}

type Handler = Arc<dyn Fn(&Asked, usize) -> Answer + Send + Sync>;

/// The server; its threads end with the test process.
pub struct FileServer {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    silent: Receiver<()>,
}

impl FileServer {
    /// Starts a server that answers as `handler` says; it is handed the number of the request too, from 0.
    pub fn start(handler: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let address = listener.local_addr().expect("the listener's address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (is_silent, silent) = channel();
        let handler: Handler = Arc::new(handler);
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, seen, is_silent) = (Arc::clone(&handler), Arc::clone(&seen), is_silent.clone());
                thread::spawn(move || serve(stream, &handler, &seen, &is_silent));
            }
        });
        Self { address, asked, silent }
    }

    /// A server of one file.
    pub fn of(content: &[u8], etag: Option<&'static str>) -> Self {
        let content = content.to_vec();
        Self::start(move |asked, _| Answer::file(asked, &content, etag))
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the requests").clone()
    }

    /// Waits until it has gone silent in the middle of a file.
    pub fn wait_until_silent(&self) {
        self.silent.recv_timeout(DEADLINE).expect("a request in the middle of which it goes silent");
    }
}

fn serve(stream: TcpStream, handler: &Handler, seen: &Mutex<Vec<Asked>>, is_silent: &Sender<()>) {
    let mut reader = BufReader::new(stream);
    let Some(asked) = read(&mut reader) else { return };
    let number = {
        let mut seen = seen.lock().expect("the requests");
        seen.push(asked.clone());
        seen.len() - 1
    };
    let answer = handler(&asked, number);
    let mut stream = reader.into_inner();
    let mut head = format!(
        "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = &answer.body[..answer.cut.unwrap_or(answer.body.len()).min(answer.body.len())];
    // Before it is sent: who looks after the client has ended must see it.
    seen.lock().expect("the requests")[number].sent = body.len();
    // The client may hang up at any point: that is its right, and the tests look at what it says.
    if stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(body)).is_err() {
        return;
    }
    if answer.silent {
        let _ = is_silent.send(());
        let _ = std::io::Read::read(&mut stream, &mut [0]);
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Some(Asked { line, headers, sent: 0 })
}
