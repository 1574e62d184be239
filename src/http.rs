//! The one door to the network: requests to a vendor's own host, over TLS, without redirects, bounded in
//! time and size. The only file that names ureq.
//!
//! A scan never comes here; `--verify` and `skant anthropic` do.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use ureq::http::header::{HeaderName, HeaderValue};
use ureq::http::{self, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy, ProxyProtocol};

/// Names a file with root certificates (PEM) to trust instead of the built-in ones: for proxies that
/// open TLS, and for tests.
const ROOTS: &str = "SKANT_CA_FILE";
/// Names proxies, the first that is set counts. Requests go through them as TLS, from end to end.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The most bytes a file of certificates may have.
const LARGEST_ROOTS: u64 = 4 << 20;
/// How often a request is tried.
const TRIES: u32 = 4;
/// How long is waited before the second try, where the other side does not say; twice that before the next.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Whoever asks for a longer wait is told to come back later.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Where requests go: `https://HOST[:PORT][/PATH]`; `http` on this machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    host: String,
    is_local: bool,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// Why nothing is sent there.
    pub(crate) fn parse(text: &str) -> Result<Address, String> {
        let uri: Uri = text.parse().map_err(|_| "it is no address".to_owned())?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) || host.is_empty() {
            return Err("it needs a host, and no user".to_owned());
        }
        if text.contains(['?', '#']) {
            return Err("it has a query".to_owned());
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_local => {}
            _ => return Err("keys are sent over https only, or to this machine".to_owned()),
        }
        Ok(Address { text: text.trim_end_matches('/').to_owned(), host, is_local })
    }

    /// Who is asked.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// A request. Its headers may hold secrets: it is never shown.
pub(crate) struct Request<'a> {
    /// The path and the query, behind the address.
    pub path: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent with `POST`; without it, it is a `GET`.
    pub body: Option<&'a str>,
}

/// What came back.
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// What the other side asks to wait for.
    pub retry_after: Option<Duration>,
    /// The text.
    pub body: Vec<u8>,
}

/// Why nothing came back that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It took too long.
    Late(Duration),
    /// The host is not to be reached, or does not speak as it should.
    Unreachable(String),
    /// It does not prove who it is.
    Untrusted(String),
    /// It sends elsewhere, with this status. Nobody follows.
    Elsewhere(u16),
    /// The answer is larger than this many bytes.
    Large(u64),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Late(limit) => write!(f, "no answer within {} s", limit.as_secs_f32()),
            Trouble::Unreachable(said) => write!(f, "it cannot be reached: {said}"),
            Trouble::Untrusted(said) => write!(f, "its certificate is not trusted: {said}"),
            Trouble::Elsewhere(status) => write!(f, "it answered with a redirect ({status}), which is not followed"),
            Trouble::Large(most) => write!(f, "its answer is larger than {most} bytes"),
        }
    }
}

/// Who sends requests to one address.
pub(crate) struct Client {
    agent: Agent,
    address: Address,
    timeout: Duration,
    most: u64,
}

impl Client {
    /// For an address; an answer takes at most `timeout` and has at most `most` bytes.
    ///
    /// # Errors
    /// What is wrong with a setting of the environment.
    pub(crate) fn new(address: Address, timeout: Duration, most: u64) -> Result<Client, String> {
        let tls = match environment(ROOTS) {
            Some(file) => TlsConfig::builder().root_certs(roots(Path::new(&file))?).build(),
            None => TlsConfig::default(),
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!address.is_local)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(if address.is_local { None } else { proxy(&address)? })
            .tls_config(tls)
            .timeout_global(Some(timeout))
            .user_agent(concat!("skant/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .build()
            .new_agent();
        Ok(Client { agent, address, timeout, most })
    }

    /// Who is asked.
    pub(crate) fn host(&self) -> &str {
        self.address.host()
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let mut head =
            http::Request::builder().uri(format!("{}{}", self.address.text, request.path)).method(match request.body {
                Some(_) => "POST",
                None => "GET",
            });
        for (name, value) in request.headers {
            let unusable = |_| Trouble::Unreachable(format!("the header {name} would be no header"));
            let mut value = HeaderValue::from_str(value).map_err(|error| unusable(error.to_string()))?;
            value.set_sensitive(true);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| unusable(error.to_string()))?;
            head = head.header(name, value);
        }
        let unusable = |error: http::Error| Trouble::Unreachable(error.to_string());
        let sent = match request.body {
            Some(body) => self.agent.run(head.body(body).map_err(unusable)?),
            None => self.agent.run(head.body(()).map_err(unusable)?),
        };
        let mut response = sent.map_err(|error| self.trouble(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Trouble::Elsewhere(status.as_u16()));
        }
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        // One byte more than is read shows that there is more.
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        reader.take(self.most + 1).read_to_end(&mut body).map_err(|error| self.trouble(error.into()))?;
        if body.len() as u64 > self.most {
            return Err(Trouble::Large(self.most));
        }
        Ok(Answer { status: status.as_u16(), retry_after, body })
    }

    /// Sends a request that does no more when it is sent twice, and again while the other side is busy or
    /// broken: a few times, waiting as long as it asks.
    ///
    /// # Errors
    /// Why there is no answer in the end.
    pub(crate) fn send_patiently(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            let asked = match self.send(request) {
                Ok(answer) if answer.status != 429 && answer.status < 500 => return Ok(answer),
                Ok(answer) if answer.retry_after.is_some_and(|asked| asked > LONGEST_WAIT) => return Ok(answer),
                Ok(answer) => answer.retry_after,
                Err(Trouble::Unreachable(_)) => None,
                Err(trouble) => return Err(trouble),
            };
            std::thread::sleep(asked.unwrap_or(wait));
            wait *= 2;
        }
        self.send(request)
    }

    fn trouble(&self, error: ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(_) => Trouble::Late(self.timeout),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Trouble::Late(self.timeout),
            ureq::Error::Io(error) => match error.get_ref().map(ToString::to_string) {
                Some(said) if said.contains("certificate") => Trouble::Untrusted(said),
                _ => Trouble::Unreachable(error.to_string()),
            },
            ureq::Error::Rustls(error) => Trouble::Untrusted(error.to_string()),
            ureq::Error::HostNotFound => Trouble::Unreachable("there is no such host".to_owned()),
            // The address of a proxy may hold a password.
            ureq::Error::ConnectProxyFailed(_) => Trouble::Unreachable("the proxy refuses".to_owned()),
            error => Trouble::Unreachable(error.to_string()),
        }
    }
}

fn roots(file: &Path) -> Result<RootCerts, String> {
    let fail = |said: String| format!("{ROOTS} names {}: {said}", file.display());
    let mut pem = Vec::new();
    let opened = File::open(file).map_err(|error| fail(error.to_string()))?;
    opened.take(LARGEST_ROOTS).read_to_end(&mut pem).map_err(|error| fail(error.to_string()))?;
    let roots: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        return Err(fail("there is no certificate in it".to_owned()));
    }
    Ok(RootCerts::from(roots))
}

/// The proxy that the environment names, unless it says that this host needs none.
fn proxy(address: &Address) -> Result<Option<Proxy>, String> {
    let Some((name, value)) = PROXIES.iter().find_map(|name| Some((name, environment(name)?))) else {
        return Ok(None);
    };
    let exceptions = environment("NO_PROXY").or_else(|| environment("no_proxy")).unwrap_or_default();
    let direct = Proxy::builder(ProxyProtocol::Http);
    let direct = exceptions.split(',').map(str::trim).fold(direct, ureq::ProxyBuilder::no_proxy).build();
    if direct.is_ok_and(|direct| address.text.parse().is_ok_and(|uri| direct.is_no_proxy(&uri))) {
        return Ok(None);
    }
    // Its value may hold a password.
    Proxy::new(&value).map(Some).map_err(|_| format!("{name} names no proxy that can be used (http or https)"))
}

/// What the environment says, unless it is empty.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_over_tls_or_stay_on_this_machine() {
        for address in ["https://api.example.com", "https://h:8443/base/", "http://127.0.0.1:80", "http://[::1]:9"] {
            assert!(Address::parse(address).is_ok(), "{address}");
        }
        for address in [
            "http://api.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://user:pass@example.com",
            "ftp://127.0.0.1",
            "api.example.com",
            "https://",
            "https://h/?x=",
            "https://h/#x",
            "",
        ] {
            assert!(Address::parse(address).is_err(), "{address}");
        }
    }

    #[test]
    fn an_address_may_have_a_path() {
        assert_eq!(Address::parse("https://h/base/").unwrap().text, "https://h/base");
    }
}
