//! What a request says, as a manifest can use it. Made by the draft from typed spans; pure data here.

use std::collections::BTreeSet;

/// A number of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The number; of a length of time its seconds.
    pub value: i64,
    /// It is a length of time.
    pub seconds: bool,
    /// Where it stands in the request: bytes from its beginning.
    pub at: Vec<usize>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// All that was said, in lower case, for telling whether a value stands in it.
    text: String,
    /// All that was said, as it was said.
    original: String,
    /// Its words: see [`pieces`].
    pieces: BTreeSet<String>,
    /// Numbers, percentages without their sign among them.
    pub numbers: Vec<Number>,
    /// `50%`
    pub percents: Vec<String>,
    /// Amounts of memory and storage.
    pub quantities: Vec<String>,
    /// Amounts of CPU.
    pub cpus: Vec<String>,
    /// Labels or annotations are spoken of: by these words, or as `app=web`.
    pub labels: bool,
    /// Images.
    pub images: Vec<String>,
    /// Cron schedules.
    pub schedules: Vec<String>,
    /// `app=web`
    pub pairs: Vec<(String, String)>,
    /// What an RBAC rule can be about: the plurals of the kinds that are served, and their subresources.
    pub plurals: Vec<String>,
    /// Keys of a quota that count objects of the kinds that are named: `count/jobs.batch`.
    pub counted: Vec<String>,
    /// Kinds that are named.
    pub kinds: Vec<String>,
    /// Words that can be the key of a map.
    pub words: Vec<String>,
    /// Resources with a domain that are named: `nvidia.com/mig-1g.10gb`.
    pub resources: Vec<String>,
}

impl Said {
    /// What a text says, as far as it is not a value of its own.
    pub fn of(text: &str) -> Self {
        Self { text: text.to_lowercase(), original: text.to_owned(), pieces: pieces(text), ..Self::default() }
    }

    /// The words, in lower case.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The words as they were said.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// How often a number is said in digits, at least once.
    pub fn times(&self, value: i64) -> usize {
        let digits = value.to_string();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        let times = self.text.match_indices(&digits).filter(|(at, _)| {
            let before = self.text.get(..*at).and_then(|head| head.chars().next_back());
            let after = self.text.get(at + digits.len()..).and_then(|tail| tail.chars().next());
            !inside(before) && !inside(after.filter(|c| !matches!(c, '.' | 's' | 'm' | 'h')))
        });
        times.count().max(1)
    }

    /// Whether a text stands in the request, in any case, not inside a longer word.
    pub fn has(&self, wanted: &str) -> bool {
        let (text, wanted) = (&self.text, wanted.to_lowercase());
        if wanted.is_empty() {
            return false;
        }
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        text.match_indices(&wanted).any(|(at, _)| {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            let after = text.get(at + wanted.len()..).and_then(|tail| tail.chars().next());
            let joined = word(before) && word(wanted.chars().next());
            let goes_on = word(after) && word(wanted.chars().next_back());
            !joined && !goes_on
        })
    }

    /// Whether the words of a text stand in the request, wherever: `LOG_LEVEL` where "log level" was said, `30s` where 30 was.
    pub fn says(&self, text: &str) -> bool {
        if self.has(text) {
            return true;
        }
        let is_cron = text.split(' ').count() == 5
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'*' | b'/' | b',' | b'-'));
        if is_cron {
            return !self.schedules.is_empty() || self.numbers.iter().any(|number| !number.at.is_empty());
        }
        let own = &self.pieces;
        let is_said = |piece: &String| {
            let number = piece.parse::<i64>().ok();
            own.contains(piece)
                || own.contains(&format!("{piece}s"))
                || piece.strip_suffix('s').is_some_and(|singular| own.contains(singular))
                || number.is_some_and(|value| self.numbers.iter().any(|one| one.value == value))
                || (!piece.is_ascii() && self.text.contains(piece.as_str()))
        };
        let of_text = pieces(text);
        let mut meant =
            of_text.iter().filter(|piece| piece.len() > 1 || piece.as_bytes()[0].is_ascii_digit()).peekable();
        meant.peek().is_some() && meant.all(|piece| piece == "0" || is_said(piece))
    }

    /// Whether a constant of the API stands in the request as it is written there: `NodePort`, no everyday word.
    pub fn has_constant(&self, text: &str) -> bool {
        text.len() > 5 && text.chars().skip(1).any(char::is_uppercase) && self.original.contains(text)
    }

    /// Whether a word of a text stands in the request, wherever.
    pub fn says_any_of(&self, text: &str) -> bool {
        self.has(text) || pieces(text).iter().any(|piece| piece.len() > 2 && self.pieces.contains(piece))
    }

    /// Whether the request is written in English.
    pub fn is_english(&self) -> bool {
        !self.text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    /// The pair behind one of these words, where another one stands before them.
    pub fn pair_behind(&self, words: &[String]) -> Option<&(String, String)> {
        let place =
            |pair: &(String, String)| self.text.find(&format!("{}={}", pair.0, pair.1).to_lowercase());
        let places: Vec<(usize, &(String, String))> =
            self.pairs.iter().filter_map(|pair| Some((place(pair)?, pair))).collect();
        words.iter().flat_map(|word| self.places(word)).find_map(|at| {
            let behind = places.iter().filter(|(place, _)| *place > at).min_by_key(|(place, _)| *place)?;
            places.iter().any(|(place, _)| *place < at).then_some(behind.1)
        })
    }

    /// Where a pair stands, written `app=web` or `app: web`.
    fn place_of_pair(&self, key: &str, value: &str) -> Option<usize> {
        let written = |sign: &&str| self.text.find(&format!("{key}{sign}{value}").to_lowercase());
        ["=", ": ", ":"].iter().find_map(written)
    }

    /// Whether a label is said to be that of pods, nodes or namespaces rather than of the object itself.
    pub fn is_of_others(&self, key: &str, value: &str) -> bool {
        const OTHERS: [&str; 9] =
            ["pod", "node", "namespace", "select", "target", "traffic", "节点", "命名空间", "选择"];
        const BEHIND: [&str; 4] = ["的 pod", "的pod", "的节点", "的命名空间"];
        let Some(at) = self.place_of_pair(key, value) else { return false };
        let head: Vec<char> = self.text.get(..at).unwrap_or("").chars().rev().take(28).collect();
        let head: String = head.into_iter().rev().collect();
        // The clause that it stands in.
        let head = head.rsplit([',', ';', '，', '；', '。']).next().unwrap_or("");
        let tail = self.text.get(at..).unwrap_or("");
        let tail = tail.split([',', ';', '，', '；', '。']).next().unwrap_or("");
        OTHERS.iter().any(|word| head.contains(word)) || BEHIND.iter().any(|word| tail.contains(word))
    }

    /// Whether a pair is said to be a label of the object itself: `label squad=sorting`.
    pub fn is_label(&self, key: &str, value: &str) -> bool {
        let Some(at) = self.place_of_pair(key, value) else { return false };
        let head = self.text.get(..at).unwrap_or("").trim_end();
        let labelled = ["label", "labels", "标签"].iter().any(|word| head.ends_with(word));
        labelled && !self.is_of_others(key, value)
    }

    /// Where an amount stands, not inside a longer word.
    pub fn amounts(&self, amount: &str) -> Vec<usize> {
        let amount = amount.to_lowercase();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
        self.text
            .match_indices(&amount)
            .filter(|(at, _)| {
                let before = self.text.get(..*at).and_then(|head| head.chars().next_back());
                let after = self.text.get(at + amount.len()..).and_then(|tail| tail.chars().next());
                !part(before) && !part(after.filter(|c| *c != '.'))
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Where a word stands, or the beginning of one; of what is no Latin word anywhere.
    pub fn places(&self, word: &str) -> Vec<usize> {
        let (text, word) = (&self.text, word.to_lowercase());
        let latin = word.starts_with(|c: char| c.is_ascii_alphanumeric());
        let begins = |at: usize| at == 0 || !text.as_bytes().get(at - 1).is_some_and(u8::is_ascii_alphabetic);
        text.match_indices(&word).map(|(at, _)| at).filter(|at| !latin || begins(*at)).collect()
    }

    /// Whether one of these begins a word of the request; of those that are no Latin words, whether one stands in it.
    pub fn has_any(&self, words: &[String]) -> bool {
        words.iter().any(|word| !self.places(word).is_empty())
    }

    /// Whether the request has every word of a field's name that means something.
    pub fn speaks_wholly_of(&self, field: &str) -> bool {
        let words = words_of(field);
        let mut meant =
            words.iter().filter(|word| word.len() >= 4 && !GENERIC.contains(&word.as_str())).peekable();
        meant.peek().is_some() && meant.all(|word| self.speaks_of(word))
    }

    /// Whether the request speaks of a field: a word of its name, four letters at least, begins a word of the request.
    pub fn speaks_of(&self, field: &str) -> bool {
        let text = &self.text;
        words_of(field).iter().filter(|word| word.len() >= 4).any(|word| {
            let stem = word.get(..word.len().min(6)).unwrap_or(word);
            text.match_indices(stem)
                .any(|(at, _)| at == 0 || !text.as_bytes().get(at - 1).is_some_and(u8::is_ascii_alphanumeric))
        })
    }
}

/// Words of field names that say nothing by themselves.
const GENERIC: [&str; 13] = [
    "from",
    "spec",
    "specs",
    "template",
    "templates",
    "config",
    "policy",
    "reference",
    "options",
    "settings",
    "list",
    "name",
    "kind",
];

/// `readOnlyRootFilesystem` -> read, only, root, filesystem.
pub fn words_of(field: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    for c in field.chars() {
        if c.is_ascii_uppercase() || !c.is_ascii_alphanumeric() {
            words.insert(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.insert(word);
    words.remove("");
    words
}

/// The words of a text in lower case: parted by what is no letter or digit, between `a` and `B`, between letters and digits.
fn pieces(text: &str) -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    let mut piece = String::new();
    let mut last = ' ';
    for c in text.chars() {
        let turns = (last.is_lowercase() && c.is_uppercase())
            || (last.is_ascii_digit() != c.is_ascii_digit())
            || (last.is_ascii() != c.is_ascii());
        if turns || !c.is_alphanumeric() {
            pieces.insert(std::mem::take(&mut piece));
        }
        if c.is_alphanumeric() {
            piece.extend(c.to_lowercase());
        }
        last = c;
    }
    pieces.insert(piece);
    pieces.remove("");
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_text_may_stand_anywhere() {
        let said =
            Said::of("an InferenceService for ONNX with log level debug, 300 seconds, from Redis cache-a");
        for text in ["onnx", "LOG_LEVEL", "300s", "redis-cache-a", "inference-services"] {
            assert!(said.says(text), "{text}");
        }
        for text in ["application/json", "REDIS_PASSWORD", "301s", ""] {
            assert!(!said.says(text), "{text}");
        }
    }

    #[test]
    fn a_value_stands_in_a_request_as_a_word() {
        let said = Said::of("an Ingress Web for shop.example.com on port 80");
        assert!(said.has("web") && said.has("shop.example.com") && said.has("80"));
        assert!(!said.has("8") && !said.has("hop") && !said.has(""));
    }

    #[test]
    fn a_field_is_spoken_of_by_its_words() {
        let said = Said::of("with a read-only root filesystem");
        assert!(said.speaks_of("readOnlyRootFilesystem") && !said.speaks_of("allowPrivilegeEscalation"));
    }
}
