//! Many objects are judged by several threads. What comes out does not depend on how many there are: parts are put together in the
//! order of the objects.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::ReviewError;
use super::collect::Collector;
use crate::cancel::Cancel;

/// Objects of one part.
const PART: usize = 32;
/// Memory for the stack of a thread, in bytes: what the first one of a process has. Expressions and schemas are walked recursively.
const STACK: usize = 8 * 1024 * 1024;
/// Most threads.
const MOST_THREADS: usize = 16;

/// Parts that are judged, and those before them that are not yet.
#[derive(Default)]
struct Done {
    whole: Collector,
    next: usize,
    waiting: BTreeMap<usize, Collector>,
}

impl Done {
    fn take(&mut self, part: usize, found: Collector) {
        self.waiting.insert(part, found);
        while let Some(found) = self.waiting.remove(&self.next) {
            self.whole.merge(found);
            self.next += 1;
        }
    }
}

/// Has `judge` put what it finds of each object, by its number, into a collector. Ended by `cancel` between two objects.
///
/// # Errors
/// [`ReviewError::Stopped`].
pub(super) fn judged(
    count: usize,
    cancel: &Cancel,
    judge: &(dyn Fn(usize, &mut Collector) + Sync),
) -> Result<Collector, ReviewError> {
    let parts = count.div_ceil(PART);
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Done::default()));
    let work = || {
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            let range: Range<usize> = part * PART..count.min((part + 1) * PART);
            if part >= parts {
                return;
            }
            let mut found = Collector::default();
            for index in range {
                if cancel.is_cancelled() {
                    return;
                }
                judge(index, &mut found);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).take(part, found);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(parts);
    thread::scope(|scope| {
        for number in 1..threads {
            let named = thread::Builder::new().name(format!("review-{number}")).stack_size(STACK);
            // Where there can be no other thread, this one does it all.
            if named.spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What was stopped within an object is incomplete, and says so; nobody wants to read that.
    if done.next < parts || cancel.is_cancelled() { Err(ReviewError::Stopped) } else { Ok(done.whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Severity};
    use crate::manifest::ObjectKey;

    #[test]
    fn parts_come_together_in_the_order_of_the_objects() {
        let key = ObjectKey::of(&serde_json::Value::Null);
        let judge = |index: usize, found: &mut Collector| {
            found.add(Finding::new("rule", Severity::Error, key.clone(), "", index.to_string()));
        };
        for count in [0, 1, PART, PART + 1, 20 * PART + 7] {
            let mut one_by_one = Collector::default();
            (0..count).for_each(|index| judge(index, &mut one_by_one));
            let together = judged(count, &Cancel::default(), &judge).unwrap();
            assert_eq!(together.finish(), one_by_one.finish(), "{count}");
        }
    }

    #[test]
    fn a_stop_ends_all_of_it() {
        let (asked, cancel) = (AtomicUsize::new(0), Cancel::default());
        let judge = |_: usize, _: &mut Collector| {
            if asked.fetch_add(1, Ordering::Relaxed) == 40 {
                cancel.cancel();
            }
        };
        let stopped = judged(1_000, &cancel, &judge);
        assert!(matches!(stopped, Err(ReviewError::Stopped)));
    }
}
