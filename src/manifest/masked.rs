//! What stands in the place of a secret value: its length and a keyed fingerprint, so that two different values differ
//! and nothing can be guessed from either without the key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of the fingerprints. It stays in the process or in the state folder; its bytes are never shown.
#[derive(Clone)]
pub struct MaskKey([u8; 32]);

impl MaskKey {
    /// From 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKey(..)")
    }
}

/// What stands in the place of a secret value: `***(24 bytes, hmac:ab12cd34)`.
pub fn masked(value: &[u8], key: &MaskKey) -> String {
    // HMAC pads a key shorter than a block with zeros; done here, it cannot fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(&key.0);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(value);
    let digest = mac.finalize().into_bytes();
    let fingerprint: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let unit = if value.len() == 1 { "byte" } else { "bytes" };
    format!("***({} {unit}, hmac:{fingerprint})", value.len())
}

/// True for a text that [`masked`] has made.
pub fn is_masked(text: &str) -> bool {
    let Some(inner) = text.strip_prefix("***(").and_then(|rest| rest.strip_suffix(')')) else { return false };
    let Some((length, fingerprint)) = inner.split_once(", hmac:") else { return false };
    let digits = length.strip_suffix(" bytes").or_else(|| length.strip_suffix(" byte")).unwrap_or_default();
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && fingerprint.len() == 8
        && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The bytes of a base64 text with the standard alphabet; line breaks are passed over. `None` where it is none.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.is_empty() || !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in &digits[..digits.len() - padding] {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        assert_eq!(decode_base64("aHVudGVyMg==").as_deref(), Some(b"hunter2".as_slice()));
        assert_eq!(decode_base64("YWJj\nZGVm").as_deref(), Some(b"abcdef".as_slice()));
        for text in ["", "a", "abc", "====", "ab*=", "a=bc"] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }
}
