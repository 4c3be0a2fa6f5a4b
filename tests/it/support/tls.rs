//! TLS in front of a server that speaks plain HTTP, as a reverse proxy has it: with a certificate of one's own authority,
//! and with those that nobody should take.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What is wrong with a certificate, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For this address, in its time.
    Good,
    /// For another host.
    OtherHost,
    /// In its time no more.
    Expired,
}

/// See the module. Its threads end with the test process.
pub struct TlsFront {
    address: String,
    authority: String,
}

impl TlsFront {
    /// Stands before `server` (host and port) with a certificate of an authority that was made for it.
    pub fn start(server: &str, certificate: Certificate) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
        let address = listener.local_addr().expect("the listener's address").to_string();
        let (authority, config) = identity(certificate, &format!("authority of {address}"));
        let (config, server) = (Arc::new(config), server.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, server) = (Arc::clone(&config), server.clone());
                // A client that does not take the certificate hangs up: that is its right.
                thread::spawn(move || hand_on(stream, config, &server).unwrap_or_default());
            }
        });
        Self { address, authority }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of its authority, as `SSL_CERT_FILE` wants it.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// An authority's certificate, and a server with one that it signed.
fn identity(certificate: Certificate, name: &str) -> (String, ServerConfig) {
    let key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, name);
    let own = authority.self_signed(&key).expect("the authority's certificate");
    let issuer = Issuer::new(authority, key);

    let host = if certificate == Certificate::OtherHost { "gpu.example.test" } else { "127.0.0.1" };
    let mut server = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    if certificate == Certificate::Expired {
        (server.not_before, server.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
    }
    let key = KeyPair::generate().expect("a key");
    let signed = server.signed_by(&key, &issuer).expect("the server's certificate");
    let chain = vec![CertificateDer::from(signed.der().to_vec())];
    let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("the key again");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .expect("the key belongs to the certificate");
    (own.pem(), config)
}

/// One request and its answer; the server is asked to close the connection behind it.
fn hand_on(stream: TcpStream, config: Arc<ServerConfig>, server: &str) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut client = BufReader::new(StreamOwned::new(connection, stream));
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if client.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim_end().is_empty() {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(number) = lower.strip_prefix("content-length:") {
            length = number.trim().parse().map_err(std::io::Error::other)?;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    upstream.write_all(&body)?;
    let mut client = client.into_inner();
    std::io::copy(&mut upstream, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}
