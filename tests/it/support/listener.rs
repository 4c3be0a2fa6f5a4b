//! A loopback listener that counts who called: stands in for a cluster that must not be reached.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

/// Listens on a free loopback port and answers nothing. Connections wait in the kernel's backlog until counted, so
/// a call that has ended cannot be missed.
pub struct Listener(TcpListener);

impl Listener {
    /// Starts to listen.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        Self(listener)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("the listener's address")
    }

    /// How many connections arrived since the last call.
    pub fn connections(&self) -> usize {
        let mut count = 0;
        loop {
            match self.0.accept() {
                Ok(_) => count += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return count,
                Err(error) => panic!("cannot accept: {error}"),
            }
        }
    }

    /// A kubeconfig whose only cluster is this listener.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1
kind: Config
current-context: poisoned
contexts: [{{name: poisoned, context: {{cluster: poisoned, user: poisoned, namespace: poisoned}}}}]
clusters: [{{name: poisoned, cluster: {{server: 'http://{}'}}}}]
users: [{{name: poisoned, user: {{token: poisoned}}}}]
",
            self.address()
        )
    }
}

#[test]
fn it_counts_each_connection_once() {
    let listener = Listener::start();
    assert_eq!(listener.connections(), 0);
    let calls: Vec<_> = (0..2).map(|_| std::net::TcpStream::connect(listener.address())).collect();
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!(listener.connections(), 2);
    assert_eq!(listener.connections(), 0);
}
