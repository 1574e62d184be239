//! Whether found keys are live: whoever issued them is asked, by one harmless request for each distinct key,
//! one after the other. Only built-in rules say how; `--verify` asks for it.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use serde::de::IgnoredAny;

use crate::anthropic;
use crate::error::Error;
use crate::finding::{Finding, Liveness};
use crate::http::{Address, Answer, Client, Request, Trouble};
use crate::rule::{Reading, Verify};

/// How long an answer may take, and how large it may be.
const TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: u64 = 1 << 20;
/// How long is waited before a broken host is asked once more.
const WAIT: Duration = Duration::from_millis(500);
/// A host that has not answered this often is asked no more.
const MOST_TROUBLES: u32 = 3;
/// The most keys that are asked about.
const MOST_KEYS: usize = 500;

/// Who asks.
pub(crate) struct Verifier {
    /// Where Anthropic's keys are asked about.
    anthropic: Address,
    hosts: BTreeMap<String, Host>,
    /// What is known of a key at an address.
    known: BTreeMap<(Vec<u8>, String), Liveness>,
    /// Why nothing is known of some, and of how many.
    unknown: BTreeMap<String, usize>,
}

struct Host {
    client: Client,
    /// How often in a row it did not answer.
    troubles: u32,
}

impl Verifier {
    /// As the environment says.
    ///
    /// # Errors
    /// It names an address to which no key is sent.
    pub(crate) fn new() -> Result<Verifier, Error> {
        Ok(Verifier {
            anthropic: anthropic::address()?,
            hosts: BTreeMap::new(),
            known: BTreeMap::new(),
            unknown: BTreeMap::new(),
        })
    }

    /// Asks about every finding whose rule says how. Says in sentences what came of it.
    ///
    /// # Errors
    /// What is wrong with a setting of the environment.
    pub(crate) fn ask(mut self, findings: &mut [Finding]) -> Result<Vec<String>, Error> {
        for finding in findings {
            let Some(verify) = &finding.rule.verify else { continue };
            let name = (finding.secret.expose().to_vec(), verify.url.clone());
            let liveness = match self.known.get(&name) {
                Some(liveness) => *liveness,
                None => self.ask_once(verify, finding.secret.expose())?,
            };
            self.known.insert(name, liveness);
            finding.verified = Some(liveness);
        }
        let of = |liveness| self.known.values().filter(|one| **one == liveness).count();
        let (live, dead) = (of(Liveness::Live), of(Liveness::Dead));
        let total = match self.known.len() {
            0 => "no key that was found can be asked about".to_owned(),
            1 => format!("1 key was asked about: {live} live, {dead} dead"),
            keys => format!("{keys} keys were asked about: {live} live, {dead} dead"),
        };
        let unknown =
            self.unknown.iter().map(|(reason, keys)| format!("not known to be live or dead: {keys}, since {reason}"));
        Ok([total].into_iter().chain(unknown).collect())
    }

    fn ask_once(&mut self, verify: &Verify, key: &[u8]) -> Result<Liveness, Error> {
        let key = std::str::from_utf8(key).ok().filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        let (Some(key), true) = (key, self.known.len() < MOST_KEYS) else {
            return Ok(self.give_up(format!("no more than {MOST_KEYS} keys are asked about")));
        };
        let (address, path) = self.address(&verify.url);
        let host = match self.hosts.entry(address.host().to_owned()) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let client = Client::new(address, TIMEOUT, LARGEST_ANSWER)
                    .map_err(|said| Error::usage(said, "unset the variable, or mend what it says"))?;
                new.insert(Host { client, troubles: 0 })
            }
        };
        let name = host.client.host().to_owned();
        if host.troubles >= MOST_TROUBLES {
            return Ok(self.give_up(format!("{name} did not answer {MOST_TROUBLES} times")));
        }
        let headers: Vec<(&str, String)> = verify
            .headers
            .iter()
            .filter_map(|header| header.split_once(": "))
            .map(|(name, value)| (name, value.replace("{}", key)))
            .collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = Request { path: &path, headers: &headers, body: verify.post.as_deref() };
        match host.ask(&request) {
            Ok(answer) => {
                host.troubles = 0;
                let liveness = read(verify, &answer);
                if liveness == Liveness::Unknown {
                    self.give_up(format!("the answer of {name} ({}) does not tell", answer.status));
                }
                Ok(liveness)
            }
            Err(trouble) => {
                host.troubles += 1;
                Ok(self.give_up(format!("of {name}: {trouble}")))
            }
        }
    }

    fn give_up(&mut self, reason: String) -> Liveness {
        *self.unknown.entry(reason).or_default() += 1;
        Liveness::Unknown
    }

    /// Where a rule's question goes: the address, and the path behind it.
    fn address(&self, url: &str) -> (Address, String) {
        if let Some(path) = url.strip_prefix(anthropic::API) {
            return (self.anthropic.clone(), path.to_owned());
        }
        let at = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
        let address = Address::parse(&url[..at]).expect("tests/rules.rs reads the address of every built-in rule");
        (address, url[at..].to_owned())
    }
}

impl Host {
    /// Asks, and once more where the host is broken.
    fn ask(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        match self.client.send(request) {
            Ok(answer) if answer.status >= 500 => {
                sleep(WAIT);
                self.client.send(request)
            }
            answer => answer,
        }
    }
}

/// What an answer says, by the rule.
fn read(verify: &Verify, answer: &Answer) -> Liveness {
    if verify.reading == Reading::Anthropic {
        return anthropic::liveness(answer.status, &answer.body);
    }
    // A page of a proxy's says nothing.
    if serde_json::from_slice::<IgnoredAny>(&answer.body).is_err() {
        return Liveness::Unknown;
    }
    let text: String = String::from_utf8_lossy(&answer.body).split_whitespace().collect();
    let says = |words: &[String]| words.is_empty() || words.iter().any(|word| text.contains(word));
    if verify.live.contains(&answer.status) && says(&verify.live_says) {
        Liveness::Live
    } else if verify.dead.contains(&answer.status) && says(&verify.dead_says) {
        Liveness::Dead
    } else {
        Liveness::Unknown
    }
}
