//! Where a model server is: `https://gpu.example.com/v1#qwen2.5-7b`. The part behind `#` names the model and is not sent
//! as part of the address.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::manifest::visible::visible_short;

/// The address of an OpenAI-compatible server, and the model that is wanted of it. It never holds credentials, so it can be
/// shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    base: Url,
    model: Option<String>,
}

/// Why a text is no address of a model server. It never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for AddressError {}

/// What is behind the base address and may stand in what a person gives, since other programs want it there.
const SUFFIXES: &[&str] = &["/chat/completions", "/v1"];

impl ServerAddress {
    /// Whether a model is named by a URL and not by a file.
    pub fn is_url(text: &str) -> bool {
        let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
        starts("http://") || starts("https://")
    }

    /// Reads an address, with or without `/v1` at its end.
    ///
    /// # Errors
    /// It is no http(s) URL, holds a user or password, or has a query.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (address, model) = match text.split_once('#') {
            Some((address, model)) => (address, Some(model.trim()).filter(|model| !model.is_empty())),
            None => (text, None),
        };
        let mut base = Url::parse(address.trim()).map_err(|error| AddressError {
            // What cannot be taken apart may hold a password in any place.
            what: match address.contains('@') {
                true => format!("the model's URL cannot be read: {error}"),
                false => format!("the model's URL '{}' cannot be read: {error}", visible_short(address, 200)),
            },
            hint: "write it as http://HOST:PORT or https://HOST, with #NAME behind it to choose a model"
                .to_owned(),
        })?;
        let key = "put the key into KUBECTL_COPILOT_API_KEY, or into a file that KUBECTL_COPILOT_API_KEY_FILE \
                   names; a URL is shown and stays in the shell's history";
        if !base.username().is_empty() || base.password().is_some() {
            let host = base.host_str().unwrap_or_default();
            return Err(AddressError {
                what: format!("the model's URL for '{host}' holds a user or password"),
                hint: format!("leave out what stands before the @; {key}"),
            });
        }
        if base.query().is_some() {
            let host = base.host_str().unwrap_or_default();
            return Err(AddressError {
                what: format!("the model's URL for '{host}' has a query (?…)"),
                hint: format!("leave it out; {key}"),
            });
        }
        let mut path = base.path().trim_end_matches('/').to_owned();
        for suffix in SUFFIXES {
            if let Some(before) = path.strip_suffix(suffix) {
                path = before.trim_end_matches('/').to_owned();
            }
        }
        base.set_path(&path);
        Ok(Self { base, model: model.map(str::to_owned) })
    }

    /// The model that the address names; without one the server's first is taken.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The address as it is shown: without the model, and without a slash at its end.
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether requests do not leave this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// Whether requests leave this machine and everybody on the way can read them.
    pub fn is_exposed(&self) -> bool {
        self.base.scheme() == "http" && !self.is_loopback()
    }

    /// What is asked for at `path`, e.g. `models`.
    pub(super) fn endpoint(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.server())
    }
}

/// Whether what is sent there does not leave this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

impl fmt::Display for ServerAddress {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.server())?;
        self.model.as_ref().map_or(Ok(()), |model| write!(f, "#{model}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_taken_with_and_without_v1() {
        for (text, models) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/models"),
            ("HTTP://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/models"),
            ("https://h.example/llm/v1", "https://h.example/llm/v1/models"),
            ("https://h.example/llm/v1/chat/completions#a/b:7b", "https://h.example/llm/v1/models"),
        ] {
            assert!(ServerAddress::is_url(text));
            assert_eq!(ServerAddress::parse(text).unwrap().endpoint("models"), models, "{text}");
        }
        let named = ServerAddress::parse("http://h:1/v1#Qwen/Qwen2.5-7B").unwrap();
        assert_eq!((named.model(), named.server()), (Some("Qwen/Qwen2.5-7B"), "http://h:1"));
        assert!(!ServerAddress::is_url("models/http.gguf") && !ServerAddress::is_url("http"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "http://me:hunter2@h/v1",
            "http://hunter2@h",
            "http://me:hunter2@h:port",
            "https://h?key=hunter2",
            "http://me:hunter2@",
        ] {
            let error = ServerAddress::parse(text).unwrap_err();
            assert!(!format!("{error} {}", error.hint).contains("hunter2"), "{text}: {error:?}");
        }
        assert!(ServerAddress::parse("http://h:port").unwrap_err().what.contains("http://h:port"));
    }

    #[test]
    fn what_leaves_the_machine_unencrypted_is_known() {
        for (text, exposed) in [
            ("http://127.0.0.1", false),
            ("http://[::1]:80", false),
            ("http://localhost:8000", false),
            ("https://gpu.example", false),
            ("http://gpu.example", true),
            ("http://localhost.example", true),
            ("http://10.0.0.7:8000", true),
        ] {
            assert_eq!(ServerAddress::parse(text).unwrap().is_exposed(), exposed, "{text}");
        }
    }
}
