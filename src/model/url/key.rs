//! The key that a server asks for. It is sent in one header to one server, and stands in no log, message or debug output.

use std::fmt;
use std::path::PathBuf;

use reqwest::header::HeaderValue;

use crate::source;

/// A key is a line; what is longer is another file.
const LONGEST: u64 = 64 << 10;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key; white space around it goes.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The header's value, which the HTTP client keeps out of its own debug output.
    ///
    /// # Errors
    /// A sentence where the key is empty or holds what no header can hold; it does not repeat the key.
    pub(crate) fn header(&self) -> Result<HeaderValue, String> {
        if self.0.is_empty() {
            return Err("it is empty".to_owned());
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0))
            .map_err(|_| "it holds a line break or another character that no header can hold".to_owned())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A text of the server in which the key, should it be repeated there, is not readable.
    pub(super) fn hide_in(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Where the key comes from. A file is read when the server is first asked: what needs no model needs no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// None is sent.
    Absent,
    /// From the environment.
    Given(ApiKey),
    /// The only line of a file.
    File(PathBuf),
}

impl KeySource {
    /// The key.
    ///
    /// # Errors
    /// A sentence where the file cannot be read.
    pub(crate) fn read(&self) -> Result<Option<ApiKey>, String> {
        match self {
            Self::Absent => Ok(None),
            Self::Given(key) => Ok(Some(key.clone())),
            Self::File(path) => {
                let bytes = source::read_bytes(path, LONGEST).map_err(|error| error.to_string())?;
                // The bytes are not repeated: they are the key.
                let text = String::from_utf8(bytes)
                    .map_err(|_| format!("the key in '{}' is not UTF-8", path.display()))?;
                Ok(Some(ApiKey::new(&text)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_readable_where_it_is_shown() {
        let key = ApiKey::new(" sk-canary\n");
        assert_eq!(format!("{:?}", KeySource::Given(key.clone())), "Given(ApiKey(***))");
        assert_eq!(format!("{:?}", key.header().unwrap()), "Sensitive");
        assert_eq!(key.hide_in("no such key: sk-canary"), "no such key: ***");
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_refused_without_being_repeated() {
        for text in ["", "sk-canary\nX-Other: 1"] {
            let error = ApiKey::new(text).header().unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
