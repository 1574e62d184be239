//! The Admin API: an organisation's keys, and their status.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{VERSION, address};
use crate::error::Error;
use crate::finding::inert;
use crate::http::{Answer, Client, Request, environment};

/// Holds the key by which an organisation is administered. It is read from nowhere else.
const ADMIN_KEY: &str = "ANTHROPIC_ADMIN_API_KEY";
/// The most keys that a page has.
const PAGE: usize = 1000;
/// The most pages that are read: nobody has so many keys, and a broken listing must end.
const MOST_PAGES: usize = 1000;
/// The most bytes that an answer may have: a thousand times what a thousand keys take.
const LARGEST_ANSWER: u64 = 16 << 20;
/// The most characters of somebody else's words that are repeated.
const LONGEST_MESSAGE: usize = 300;

/// The way to an organisation's keys.
pub(crate) struct Admin {
    client: Client,
    key: String,
}

/// A key of the organisation, as the API tells of it. It never tells the key itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Key {
    /// `apikey_...`
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    /// `active`, `inactive`, `archived` or `expired`.
    pub status: String,
    /// The prefix, three characters, `...`, and the last four.
    #[serde(default)]
    pub partial_key_hint: Option<String>,
    #[serde(default)]
    pub created_at: Option<String>,
    #[serde(default)]
    pub created_by: Option<Creator>,
    /// Nothing: it never expires.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// Nothing: the default workspace.
    #[serde(default)]
    pub workspace_id: Option<String>,
}

/// Who made a key.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Creator {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// A page of the listing.
#[derive(Deserialize)]
struct Page {
    data: Vec<Key>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    last_id: Option<String>,
}

impl Key {
    pub(crate) fn is_active(&self) -> bool {
        self.status == "active"
    }
}

impl Admin {
    /// With the key that the environment holds.
    ///
    /// # Errors
    /// There is none, or none that can be sent.
    pub(crate) fn from_environment(timeout: Duration) -> Result<Admin, Error> {
        let key = environment(ADMIN_KEY).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            Error::usage(
                format!("{ADMIN_KEY} is not set"),
                "an admin key is made at https://platform.claude.com/settings/admin-keys; it is read from the \
                 environment only, so that it is in no list of arguments",
            )
        })?;
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!("what {ADMIN_KEY} holds is no key: there are spaces or control characters in it");
            return Err(Error::usage(message, "set it again, without quotes and line ends"));
        }
        let client = Client::new(address()?, timeout, LARGEST_ANSWER)
            .map_err(|said| Error::usage(said, "unset the variable, or mend what it says"))?;
        Ok(Admin { client, key })
    }

    /// All keys of the organisation, of whatever status.
    ///
    /// # Errors
    /// Why they cannot be listed.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, Error> {
        let (mut keys, mut after) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let after_id = after.as_ref().map(|id| format!("&after_id={id}")).unwrap_or_default();
            let page: Page = self.ask(&format!("/v1/organizations/api_keys?limit={PAGE}{after_id}"), None)?;
            let last = page.last_id.or_else(|| page.data.last().map(|key| key.id.clone()));
            let is_empty = page.data.is_empty();
            keys.extend(page.data);
            if !page.has_more {
                return Ok(keys);
            }
            let next = last.filter(|last| !is_empty && is_id(last) && Some(last) != after.as_ref());
            after = Some(next.ok_or_else(|| self.failed("the listing says there is more and not where".to_owned()))?);
        }
        Err(self.failed(format!("the listing does not end after {MOST_PAGES} pages")))
    }

    /// Makes a key inactive, which can be undone; gives it as the API now tells of it.
    ///
    /// # Errors
    /// Why it may still be active.
    pub(crate) fn deactivate(&self, key: &Key) -> Result<Key, Error> {
        if !is_id(&key.id) {
            return Err(self.failed("the key's id is none".to_owned()));
        }
        let path = format!("/v1/organizations/api_keys/{}", key.id);
        let now: Key = self.ask(&path, Some(r#"{"status":"inactive"}"#))?;
        if now.id != key.id || now.status != "inactive" {
            let said = format!("the answer to the change is about `{}`, and says `{}`", now.id, now.status);
            return Err(self.failed(self.shown(&said)));
        }
        Ok(now)
    }

    fn ask<T: DeserializeOwned>(&self, path: &str, body: Option<&str>) -> Result<T, Error> {
        let mut headers = vec![("x-api-key", self.key.as_str()), VERSION];
        headers.extend(body.map(|_| ("content-type", "application/json")));
        let request = Request { path, headers: &headers, body };
        let answer = self.client.send_patiently(&request).map_err(|trouble| self.failed(trouble.to_string()))?;
        if answer.status != 200 {
            return Err(self.refused(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| self.failed(not_the_api(&answer)))
    }

    /// What an answer that is no success means.
    fn refused(&self, answer: &Answer) -> Error {
        let Some((kind, message)) = told(&answer.body) else {
            return self.failed(not_the_api(answer));
        };
        let said = self.shown(&format!("{} {kind}: {message}", answer.status));
        let message = format!("{} refuses: {said}", self.client.host());
        let help = match answer.status {
            401 => format!("what {ADMIN_KEY} holds is no admin key that is active: see https://platform.claude.com/settings/admin-keys"),
            403 => format!("what {ADMIN_KEY} holds lacks the right: only an admin key of the organisation lists its keys"),
            404 => "the key is not in this organisation, or the address is not the API's".to_owned(),
            429 => match answer.retry_after {
                Some(wait) => format!("too many requests: try again in {} s", wait.as_secs()),
                None => "too many requests: try again in some minutes".to_owned(),
            },
            500.. => "the API has trouble of its own: try again later; https://platform.claude.com/settings/keys does the same by hand".to_owned(),
            _ => "https://platform.claude.com/settings/keys does the same by hand".to_owned(),
        };
        Error::Remote { message, help }
    }

    fn failed(&self, said: String) -> Error {
        let host = self.client.host();
        Error::Remote {
            message: format!("{host}: {said}"),
            help:
                "check the connection and its proxies; https://platform.claude.com/settings/keys does the same by hand"
                    .to_owned(),
        }
    }

    /// Somebody else's words, inert and short, without the admin key, whoever repeats it.
    fn shown(&self, text: &str) -> String {
        let text = text.replace(&self.key, "(the admin key)");
        inert(&text.chars().take(LONGEST_MESSAGE).collect::<String>())
    }
}

/// The kind and the message of an error, as the API words it.
fn told(body: &[u8]) -> Option<(String, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("type")?, text("message").unwrap_or_default()))
}

fn not_the_api(answer: &Answer) -> String {
    let is_page = answer.body.trim_ascii_start().first() == Some(&b'<');
    let what = if is_page { "an HTML page, as proxies send" } else { "nothing that the API would say" };
    format!("the answer ({}) is {what}", answer.status)
}

/// Ids become part of an address.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
