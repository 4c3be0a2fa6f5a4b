//! Damaged, truncated and hostile GGUF files, each run by the real child process: the parent lives, one clear error, no
//! process left behind. What is no damage at all must answer.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubectl_copilot::constraint::{Candidate, Form, Slot};
use kubectl_copilot::model::{Cancel, ModelChoice, ModelError, OpenOptions, open};

use crate::support::gguf::{Layout, u64_at, with_text};
use crate::support::repository;

fn fixture(name: &str) -> Vec<u8> {
    let path = match name {
        "embedded.gguf" => repository::root().join("models").join(name),
        _ => repository::root().join("models/fixtures").join(name),
    };
    std::fs::read(path).expect("the model is there")
}

/// A damage: what was done, and the file that it gives.
struct Mutation {
    what: String,
    bytes: Vec<u8>,
}

/// The mutations of one file; the same ones each time.
struct Corpus {
    name: &'static str,
    whole: Vec<u8>,
    layout: Layout,
    made: Vec<Mutation>,
}

impl Corpus {
    fn new(name: &'static str) -> Self {
        let whole = fixture(name);
        let layout = Layout::of(&whole);
        Self { name, whole, layout, made: Vec::new() }
    }

    fn add(&mut self, what: impl std::fmt::Display, bytes: Vec<u8>) {
        self.made.push(Mutation { what: format!("{}: {what}", self.name), bytes });
    }

    fn put(&mut self, what: impl std::fmt::Display, at: usize, new: &[u8]) {
        let mut bytes = self.whole.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        self.add(what, bytes);
    }

    fn truncations(&mut self, count: usize) {
        for part in 0..count {
            let end = self.whole.len() * part / count;
            self.add(format_args!("cut after {end} bytes"), self.whole[..end].to_vec());
        }
        for end in [1, 4, 8, 16, 24, self.layout.data_at, self.whole.len() - 1] {
            self.add(format_args!("cut after {end} bytes"), self.whole[..end].to_vec());
        }
    }

    fn header(&mut self) {
        for version in [0_u32, 1, 4, 3 << 24, u32::MAX] {
            self.put(format_args!("version {version}"), 4, &version.to_le_bytes());
        }
        for (at, what) in [(8, "tensors"), (16, "pairs")] {
            let count = u64_at(&self.whole, at) as u64;
            for count in [0, 1, count - 1, count + 1, 1 << 32, u64::MAX] {
                self.put(format_args!("{count} {what}"), at, &count.to_le_bytes());
            }
        }
    }

    fn pairs(&mut self) {
        for index in 0..self.layout.pairs.len() {
            let pair = &self.layout.pairs[index];
            let (key, kind_at, kind, value) = (pair.key.clone(), pair.kind_at, pair.kind, pair.value.clone());
            for wrong in [8_u32, 9, 4, 77].into_iter().filter(|wrong| *wrong != kind) {
                self.put(format_args!("{key} of kind {wrong}"), kind_at, &wrong.to_le_bytes());
            }
            match kind {
                8 => {
                    let length = u64_at(&self.whole, value.start) as u64;
                    for length in [0, length + 1, 1 << 40, u64::MAX] {
                        self.put(format_args!("{key} of {length} bytes"), value.start, &length.to_le_bytes());
                    }
                }
                9 => {
                    for kind in [8_u32, 6, 99] {
                        self.put(format_args!("{key}: a list of {kind}"), value.start, &kind.to_le_bytes());
                    }
                    for length in [0_u64, 1, 1 << 33, u64::MAX] {
                        self.put(
                            format_args!("{key}: {length} entries"),
                            value.start + 4,
                            &length.to_le_bytes(),
                        );
                    }
                }
                4 | 5 => {
                    for number in [0_u32, 1, 3, 1 << 20, i32::MAX as u32, u32::MAX] {
                        self.put(format_args!("{key}: {number}"), value.start, &number.to_le_bytes());
                    }
                }
                6 => {
                    for number in [0.0, f32::NAN, f32::INFINITY] {
                        self.put(format_args!("{key}: {number}"), value.start, &number.to_le_bytes());
                    }
                }
                _ => {}
            }
        }
    }

    fn tensors(&mut self) {
        for index in 0..self.layout.tensors.len() {
            let tensor = &self.layout.tensors[index];
            let (name, count, kind) = (tensor.name_at, tensor.dimensions_at, tensor.kind_at);
            let dimensions = tensor.dimensions;
            match index % 3 {
                0 => {
                    for length in [0_u64, 63, u64::MAX] {
                        self.put(
                            format_args!("tensor {index}: name of {length}"),
                            name,
                            &length.to_le_bytes(),
                        );
                    }
                    self.put(format_args!("tensor {index}: other name"), name + 9, b"?");
                    for number in [0_u32, 5, u32::MAX] {
                        self.put(
                            format_args!("tensor {index}: {number} dimensions"),
                            count,
                            &number.to_le_bytes(),
                        );
                    }
                }
                1 => {
                    for size in [0_u64, 1, 33, 1 << 33, i64::MAX as u64, u64::MAX] {
                        self.put(format_args!("tensor {index}: size {size}"), count + 4, &size.to_le_bytes());
                    }
                    let last = count + 4 + 8 * (dimensions - 1);
                    self.put(format_args!("tensor {index}: last size"), last, &7_u64.to_le_bytes());
                }
                _ => {
                    for wrong in [2_u32, 14, 40, 255] {
                        self.put(format_args!("tensor {index}: type {wrong}"), kind, &wrong.to_le_bytes());
                    }
                    for offset in [1_u64, 32, 1 << 20, u64::MAX - 31] {
                        self.put(
                            format_args!("tensor {index}: offset {offset}"),
                            kind + 4,
                            &offset.to_le_bytes(),
                        );
                    }
                }
            }
        }
        let offsets: Vec<usize> = self.layout.tensors.iter().map(|tensor| tensor.kind_at + 4).collect();
        let mut swapped = self.whole.clone();
        for (one, other) in [(0, 1), (2, 5)] {
            for byte in 0..8 {
                swapped.swap(offsets[one] + byte, offsets[other] + byte);
            }
        }
        self.add("swapped offsets", swapped);
    }

    /// Single bytes of everything before the data, at places that a linear congruential generator picks.
    fn flips(&mut self, count: usize, seed: u64) {
        let mut state = seed;
        for _ in 0..count {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).expect("31 bits") % self.layout.data_at;
            let byte = self.whole[at] ^ (1 << (state >> 29 & 7));
            self.put(format_args!("byte {at} is {byte}"), at, &[byte]);
        }
    }

    fn data(&mut self) {
        for byte in [0x00, 0x7f, 0xff] {
            let mut bytes = self.whole.clone();
            bytes[self.layout.data_at..].fill(byte);
            self.add(format_args!("data of {byte:#x}"), bytes);
        }
    }
}

fn corpus() -> Vec<Mutation> {
    let mut all = Vec::new();
    let mut spm = Corpus::new("tiny-spm.gguf");
    spm.truncations(16);
    spm.header();
    spm.pairs();
    spm.tensors();
    spm.flips(30, 1);
    spm.data();
    all.append(&mut spm.made);
    let mut bpe = Corpus::new("chat-bpe.gguf");
    bpe.truncations(8);
    bpe.pairs();
    bpe.flips(40, 2);
    bpe.data();
    all.append(&mut bpe.made);
    let mut embedded = Corpus::new("embedded.gguf");
    embedded.truncations(6);
    embedded.flips(10, 3);
    embedded.data();
    all.append(&mut embedded.made);
    all.push(Mutation { what: "nothing".into(), bytes: Vec::new() });
    all.push(Mutation { what: "zeros".into(), bytes: vec![0; 4096] });
    all.push(Mutation { what: "text".into(), bytes: b"GGUF is a file format\n".repeat(100) });
    all
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new(env!("CARGO_BIN_EXE_kubectl-copilot").into());
    options.threads = Some(1);
    options.context = 256;
    options
}

fn form() -> Form {
    let candidate = |text: &str, at: usize| Candidate { text: text.into(), uses: vec![at] };
    let candidates = vec![candidate("two", 0), candidate("three", 1)];
    let slots = vec![Slot { key: "gpus".into(), candidates, optional: true, most: 1 }];
    Form { prefix: String::new(), body: "Request: two or three GPUs\n".into(), slots }
}

/// What a damaged file comes to: an answer, or the one line that a person reads.
fn outcome(path: &Path) -> Result<(), ModelError> {
    let mut model = open(ModelChoice::File(path.to_owned()), &options())?;
    model.fill(&form(), &Cancel::default()).map(|_| ())
}

/// What is wrong with an error, if anything.
fn complaint(error: &ModelError, name: &str) -> Option<String> {
    let text = error.to_string();
    let names_it = match error {
        // Weights that are no numbers: the file was loaded, and the slot is named.
        ModelError::Matcher { .. } | ModelError::TooLong { .. } => true,
        _ => text.contains(name),
    };
    let is_clear = names_it && text.len() < 4000 && !text.contains(char::is_control);
    let is_slow = text.contains("was not loaded after");
    (!is_clear || is_slow).then_some(text)
}

/// The corpus has a process of its own: the children of the tests beside it are not its own, and it counts those.
#[test]
fn no_damage_of_a_file_does_more_than_give_an_error() {
    let tests = std::env::current_exe().expect("this program");
    let ran = std::process::Command::new(tests)
        .args(["--exact", "model_damaged::corpus_of_damages", "--ignored", "--nocapture"])
        .output()
        .expect("it can be started once more");
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    said.lines().filter(|line| line.contains("mutations")).for_each(|line| println!("{line}"));
}

#[test]
#[ignore = "no_damage_of_a_file_does_more_than_give_an_error runs it in a process of its own"]
fn corpus_of_damages() {
    let corpus = corpus();
    assert!(corpus.len() >= 300, "{} mutations", corpus.len());
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicUsize::new(0);
    let (wrong, counts) = (Mutex::new(Vec::new()), Mutex::new([0_usize; 3]));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(mutation) = corpus.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file =
                        tempfile::Builder::new().suffix(".gguf").tempfile_in(&folder).expect("writable");
                    std::fs::write(file.path(), &mutation.bytes).expect("writable");
                    let name = file.path().file_name().expect("has one").to_string_lossy().into_owned();
                    let result = outcome(file.path());
                    let kind = match &result {
                        Ok(()) => 0,
                        Err(ModelError::Died { .. }) => 2,
                        Err(_) => 1,
                    };
                    counts.lock().expect("not poisoned")[kind] += 1;
                    if let Some(text) = result.err().and_then(|error| complaint(&error, &name)) {
                        wrong.lock().expect("not poisoned").push(format!("{}: {text}", mutation.what));
                    }
                }
            });
        }
    });
    let [answered, refused, died] = counts.into_inner().expect("not poisoned");
    println!("{} mutations: {answered} answered, {refused} refused, {died} ended the child", corpus.len());
    let wrong = wrong.into_inner().expect("not poisoned");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.len(), wrong.join("\n"));
    assert!(refused > corpus.len() / 2, "most damage is found: {refused} of {}", corpus.len());
    #[cfg(target_os = "linux")]
    assert_no_zombie();
}

/// Children of this process that ended and that nobody waited for.
#[cfg(target_os = "linux")]
fn assert_no_zombie() {
    let zombies = || -> Vec<String> {
        let me = std::process::id().to_string();
        let entries = std::fs::read_dir("/proc").expect("readable").flatten();
        entries
            .filter_map(|entry| {
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().take(2).collect();
                (fields == ["Z", &me]).then(|| stat.split_whitespace().next().unwrap_or("").to_owned())
            })
            .collect()
    };
    let mut left = zombies();
    // One that is being waited for on another thread is gone in a moment.
    for _ in 0..2000 {
        if left.is_empty() {
            return;
        }
        let now = zombies();
        left.retain(|process| now.contains(process));
        std::thread::yield_now();
    }
    panic!("nobody waited for {left:?}");
}

/// A file with another vocabulary type.
fn with_vocabulary(folder: &Path, kind: &str) -> PathBuf {
    let path = folder.join(format!("{kind}.gguf"));
    std::fs::write(&path, with_text(&fixture("tiny-spm.gguf"), "tokenizer.ggml.model", kind))
        .expect("writable");
    path
}

#[test]
fn other_vocabularies_are_refused_by_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, said) in [
        ("bert", "'bert'"),
        ("t5", "'t5'"),
        ("rwkv", "'rwkv'"),
        ("plamo2", "'plamo2'"),
        ("no_vocab", "no vocabulary"),
        ("none", "no vocabulary"),
        ("some\u{1b}[31mthing", "'some[31mthing'"),
    ] {
        let path = with_vocabulary(folder.path(), kind);
        match open(ModelChoice::File(path), &options()).err() {
            Some(ModelError::Load { reason, .. }) => assert!(reason.contains(said), "{kind}: {reason}"),
            other => panic!("{kind}: {other:?}"),
        }
    }
    // The change alone does no harm.
    let path = with_vocabulary(folder.path(), "llama");
    outcome(&path).expect("answers");
}
