//! A server on this machine that answers as a test says, over TLS too, and remembers every byte it got.

#![expect(unreachable_pub, reason = "each test file uses a part of this")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method and what it asks for: `GET /v1/models`.
    pub line: String,
    /// The headers, each as it came, names in lower case.
    pub headers: Vec<String>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Everything, as text.
    pub fn all(&self) -> String {
        format!("{}\n{}\n\n{}", self.line, self.headers.join("\n"), self.body)
    }
}

/// What a server says.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<String>,
    pub body: String,
    pub delay: Duration,
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Reply {
        Reply::new(status, "application/json", body)
    }

    pub fn html(status: u16) -> Reply {
        Reply::new(status, "text/html", "<!doctype html><title>proxy</title>")
    }

    /// An error as Anthropic's API words it.
    pub fn error(status: u16, kind: &str, message: &str) -> Reply {
        let body = serde_json::json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_1" });
        Reply::json(status, &body.to_string())
    }

    pub fn new(status: u16, kind: &str, body: &str) -> Reply {
        Reply { status, headers: vec![format!("Content-Type: {kind}")], body: body.to_owned(), delay: Duration::ZERO }
    }

    pub fn with(mut self, header: &str) -> Reply {
        self.headers.push(header.to_owned());
        self
    }
}

/// A server, and what it got. It runs until the test ends.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    raw: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<usize>>,
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

impl Server {
    /// One that speaks plain HTTP.
    pub fn plain(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::start(None, Arc::new(answer))
    }

    /// One that speaks TLS with a certificate of this authority.
    pub fn tls(authority: &Authority, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::start(Some(Arc::clone(&authority.config)), Arc::new(answer))
    }

    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn https(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The requests, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// What went over the wire in plain sight.
    pub fn wire(&self) -> Vec<u8> {
        self.raw.lock().unwrap().clone()
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: Arc<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Server { port, requests: Arc::default(), raw: Arc::default(), connections: Arc::default() };
        let (requests, connections) = (Arc::clone(&server.requests), Arc::clone(&server.connections));
        let raw = Arc::clone(&server.raw);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, tls, answer) = (stream.unwrap(), tls.clone(), Arc::clone(&answer));
                let requests = Arc::clone(&requests);
                *connections.lock().unwrap() += 1;
                let stream = Wire { stream, raw: Arc::clone(&raw) };
                // A client that hangs up is no fault of the server's.
                thread::spawn(move || serve(stream, tls, &*answer, &requests));
            }
        });
        server
    }
}

/// A connection whose bytes are remembered.
struct Wire {
    stream: TcpStream,
    raw: Arc<Mutex<Vec<u8>>>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.raw.lock().unwrap().extend(&buffer[..length]);
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

fn serve(mut stream: Wire, tls: Option<Arc<ServerConfig>>, answer: &Answer, requests: &Mutex<Vec<Request>>) {
    let Some(config) = tls else {
        let _ = converse(&mut stream, answer, requests);
        return;
    };
    // Asked as a proxy, the server is the host that was asked for.
    let mut first = [0; 1];
    if stream.stream.peek(&mut first).is_ok() && first[0] == b'C' {
        let Some(request) = read_request(&mut stream) else { return };
        requests.lock().unwrap().push(request);
        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    }
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let _ = converse(&mut stream, answer, requests);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn converse(stream: &mut (impl Read + Write), answer: &Answer, requests: &Mutex<Vec<Request>>) -> Option<()> {
    let request = read_request(stream)?;
    requests.lock().unwrap().push(request.clone());
    let reply = answer(&request);
    thread::sleep(reply.delay);
    let headers = reply.headers.join("\r\n");
    let length = reply.body.len();
    let head =
        format!("HTTP/1.1 {} Said\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n", reply.status);
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(reply.body.as_bytes()).ok()?;
    stream.flush().ok()
}

fn read_request(stream: &mut impl Read) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        (stream.read(&mut byte).ok()? == 1).then(|| bytes.push(byte[0]))?;
    }
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.trim_end().lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let lower = |header: &str| {
        let (name, value) = header.split_once(':').unwrap();
        format!("{}: {}", name.to_lowercase(), value.trim())
    };
    let mut request = Request { line, headers: lines.map(lower).collect(), body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

/// An authority made for a test, and a certificate of its for this machine and some hosts.
pub struct Authority {
    config: Arc<ServerConfig>,
    pem: String,
}

impl Authority {
    pub fn new(hosts: &[&str]) -> Authority {
        let mut own = CertificateParams::new(Vec::new()).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = own.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(own, key);
        let names: Vec<String> = ["127.0.0.1", "localhost"].iter().chain(hosts).map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], private).unwrap();
        Authority { config: Arc::new(config), pem }
    }

    /// Writes the authority's own certificate, for `SKANT_CA_FILE`.
    pub fn write(&self, file: &Path) {
        std::fs::write(file, &self.pem).unwrap();
    }
}
