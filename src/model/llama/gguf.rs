//! What the beginning of a GGUF file says: metadata and where its tensors lie. Read before llama.cpp sees the file, so
//! that what is wrong can be said in words, and that the memory it will take is known.
//!
//! Every length is checked against what is left of the file before anything is read or reserved. The format is that of
//! `gguf.md` in the repository of ggml: magic, version, two counts, key-value pairs, tensor descriptions, padding, data.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longer strings are skipped: nothing that is looked up here is longer.
const LONGEST_STRING: u64 = 4096;

/// Longer lists are skipped too: what is looked up has an entry for each layer.
const LONGEST_LIST: u64 = 4096;

/// Dimensions of a tensor, at most, in ggml.
const DIMENSIONS: u32 = 4;

/// A metadata value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// Any integer that is not negative, and booleans.
    Number(u64),
    Text(String),
    /// Integers, one for each layer mostly.
    Numbers(Vec<u64>),
    /// A list of so many entries that were not kept.
    List(u64),
    /// Floating point, or text too long to be kept.
    Other,
}

/// The beginning of a GGUF file.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    values: BTreeMap<String, Value>,
    /// Bytes of the tensors' part of this file.
    pub data: u64,
}

impl Header {
    /// Reads the beginning of `path`.
    ///
    /// # Errors
    /// What is wrong with the file, as the end of a sentence that names it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let failed = |e: std::io::Error| format!("it cannot be opened: {e}");
        // Opening a pipe would wait for somebody to write to it.
        if !path.metadata().map_err(failed)?.is_file() {
            return Err("it is no file; name a GGUF file".to_owned());
        }
        let file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        Self::parse(BufReader::new(file), size)
    }

    fn parse(input: impl Read + Seek, size: u64) -> Result<Self, String> {
        let mut reader = Reader { input, left: size };
        let mut magic = [0; 4];
        reader.bytes(&mut magic)?;
        if &magic != b"GGUF" {
            return Err("it is no GGUF file: it does not begin with 'GGUF'".to_owned());
        }
        let version = reader.u32()?;
        match version {
            2 | 3 => {}
            1 => {
                return Err(
                    "it is a GGUF of version 1, which nothing reads any more; download it again".to_owned()
                );
            }
            _ if matches!(version.swap_bytes(), 2 | 3) => {
                return Err("it is a big-endian GGUF; download the little-endian one".to_owned());
            }
            _ => return Err(format!("it is a GGUF of version {version}; versions 2 and 3 are known")),
        }
        let tensors = reader.u64()?;
        let pairs = reader.u64()?;
        let mut values = BTreeMap::new();
        for _ in 0..pairs {
            let Some(key) = reader.string()? else {
                return Err("it is damaged: the name of a metadata key is too long".to_owned());
            };
            let kind = reader.u32()?;
            let value = reader.value(kind).map_err(|e| format!("{e} (metadata key '{}')", shown(&key)))?;
            values.insert(key, value);
        }
        let mut furthest = 0;
        for _ in 0..tensors {
            let name = reader.string()?.ok_or("it is damaged: the name of a tensor is too long")?;
            let dimensions = reader.u32()?;
            if dimensions > DIMENSIONS {
                return Err(format!("it is damaged: tensor '{}' has {dimensions} dimensions", shown(&name)));
            }
            for _ in 0..dimensions {
                reader.u64()?;
            }
            reader.u32()?;
            furthest = furthest.max(reader.u64()?);
        }
        let alignment = match values.get("general.alignment") {
            None => 32,
            Some(Value::Number(n)) if n.is_power_of_two() && *n <= 1 << 20 => *n,
            Some(_) => return Err("it is damaged: its alignment is no power of two".to_owned()),
        };
        let padding = (size - reader.left).wrapping_neg() % alignment;
        let data = reader.left.saturating_sub(padding);
        if furthest > 0 && furthest >= data {
            return Err(cut_short());
        }
        Ok(Self { values, data })
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number of the metadata.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// `general.architecture`.
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or("")
    }

    /// A number that belongs to the architecture: `block_count` of `llama.block_count`.
    pub fn of_architecture(&self, key: &str) -> Option<u64> {
        self.number(&format!("{}.{key}", self.architecture()))
    }

    /// How many entries a list has.
    pub fn entries(&self, key: &str) -> Option<u64> {
        match self.values.get(key)? {
            Value::Numbers(list) => u64::try_from(list.len()).ok(),
            Value::List(length) => Some(*length),
            _ => None,
        }
    }

    /// A number of each layer, where the file has one for all or one for each.
    pub fn of_layers(&self, key: &str) -> Option<Vec<u64>> {
        let layers = usize::try_from(self.of_architecture("block_count")?.min(LONGEST_LIST)).ok()?;
        match self.values.get(&format!("{}.{key}", self.architecture()))? {
            Value::Number(number) => Some(vec![*number; layers]),
            Value::Numbers(list) => Some(list.clone()),
            _ => None,
        }
    }

    /// The files of a model that begins with `path`: itself, or all parts where it is split.
    pub fn parts(&self, path: &Path) -> Vec<PathBuf> {
        let count = self.number("split.count").unwrap_or(1).min(9_999);
        let name = path.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(&format!("-00001-of-{count:05}.gguf")));
        match stem {
            Some(stem) if count > 1 => (1..=count)
                .map(|part| path.with_file_name(format!("{stem}-{part:05}-of-{count:05}.gguf")))
                .collect(),
            _ => vec![path.to_owned()],
        }
    }
}

/// A file that is read once, from its start to its end.
struct Reader<R> {
    input: R,
    /// Bytes of the file that were not read yet.
    left: u64,
}

impl<R: Read + Seek> Reader<R> {
    fn take(&mut self, bytes: u64) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or_else(cut_short)?;
        Ok(())
    }

    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.take(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        self.input.read_exact(bytes).map_err(|e| format!("it cannot be read: {e}"))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), String> {
        self.take(bytes)?;
        // Never more than the size of a file, which is at most `i64::MAX`.
        let by = i64::try_from(bytes).map_err(|_| cut_short())?;
        self.input.seek(SeekFrom::Current(by)).map(|_| ()).map_err(|e| format!("it cannot be read: {e}"))
    }

    fn u32(&mut self) -> Result<u32, String> {
        let mut bytes = [0; 4];
        self.bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn u64(&mut self) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// `None` for a text that is too long to be kept.
    fn string(&mut self) -> Result<Option<String>, String> {
        let length = self.u64()?;
        match usize::try_from(length) {
            Ok(short) if length <= LONGEST_STRING => {
                let mut bytes = vec![0; short];
                self.bytes(&mut bytes)?;
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            _ => self.skip(length).map(|()| None),
        }
    }

    fn value(&mut self, kind: u32) -> Result<Value, String> {
        Ok(match kind {
            8 => self.string()?.map_or(Value::Other, Value::Text),
            9 => self.list()?,
            _ => self.scalar(kind)?.map_or(Value::Other, Value::Number),
        })
    }

    /// `None` for a number that is negative or has a fraction.
    fn scalar(&mut self, kind: u32) -> Result<Option<u64>, String> {
        let width = width(kind)?;
        let mut bytes = [0; 8];
        self.bytes(&mut bytes[..width])?;
        let number = u64::from_le_bytes(bytes);
        let is_negative = matches!(kind, 1 | 3 | 5 | 11) && bytes[width - 1] & 0x80 != 0;
        Ok((!matches!(kind, 6 | 12) && !is_negative).then_some(number))
    }

    fn list(&mut self) -> Result<Value, String> {
        let kind = self.u32()?;
        let length = self.u64()?;
        match kind {
            8 => {
                for _ in 0..length {
                    let bytes = self.u64()?;
                    self.skip(bytes)?;
                }
                Ok(Value::List(length))
            }
            9 => Err("it is damaged: a list of lists".to_owned()),
            _ => {
                let width = u64::try_from(width(kind)?).unwrap_or(8);
                if length > LONGEST_LIST {
                    self.skip(length.checked_mul(width).ok_or_else(cut_short)?)?;
                    return Ok(Value::List(length));
                }
                let mut numbers = Vec::new();
                let mut is_whole = true;
                for _ in 0..length {
                    match self.scalar(kind)? {
                        Some(number) => numbers.push(number),
                        None => is_whole = false,
                    }
                }
                Ok(if is_whole { Value::Numbers(numbers) } else { Value::List(length) })
            }
        }
    }
}

/// Bytes of a scalar of a kind.
fn width(kind: u32) -> Result<usize, String> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(format!("it is damaged: a value of the unknown kind {kind}")),
    }
}

fn cut_short() -> String {
    "it is damaged or cut short: it ends before what it announces; download it again".to_owned()
}

/// A name of a file's own, fit for a terminal.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes
    }

    fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
        [text(key), kind.to_le_bytes().to_vec(), value.to_vec()].concat()
    }

    fn file(version: u32, pairs: &[Vec<u8>], data: usize) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(version.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend((pairs.len() as u64).to_le_bytes());
        bytes.extend(pairs.concat());
        bytes.extend(text("t"));
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(8_u64.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(32) + data, 0);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Header, String> {
        Header::parse(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn metadata_and_the_size_of_the_data_are_read() {
        let heads =
            [5_u32.to_le_bytes().to_vec(), 2_u64.to_le_bytes().to_vec(), [3, 0, 0, 0, 4, 0, 0, 0].into()];
        let pairs = [
            pair("general.architecture", 8, &text("llama")),
            pair("llama.block_count", 4, &2_u32.to_le_bytes()),
            pair("llama.attention.head_count_kv", 9, &heads.concat()),
            pair("llama.rope.scale", 6, &1.5_f32.to_le_bytes()),
            pair("tokenizer.chat_template", 8, &text(&"x".repeat(5000))),
            pair("split.count", 2, &3_u16.to_le_bytes()),
        ];
        let header = parse(&file(3, &pairs, 96)).expect("reads");
        assert_eq!((header.architecture(), header.data), ("llama", 96));
        assert_eq!(header.of_architecture("block_count"), Some(2));
        assert_eq!(header.of_layers("attention.head_count_kv"), Some(vec![3, 4]));
        assert_eq!(header.number("llama.rope.scale"), None);
        assert_eq!(header.text("tokenizer.chat_template"), None, "longer than anything that is looked up");
        let parts = header.parts(Path::new("/m/q-00001-of-00003.gguf"));
        assert_eq!(parts.last(), Some(&PathBuf::from("/m/q-00003-of-00003.gguf")));
        assert_eq!(header.parts(Path::new("/m/q.gguf")).len(), 1);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let whole = file(3, &[pair("a", 4, &[0; 4])], 64);
        // Behind the tensor's description nothing is missing but data, which llama.cpp looks at.
        for cut in 0..whole.len() - 64 - 22 {
            assert!(parse(&whole[..cut]).is_err(), "cut after {cut} bytes");
        }
        for (bytes, expected) in [
            (b"PK\x03\x04 not a model".to_vec(), "no GGUF"),
            (file(1, &[], 32), "version 1"),
            (file(3_u32.swap_bytes(), &[], 32), "big-endian"),
            (file(77, &[], 32), "version 77"),
            (file(3, &[pair("bad", 13, &[0; 8])], 32), "'bad'"),
            (file(3, &[pair("s", 8, &u64::MAX.to_le_bytes())], 32), "cut short"),
            (file(3, &[pair("general.alignment", 4, &3_u32.to_le_bytes())], 32), "alignment"),
        ] {
            let reason = parse(&bytes).expect_err("refused");
            assert!(reason.contains(expected), "{expected}: {reason}");
        }
    }
}
