//! What an answer of Anthropic's API says about the key that was sent with the question.

use serde_json::Value;

use crate::finding::Liveness;

/// Reads the answer to a harmless question. Only what the API itself says counts: a page of a proxy's says
/// nothing about a key.
pub(crate) fn liveness(status: u16, body: &[u8]) -> Liveness {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return Liveness::Unknown };
    let error = body.get("error");
    let text = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str).unwrap_or_default();
    let message = text("message").to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match (status, text("type")) {
        (200, "") => Liveness::Live,
        // The key is known; the request lacks a workspace, or the account money.
        (400, "invalid_request_error") if says(&["workspace", "credit", "limit"]) => Liveness::Live,
        // About where the request comes from, or the kind of token.
        (401, "authentication_error") if says(&["cors"]) => Liveness::Unknown,
        (401, "authentication_error") if says(&["oauth"]) && says(&["not supported", "not allowed"]) => {
            Liveness::Unknown
        }
        (401, "authentication_error") => Liveness::Dead,
        (402, "billing_error") | (403, "permission_error") | (429, "rate_limit_error") => Liveness::Live,
        _ => Liveness::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_the_table() {
        use Liveness::{Dead, Live, Unknown};
        let table = [
            (400, "invalid_request_error", "a workspace id is required", Live),
            (400, "invalid_request_error", "Your credit balance is too low", Live),
            (400, "invalid_request_error", "you have reached your specified API usage limits", Live),
            (400, "invalid_request_error", "no such parameter", Unknown),
            (401, "authentication_error", "invalid x-api-key", Dead),
            (401, "authentication_error", "CORS requests are not allowed for this Organization", Unknown),
            (401, "authentication_error", "OAuth authentication is currently not supported", Unknown),
            (401, "authentication_error", "OAuth token has expired", Dead),
            (401, "other", "", Unknown),
            (402, "billing_error", "", Live),
            (403, "permission_error", "", Live),
            (403, "other", "", Unknown),
            (404, "not_found_error", "", Unknown),
            (429, "rate_limit_error", "", Live),
            (500, "api_error", "", Unknown),
            (529, "overloaded_error", "", Unknown),
        ];
        for (status, kind, message, expected) in table {
            let body = serde_json::json!({ "type": "error", "error": { "type": kind, "message": message } });
            assert_eq!(liveness(status, body.to_string().as_bytes()), expected, "{status} {kind} {message}");
        }
        assert_eq!(liveness(200, br#"{"data":[]}"#), Live);
        for (status, body) in [(200, "<html>"), (200, ""), (200, "[]"), (401, "<html>"), (403, "<html>"), (401, "{}")] {
            assert_eq!(liveness(status, body.as_bytes()), Unknown, "{status} {body}");
        }
    }
}
