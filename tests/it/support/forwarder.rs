//! A way to the test control plane that breaks when it is told to. `kubectl proxy` speaks TLS to the API server and plain
//! HTTP to this side, so that what stands before it sees each request and can break at one of them and no other: no
//! sleep and no guess is needed. A person who uses `kubectl proxy` has the same kubeconfig.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::rig::Rig;

/// What of the request gets lost at which the way breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The request itself: the server never sees it.
    Request,
    /// The answer: the server has done what it was asked for.
    Answer,
}

type Rule = Box<dyn Fn(&str) -> bool + Send>;

/// See the module. Ends with its owner.
pub struct Forwarder {
    way: Arc<Way>,
    proxy: Child,
}

/// What the threads share.
struct Way {
    /// Where it listens; nobody does any more once it is broken.
    address: SocketAddr,
    /// `kubectl proxy`.
    proxy: SocketAddr,
    /// At which request line it breaks.
    rule: Mutex<Option<(Lost, Rule)>>,
    broken: AtomicBool,
    listening: Mutex<Option<JoinHandle<()>>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Forwarder {
    /// A way to the API server as the user of a context of the rig.
    pub fn start(rig: &Rig, context: &str) -> Self {
        let mut proxy = Command::new(rig.kubectl_path())
            .env("KUBECONFIG", &rig.kubeconfig)
            .args(["--context", context, "proxy", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl can be started");
        let mut said = String::new();
        let stdout = proxy.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut said).expect("kubectl proxy says where it serves");
        let address = said.trim().rsplit(' ').next().and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in '{said}'"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let way = Arc::new(Way {
            address: listener.local_addr().expect("the listener's address"),
            proxy: address,
            rule: Mutex::default(),
            broken: AtomicBool::new(false),
            listening: Mutex::default(),
            open: Mutex::default(),
        });
        let accepting = {
            let way = Arc::clone(&way);
            thread::spawn(move || way.accept(&listener))
        };
        *way.listening.lock().expect("no thread panicked") = Some(accepting);
        Self { way, proxy }
    }

    /// A kubeconfig whose only cluster is this way.
    pub fn kubeconfig(&self, namespace: &str) -> String {
        format!(
            "apiVersion: v1
kind: Config
current-context: lab
contexts: [{{name: lab, context: {{cluster: lab, user: lab, namespace: {namespace}}}}}]
clusters: [{{name: lab, cluster: {{server: 'http://{}'}}}}]
users: [{{name: lab, user: {{}}}}]
",
            self.way.address
        )
    }

    /// Breaks for good at the first request whose line (`POST /api/v1/… HTTP/1.1`) the rule is true for: every connection
    /// ends, and a new one is refused.
    pub fn break_at(&self, lost: Lost, rule: impl Fn(&str) -> bool + Send + 'static) {
        *self.way.rule.lock().expect("no thread panicked") = Some((lost, Box::new(rule)));
    }

    /// Whether it came to that.
    pub fn is_broken(&self) -> bool {
        self.way.broken.load(Ordering::SeqCst)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.way.end();
        // One that has ended by itself has nothing left to be killed.
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Way {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.broken.load(Ordering::SeqCst) {
                return;
            }
            let (way, client) = (Arc::clone(self), client.expect("a connection"));
            thread::spawn(move || way.serve(&client));
        }
    }

    /// Ends everything: first nobody listens, then the connections end, so that who connects again is refused.
    fn end(&self) {
        if self.broken.swap(true, Ordering::SeqCst) {
            return;
        }
        // Only to wake who waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.listening.lock().expect("no thread panicked").take() {
            accepting.join().expect("the listening thread ended");
        }
        for stream in self.open.lock().expect("no thread panicked").drain(..) {
            // The other side may have closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// One connection, from its request to the end of the answer.
    fn serve(&self, client: &TcpStream) {
        let Ok(server) = TcpStream::connect(self.proxy) else { return };
        let handle = |stream: &TcpStream| stream.try_clone().expect("a second handle");
        self.open.lock().expect("no thread panicked").extend([handle(client), handle(&server)]);
        self.exchange(client, &server);
        for stream in [client, &server] {
            // The other side may have closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The request is read whole, the answer is handed on as it comes. An error is the end of the connection, on whichever
    /// side, and nothing to speak of.
    fn exchange(&self, client: &TcpStream, mut server: &TcpStream) {
        let Some(request) = read_request(&mut BufReader::new(client)) else { return };
        let lost = self.lost(&request);
        if lost == Some(Lost::Request) {
            return self.end();
        }
        if server.write_all(&alone(&request)).is_err() {
            return;
        }
        let (mut client, mut bytes) = (client, [0; 16 << 10]);
        while let Ok(count @ 1..) = server.read(&mut bytes) {
            if lost == Some(Lost::Answer) {
                return self.end();
            }
            if client.write_all(&bytes[..count]).is_err() {
                return;
            }
        }
    }

    /// What gets lost at this request.
    fn lost(&self, request: &[u8]) -> Option<Lost> {
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let rule = self.rule.lock().expect("no thread panicked");
        let (lost, rule) = rule.as_ref()?;
        rule(&String::from_utf8_lossy(line)).then_some(*lost)
    }
}

/// The request, as the only one of its connection. Who keeps a connection for later may learn only by using it that it has
/// ended meanwhile: what a test says of the request after the break would be left to chance.
fn alone(request: &[u8]) -> Vec<u8> {
    let end_of_line = request.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (line, rest) = request.split_at(end_of_line);
    [line, b"Connection: close\r\n", rest].concat()
}

/// Head and body of a request; `None` at the end of the connection. Bodies have a length: what is sent is in memory.
fn read_request(from: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut length = 0;
    loop {
        let begin = request.len();
        from.read_until(b'\n', &mut request).ok().filter(|count| *count > 0)?;
        let line = String::from_utf8_lossy(&request[begin..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        assert!(!line.starts_with("transfer-encoding:"), "a request without a length");
        if line == "\r\n" {
            break;
        }
    }
    let head = request.len();
    request.resize(head + length, 0);
    from.read_exact(&mut request[head..]).ok()?;
    Some(request)
}

#[test]
fn a_request_is_marked_as_the_last_of_its_connection() {
    assert_eq!(
        alone(b"GET / HTTP/1.1\r\nA: b\r\n\r\n"),
        b"GET / HTTP/1.1\r\nConnection: close\r\nA: b\r\n\r\n"
    );
}

#[test]
fn a_request_is_read_with_its_body_and_no_further() {
    let mut two = &b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\nGET"[..];
    assert_eq!(
        read_request(&mut two).as_deref(),
        Some(&b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"[..])
    );
    assert_eq!(read_request(&mut two).as_deref(), Some(&b"GET /b HTTP/1.1\r\n\r\n"[..]));
    assert_eq!(read_request(&mut two), None, "half a request is none");
}
