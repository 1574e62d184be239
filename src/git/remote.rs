//! The address of a remote, as it may be told to others.

/// The address without user, password, query and fragment; nothing when it is a place on this machine, or no
/// address that a URI can be.
pub(super) fn public_url(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest.to_owned()),
        None => ("ssh", short_form(url)?),
    };
    if !["https", "http", "ssh", "git"].contains(&scheme) {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let is_fine = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}[]@".contains(c);
    (!host.is_empty() && host.chars().chain(path.chars()).all(is_fine)).then(|| format!("{scheme}://{host}/{path}"))
}

/// `git@host:path` as what stands behind `ssh://`. `C:/path` and `./a:b` are paths.
fn short_form(url: &str) -> Option<String> {
    let (host, path) = url.split_once(':')?;
    (host.len() > 1 && !host.contains(['/', '\\'])).then(|| format!("{host}/{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_who_may_read_it() {
        let table = [
            ("https://example.com/a/b.git", Some("https://example.com/a/b.git")),
            ("https://user:word@example.com:8443/a/b?x=y#z", Some("https://example.com:8443/a/b")),
            ("https://token@x:y@example.com/a", Some("https://example.com/a")),
            ("git@example.com:a/b.git", Some("ssh://example.com/a/b.git")),
            ("ssh://git@example.com:22/~a/b", Some("ssh://example.com:22/~a/b")),
            ("/srv/git/a.git", None),
            ("../a:b", None),
            ("C:/a", None),
            ("file:///a", None),
            ("ext::sh -c x", None),
            ("https://example.com/a b", None),
            ("https://user:pa/ss@example.com/a", None),
            ("https://", None),
        ];
        for (url, public) in table {
            assert_eq!(public_url(url).as_deref(), public, "{url}");
        }
    }
}
