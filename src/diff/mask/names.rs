//! Which names promise a credential.

use serde_json::Value;

/// Words that mean a credential wherever they stand in a name.
const WORDS: [&str; 36] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "pw",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "cred",
    "creds",
    "apikey",
    "apikeys",
    "accesskey",
    "secretkey",
    "privatekey",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "jwt",
    "dsn",
    "htpasswd",
    "dockerconfigjson",
    "dockercfg",
    "kubeconfig",
    "netrc",
    "pgpass",
    "otp",
    "totp",
    "mnemonic",
    "密码",
    "令牌",
];
/// Words that mean a credential as the last word of a name.
const LAST_WORDS: [&str; 4] = ["pass", "auth", "口令", "密钥"];
/// Ends of words that are written in one: `dbpassword`, `clientsecret`.
const ENDINGS: [&str; 7] = ["password", "passwd", "passphrase", "secret", "token", "apikey", "credentials"];
/// Before `key`: `API_KEY`, `signingKey`.
const KEYS: [&str; 14] = [
    "api",
    "access",
    "private",
    "secret",
    "encryption",
    "signing",
    "master",
    "license",
    "account",
    "storage",
    "shared",
    "ssh",
    "session",
    "auth",
];
/// A name that ends so says something about a credential and is none: `TOKEN_FILE`, `secretName`, `tokenURL`.
const ABOUT: [&str; 47] = [
    "name",
    "names",
    "ref",
    "refs",
    "file",
    "files",
    "path",
    "paths",
    "dir",
    "mount",
    "ttl",
    "expiry",
    "expiration",
    "seconds",
    "minutes",
    "hours",
    "enabled",
    "disabled",
    "required",
    "optional",
    "type",
    "kind",
    "id",
    "url",
    "uri",
    "host",
    "port",
    "issuer",
    "audience",
    "audiences",
    "algorithm",
    "length",
    "size",
    "count",
    "policy",
    "namespace",
    "provider",
    "version",
    "class",
    "rotation",
    "endpoint",
    "selector",
    "template",
    "limit",
    "budget",
    "len",
    "mode",
];
/// Beside `token`, these speak of a language model's tokens.
const AMOUNTS: [&str; 12] =
    ["max", "min", "num", "total", "new", "batch", "batched", "per", "input", "output", "limit", "context"];

/// True where a field of this name with this value may hold a credential.
pub(super) fn holds_credential(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => !is_harmless_value(text) && named_so(name, is_count(text)),
        Value::Number(number) => named_so(name, is_count(&number.to_string())),
        Value::Array(_) | Value::Object(_) => is_credential(name),
    }
}

/// [`holds_credential`] for a text.
pub(super) fn holds_credential_text(name: &str, text: &str) -> bool {
    !is_harmless_value(text) && named_so(name, is_count(text))
}

/// True for a name that promises a credential: `DB_PASSWORD`, `apiKey`, `--token`, `clientsecret`.
pub(super) fn is_credential(name: &str) -> bool {
    named_so(name, false)
}

/// Nothing to hide: empty, a boolean, a reference to where the value is (`$(VAR)`, `${VAR}`, `$VAR`), a masked value.
pub(super) fn is_harmless_value(text: &str) -> bool {
    let text = text.trim();
    matches!(text, "" | "true" | "false" | "True" | "False" | "null" | "~" | "{}" | "[]")
        || super::is_masked(text)
        || is_reference(text)
}

fn is_reference(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let inner = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')))
        .unwrap_or(rest);
    inner.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && inner.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '.'))
        // `$ecret` is a password; a variable of a shell is written in capitals.
        && (inner.len() < rest.len() || inner.chars().all(|character| !character.is_ascii_lowercase()))
}

fn is_count(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn named_so(name: &str, count: bool) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if ABOUT.contains(&last.as_str()) {
        return false;
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if count && has(&["token", "tokens"]) && (has(&AMOUNTS) || last == "tokens") {
        return false;
    }
    let chinese = |list: &[&str]| list.iter().any(|word| !word.is_ascii() && name.contains(word));
    has(&WORDS)
        || chinese(&WORDS)
        || chinese(&LAST_WORDS)
        || LAST_WORDS.contains(&last.as_str())
        || words.iter().any(|word| ENDINGS.iter().any(|ending| word.ends_with(ending)))
        || words.windows(2).any(|pair| {
            (pair[1] == "key" || pair[1] == "keys") && KEYS.contains(&pair[0].as_str())
                || pair[0] == "connection" && pair[1] == "string"
        })
}

/// The words of a name in lower case, split at everything that is no letter or digit and at capitals.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let characters: Vec<char> = name.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| characters.get(at));
        let after = characters.get(index + 1);
        let begins = character.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_numeric())
                || (before.is_some_and(|before| before.is_uppercase())
                    && after.is_some_and(|after| after.is_lowercase())));
        if (begins || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_credentials() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "dbPassword",
            "db-password",
            "POSTGRES_PASSWORD",
            "MYSQL_PASS",
            "apiKey",
            "API_KEY",
            "OPENAI_API_KEY",
            "apikey",
            "APIKey",
            "AWS_SECRET_ACCESS_KEY",
            "HF_TOKEN",
            "authToken",
            "clientSecret",
            "clientsecret",
            "--token",
            "X-Api-Key",
            "Authorization",
            "Cookie",
            ".dockerconfigjson",
            "SSH_PRIVATE_KEY",
            "signingKey",
            "REDIS_AUTH",
            "connectionString",
            "JWT",
            "SENTRY_DSN",
            "数据库密码",
        ] {
            assert!(is_credential(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_speak_of_credentials() {
        for name in [
            "secretName",
            "secretKeyRef",
            "imagePullSecretName",
            "TOKEN_FILE",
            "PASSWORD_PATH",
            "tokenURL",
            "token-ttl",
            "tokenExpirationSeconds",
            "CLIENT_ID",
            "AWS_ACCESS_KEY_ID",
            "TOKENIZERS_PARALLELISM",
            "tokenizer",
            "key",
            "keys",
            "author",
            "authors",
            "passthrough",
            "bypass-cache",
            "name",
            "image",
            "secretStoreRef",
            "auth-type",
            "compass",
            "密",
            "automountServiceAccountToken_enabled",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn a_models_tokens_are_counts() {
        assert!(!holds_credential("MAX_TOKENS", &json!("4096")));
        assert!(!holds_credential("max_new_token", &json!(512)));
        assert!(!holds_credential("tokens", &json!(512)));
        assert!(holds_credential("TOKEN", &json!("123456")));
        assert!(holds_credential("MAX_TOKENS", &json!("hf_abcdef")));
        assert!(holds_credential("password", &json!(12345)));
    }

    #[test]
    fn a_reference_is_no_value() {
        for text in [
            "$(PASSWORD)",
            "${DB_PASSWORD}",
            "${schema.spec.token}",
            "$TOKEN",
            "",
            "true",
            "***(3 bytes, hmac:0a1b2c3d)",
        ] {
            assert!(is_harmless_value(text), "{text}");
        }
        for text in ["$ecret", "$(rm x)", "${a", "hunter2", "$"] {
            assert!(!is_harmless_value(text), "{text}");
        }
    }
}
