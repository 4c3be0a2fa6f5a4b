//! Which of two overlapping readings wins. A number inside a quantity, an image or a date is no count of anything.

use super::scan::Found;
use crate::pattern::SlotType;

/// Whether a span of type `winner` hides one of type `loser` that it overlaps.
fn hides(winner: Option<SlotType>, loser: SlotType) -> bool {
    use SlotType as T;
    let Some(winner) = winner else {
        return matches!(loser, T::Count | T::Quantity | T::Cpu | T::Host);
    };
    let number = matches!(loser, T::Count | T::Quantity | T::Cpu | T::Duration | T::Time | T::Schedule);
    let word = matches!(
        loser,
        T::Name | T::Person | T::Software | T::GpuProduct | T::AccessMode | T::Flag | T::Choice
    );
    match winner {
        T::Command => !matches!(loser, T::Command | T::Text),
        T::KeyValue => !matches!(loser, T::Command | T::Text | T::KeyValue),
        T::Url => number || word || matches!(loser, T::Image | T::Model | T::Host | T::Path),
        T::Image => number || word || matches!(loser, T::Model | T::Host | T::Path),
        T::Model => number || word || matches!(loser, T::Path | T::Host),
        T::Path => number || word,
        T::Host => number || word,
        T::Schedule => matches!(loser, T::Count | T::Duration | T::Time | T::Cpu | T::Name),
        T::Time => matches!(loser, T::Count | T::Name | T::Duration | T::Person),
        T::Duration => matches!(loser, T::Count | T::Name),
        T::Quantity => matches!(loser, T::Count | T::Name),
        T::Cpu => matches!(loser, T::Count | T::Name),
        T::GpuProduct => {
            matches!(loser, T::Count | T::Quantity | T::Cpu | T::Duration | T::Time | T::Name | T::Person)
        }
        T::AccessMode => matches!(loser, T::Name | T::Person),
        T::Software => matches!(loser, T::Count | T::Person),
        T::Person => loser == T::Host || loser == T::Name,
        T::Name => number || matches!(loser, T::GpuProduct),
        T::Text => number || matches!(loser, T::GpuProduct | T::Software | T::AccessMode),
        T::Count | T::Flag | T::Choice => false,
    }
}

/// Drops every reading that another one hides.
pub(super) fn settle(found: Vec<Found>) -> Vec<Found> {
    let hidden: Vec<bool> = found
        .iter()
        .enumerate()
        .map(|(index, loser)| {
            found
                .iter()
                .enumerate()
                .any(|(other, winner)| index != other && beats(winner, other, loser, index))
        })
        .collect();
    found
        .into_iter()
        .zip(hidden)
        .filter(|(found, hidden)| !hidden && found.kind.is_some())
        .map(|(f, _)| f)
        .collect()
}

fn beats(winner: &Found, winner_at: usize, loser: &Found, loser_at: usize) -> bool {
    let Some(kind) = loser.kind else { return false };
    if !winner.overlaps(loser) {
        return false;
    }
    if winner.kind == Some(kind) {
        // Nested ends of a command stay; of other types the longer one wins, then the strong one, then the first.
        let same = (winner.start, winner.end) == (loser.start, loser.end);
        return if kind == SlotType::Command {
            same && winner_at < loser_at
        } else if same {
            (winner.strong, std::cmp::Reverse(winner_at)) > (loser.strong, std::cmp::Reverse(loser_at))
        } else {
            winner.covers(loser)
        };
    }
    let whole = loser.covers(winner);
    match winner.kind {
        // Only the shortest end of a command is surely part of it.
        Some(SlotType::Command) if !winner.strong => false,
        // Weak readings hide nothing, with one exception: weak models are still no two words.
        Some(SlotType::Name | SlotType::Image | SlotType::Software | SlotType::KeyValue)
            if !winner.strong =>
        {
            false
        }
        Some(SlotType::Model) if !winner.strong => {
            matches!(kind, SlotType::Path | SlotType::Name) && !loser.strong
        }
        // A named or explicit person keeps its place, a guessed one does not hide a name.
        Some(SlotType::Person) => {
            hides(winner.kind, kind) && (kind == SlotType::Host || (winner.strong && !loser.strong))
        }
        // What fills the quotes is what was quoted.
        Some(SlotType::Text) if whole => false,
        // A whole weak name at the place of a strong reading goes; a strong one stays.
        Some(_)
            if kind == SlotType::Name
                && loser.strong
                && !matches!(winner.kind, Some(SlotType::Command | SlotType::Url)) =>
        {
            !whole && matches!(winner.kind, Some(SlotType::Image | SlotType::KeyValue))
        }
        _ => hides(winner.kind, kind),
    }
}
