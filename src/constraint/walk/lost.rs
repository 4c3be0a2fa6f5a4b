//! What a request says and a finished manifest does not have. A second walk is led to it.

use serde_json::Value;

use super::leaf::{Leaf, is_timed};
use super::said::Said;
use crate::manifest::Quantity;
use crate::schema::Node;

/// Numbers in words that are counted: `no` and `one` are said of much else.
const LEAST: i64 = 2;
/// At most this many entries of a list are what a number may have meant.
const MOST: usize = 6;

/// Something that was said and has no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// A number; of a length of time its seconds.
    Number {
        /// The number.
        value: i64,
        /// It is a length of time.
        seconds: bool,
    },
    /// An amount of memory or storage.
    Amount(String),
    /// A name, a path, an address.
    Text(String),
}

/// What an object lacks of the numbers and amounts of a request and of these `texts`. Numbers that stand `apart` (bytes of
/// the request: in names, commands, schedules) are no values of their own.
pub fn lost(said: &Said, object: &Value, texts: &[String], apart: &[(usize, usize)]) -> Vec<Lost> {
    let held = Held::of(object);
    let mut lost = Vec::new();
    let places: Vec<usize> = {
        let mut all: Vec<usize> = said.numbers.iter().flat_map(|number| number.at.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    for at in places {
        if apart.iter().any(|(from, to)| (*from..*to).contains(&at)) {
            continue;
        }
        // `5 minutes` is five and three hundred: either will do.
        let here = || said.numbers.iter().filter(|number| number.at.contains(&at));
        let spelled = !said.text().as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        if here().any(|number| held.has(number.value) || (spelled && number.value < LEAST)) {
            continue;
        }
        if let Some(number) = here().max_by_key(|number| number.seconds) {
            lost.push(Lost::Number { value: number.value, seconds: number.seconds });
        }
    }
    let milli = said.cpus.iter().filter(|cpu| cpu.ends_with('m'));
    for amount in said.quantities.iter().chain(milli).filter(|amount| !held.has_amount(amount)) {
        lost.push(Lost::Amount(amount.clone()));
    }
    // An image of the catalogue for a word of the request may be a mistake.
    let images = said.images.iter().filter(|image| said.has(image));
    for text in images.chain(texts).filter(|text| !held.says(text)) {
        lost.push(Lost::Text(text.clone()));
    }
    let mut once: Vec<Lost> = Vec::new();
    lost.retain(|one| {
        let fresh = !once.contains(one);
        once.push(one.clone());
        fresh
    });
    lost
}

/// What an optional scalar that nobody spoke of may be, given what is lost.
pub(super) fn place(lost: &[Lost], node: Node<'_>, field: &str) -> Option<Leaf> {
    let schema = node.schema();
    let is_number =
        matches!(schema.type_name.as_deref(), Some("integer" | "number")) || node.is_int_or_string();
    let is_text = schema.type_name.as_deref() == Some("string")
        && schema.values.is_empty()
        && !node.is_quantity()
        && schema.format.is_none();
    let values: Vec<Value> = lost
        .iter()
        .filter_map(|one| match one {
            Lost::Number { value, seconds } if is_number && *seconds == is_timed(field) => {
                Some(Value::from(*value))
            }
            Lost::Amount(text) if node.is_quantity() => Some(Value::from(text.as_str())),
            Lost::Text(text) if is_text && suits(text, field) => Some(Value::from(text.as_str())),
            _ => None,
        })
        .collect();
    (!values.is_empty()).then_some(Leaf::Closed(values))
}

/// Whether a text may be meant by a field, as far as their looks say.
fn suits(text: &str, field: &str) -> bool {
    let field = field.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| field.contains(word));
    if text.starts_with('/') {
        has(&["path", "dir"])
    } else if text.contains("://") {
        has(&["uri", "url", "address", "endpoint", "server"])
    } else if text.contains(':') {
        has(&["image", "puller"])
    } else if text.contains('.') {
        has(&["host", "domain", "address", "server", "name"])
    } else {
        has(&["name", "class", "ref", "queue", "cohort", "secret", "topology", "preset"])
    }
}

/// Whether what a scalar may be holds something that is lost.
pub(super) fn takes(lost: &[Lost], leaf: &Leaf, field: &str) -> bool {
    let Leaf::Closed(values) = leaf else { return false };
    lost.iter().any(|one| match one {
        Lost::Number { value, seconds } => {
            *seconds == is_timed(field) && values.iter().any(|own| own.as_i64() == Some(*value))
        }
        Lost::Amount(text) | Lost::Text(text) => values.iter().any(|own| own.as_str() == Some(text)),
    })
}

/// The scalars of an object.
struct Held {
    texts: Vec<String>,
    lengths: Vec<usize>,
}

impl Held {
    fn of(object: &Value) -> Self {
        let mut held = Self { texts: Vec::new(), lengths: Vec::new() };
        held.add(object);
        held
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                self.texts.extend(map.keys().cloned());
                map.values().for_each(|inner| self.add(inner));
            }
            Value::Array(list) => {
                self.lengths.push(list.len());
                list.iter().for_each(|inner| self.add(inner));
            }
            Value::Null => {}
            Value::String(text) => self.texts.push(text.clone()),
            other => self.texts.push(other.to_string()),
        }
    }

    fn has(&self, value: i64) -> bool {
        let digits = value.to_string();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let stands = |text: &String| {
            text.match_indices(&digits).any(|(at, _)| {
                let before = text.get(..at).and_then(|head| head.chars().next_back());
                let after = text.get(at + digits.len()..).and_then(|tail| tail.chars().next());
                !inside(before) && !inside(after)
            })
        };
        let counted =
            usize::try_from(value).is_ok_and(|value| value <= MOST && self.lengths.contains(&value));
        counted || self.texts.iter().any(stands)
    }

    fn has_amount(&self, amount: &str) -> bool {
        let nano = |text: &str| Quantity::of(&Value::from(text)).map(|quantity| quantity.nano()).ok();
        let wanted = nano(amount);
        self.says(amount) || self.texts.iter().any(|text| wanted.is_some() && nano(text) == wanted)
    }

    fn says(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.texts.iter().any(|own| own.to_lowercase().contains(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::walk::Number;
    use serde_json::json;

    #[test]
    fn what_has_no_place_is_lost() {
        let text = "two workers, 5 minutes, 25gi, secret low, 3 retries";
        let mut said = Said::of(text);
        said.quantities = vec!["25Gi".to_owned()];
        said.numbers = vec![
            Number { value: 2, seconds: false, at: vec![0] },
            Number { value: 5, seconds: false, at: vec![13] },
            Number { value: 300, seconds: true, at: vec![13] },
            Number { value: 3, seconds: false, at: vec![42] },
        ];
        let texts = ["low".to_owned()];
        let whole =
            json!({"workers": [1, 2], "ttl": 300, "size": "25Gi", "secret": "low", "backoffLimit": 3});
        assert_eq!(lost(&said, &whole, &texts, &[]), []);
        let bare = json!({"workers": [1], "ttl": 30, "size": "7Gi", "backoffLimit": 13});
        assert_eq!(
            lost(&said, &bare, &texts, &[(42, 43)]),
            [
                Lost::Number { value: 2, seconds: false },
                Lost::Number { value: 300, seconds: true },
                Lost::Amount("25Gi".to_owned()),
                Lost::Text("low".to_owned()),
            ]
        );
    }
}
