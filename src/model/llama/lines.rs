//! The lines that may answer a slot, as tokens.
//!
//! Each `key: value` line is tokenised as a whole, so that a value has the tokens that it has in running text. What all
//! lines of the slot share within `key:` is the head, which is forced; the rest of each is its value, which is scored.
//! A token that reaches over the colon belongs to the values.

use llama_cpp_2::token::LlamaToken;

use crate::constraint::Slot;

use super::paths::Paths;
use super::tokens::Tokens;
use crate::model::rounds::Round;

/// How "nothing" is written.
const NOTHING: &str = "-";

/// A slot's lines.
#[derive(Debug)]
pub(super) struct Lines {
    /// The forced beginning, common to all.
    pub head: Vec<LlamaToken>,
    values: Vec<Vec<LlamaToken>>,
    nothing: Option<Vec<LlamaToken>>,
}

impl Lines {
    /// The lines of `slot`.
    ///
    /// # Errors
    /// A key or candidate that is empty, `-`, or has a line break, or that the vocabulary cannot express.
    pub fn new(tokens: &Tokens<'_>, slot: &Slot) -> Result<Self, String> {
        if slot.key.is_empty() || slot.key.contains(['\n', '\r']) {
            return Err(format!("the key {:?} is empty or has a line break", slot.key));
        }
        let mut values = Vec::with_capacity(slot.candidates.len());
        for candidate in &slot.candidates {
            let text = candidate.text.as_str();
            if text.trim().is_empty() || text == NOTHING || text.contains(['\n', '\r']) {
                return Err(format!("the candidate {text:?} is empty, '{NOTHING}' or has a line break"));
            }
            values.push(tokens.after_line_break(&format!("{}: {text}\n", slot.key))?);
        }
        // A list slot may end with `-` even where the first answer is required.
        let ends = slot.optional || slot.most > 1;
        let mut nothing = None;
        if ends {
            nothing = Some(tokens.after_line_break(&format!("{}: {NOTHING}\n", slot.key))?);
        }
        let shared =
            shared_head(values.iter().chain(&nothing), slot.key.len() + 1, |t| tokens.piece(t).len());
        let head = values.iter().chain(&nothing).next().map_or_else(Vec::new, |line| line[..shared].to_vec());
        for line in values.iter_mut().chain(&mut nothing) {
            line.drain(..shared);
        }
        Ok(Self { head, values, nothing })
    }

    /// The values that a round may be answered with.
    pub fn paths(&self, round: &Round) -> Paths<'_, LlamaToken> {
        let mut paths = Vec::with_capacity(round.alive.len() + 1);
        for index in &round.alive {
            if let Some(value) = self.values.get(*index) {
                paths.push((Some(*index), value.as_slice()));
            }
        }
        if let (true, Some(nothing)) = (round.none, &self.nothing) {
            paths.push((None, nothing.as_slice()));
        }
        Paths::new(paths)
    }

    /// The most tokens that `most` answers and the closing `-` can take.
    pub fn longest(&self, most: usize) -> usize {
        let mut lengths: Vec<usize> = self.values.iter().map(Vec::len).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.truncate(most);
        let nothing = self.nothing.as_ref().map_or(0, |n| n.len() + self.head.len());
        lengths.iter().map(|n| n + self.head.len()).sum::<usize>() + nothing
    }
}

/// How many tokens all lines share from their start without going beyond `bytes` bytes.
fn shared_head<'a>(
    mut lines: impl Iterator<Item = &'a Vec<LlamaToken>>,
    bytes: usize,
    length: impl Fn(LlamaToken) -> usize,
) -> usize {
    let Some(first) = lines.next() else { return 0 };
    let mut sum = 0;
    let within = first.iter().take_while(|token| {
        sum += length(**token);
        sum <= bytes
    });
    let mut shared = within.count();
    for line in lines {
        shared = first.iter().zip(line).take(shared).take_while(|(a, b)| a == b).count();
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(lines: &[&[i32]], bytes: usize) -> usize {
        let lines: Vec<Vec<LlamaToken>> =
            lines.iter().map(|line| line.iter().copied().map(LlamaToken).collect()).collect();
        shared_head(lines.iter(), bytes, |token| {
            usize::try_from(token.0).expect("tests use lengths as tokens")
        })
    }

    #[test]
    fn the_head_ends_where_lines_part_and_not_beyond_the_colon() {
        assert_eq!(shared(&[&[4, 1, 3], &[4, 1, 2]], 5), 2);
        assert_eq!(shared(&[&[4, 1, 3, 1], &[4, 1, 3, 2]], 5), 2, "the values' common start is scored");
        assert_eq!(
            shared(&[&[4, 2, 3], &[4, 2, 5]], 5),
            1,
            "a token that reaches over the colon is a value's"
        );
        assert_eq!(shared(&[&[4, 1, 3], &[3, 2, 3]], 5), 0);
        assert_eq!(shared(&[&[4, 1, 3]], 5), 2, "a single value is scored too");
    }
}
