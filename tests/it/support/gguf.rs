//! Where things stand in a GGUF file: for tests that damage one at a chosen place.

/// A metadata pair.
pub struct Pair {
    pub key: String,
    /// Where the kind of its value stands (4 bytes).
    pub kind_at: usize,
    pub kind: u32,
    /// Its value, without the kind.
    pub value: std::ops::Range<usize>,
}

/// A tensor's description.
pub struct Tensor {
    /// Where the length of its name stands (8 bytes).
    pub name_at: usize,
    /// Where its number of dimensions stands (4 bytes).
    pub dimensions_at: usize,
    pub dimensions: usize,
    /// Where its type stands (4 bytes); its offset (8 bytes) follows.
    pub kind_at: usize,
}

/// The places of a whole file.
pub struct Layout {
    pub pairs: Vec<Pair>,
    pub tensors: Vec<Tensor>,
    /// Where the tensors' data begins.
    pub data_at: usize,
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub fn u64_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))).expect("a length")
}

fn width(kind: u32) -> usize {
    match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        _ => 8,
    }
}

impl Layout {
    /// Of a file that is whole.
    pub fn of(bytes: &[u8]) -> Self {
        let (tensors, pairs) = (u64_at(bytes, 8), u64_at(bytes, 16));
        let mut at = 24;
        let pairs = (0..pairs)
            .map(|_| {
                let length = u64_at(bytes, at);
                let key = String::from_utf8(bytes[at + 8..at + 8 + length].to_vec()).expect("a key");
                let kind_at = at + 8 + length;
                let kind = u32_at(bytes, kind_at);
                let start = kind_at + 4;
                at = match kind {
                    8 => start + 8 + u64_at(bytes, start),
                    9 => {
                        let (element, length) = (u32_at(bytes, start), u64_at(bytes, start + 4));
                        let mut end = start + 12;
                        for _ in 0..length {
                            end += if element == 8 { 8 + u64_at(bytes, end) } else { width(element) };
                        }
                        end
                    }
                    _ => start + width(kind),
                };
                Pair { key, kind_at, kind, value: start..at }
            })
            .collect();
        let tensors = (0..tensors)
            .map(|_| {
                let name_at = at;
                let dimensions_at = at + 8 + u64_at(bytes, at);
                let dimensions = u32_at(bytes, dimensions_at) as usize;
                let kind_at = dimensions_at + 4 + 8 * dimensions;
                at = kind_at + 12;
                Tensor { name_at, dimensions_at, dimensions, kind_at }
            })
            .collect();
        Self { pairs, tensors, data_at: at.next_multiple_of(32) }
    }

    /// The pair of a key.
    pub fn pair(&self, key: &str) -> &Pair {
        self.pairs.iter().find(|pair| pair.key == key).unwrap_or_else(|| panic!("the file has {key}"))
    }
}

/// The file with another text in place of a key's, of any length.
pub fn with_text(bytes: &[u8], key: &str, text: &str) -> Vec<u8> {
    let layout = Layout::of(bytes);
    let value = layout.pair(key).value.clone();
    let mut changed = bytes[..value.start].to_vec();
    changed.extend((text.len() as u64).to_le_bytes());
    changed.extend(text.as_bytes());
    let end = layout.tensors.last().map_or(24, |tensor| tensor.kind_at + 12);
    changed.extend(&bytes[value.end..end]);
    changed.resize(changed.len().next_multiple_of(32), 0);
    changed.extend(&bytes[layout.data_at..]);
    changed
}
