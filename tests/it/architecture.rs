//! The rules of the house as tests: ranks, lengths, purity, no forgotten file. The ranks are read from the table in
//! `src/lib.rs`, so that text and check cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::repository::{rust_files, text};
use crate::support::rust_source::{code, without_tests};

/// A file of one idea ends long before this many lines; tests do not count.
const LONGEST_FILE: usize = 800;

/// A source file of the library or the binary.
struct Source {
    /// Relative to the root, with `/`.
    path: String,
    /// `["draft", "span"]` for `src/draft/span/mod.rs`; empty for `lib.rs` and `main.rs`.
    module: Vec<String>,
    /// As written.
    text: String,
    /// Without comments and literals.
    code: String,
    /// The same without test modules: empty when the whole file is one.
    production: String,
}

impl Source {
    fn all() -> Vec<Self> {
        let mut sources: Vec<Self> = rust_files("src").iter().map(|path| Self::read(path)).collect();
        let test_only: BTreeSet<Vec<String>> = sources.iter().flat_map(Self::test_modules).collect();
        for source in &mut sources {
            if test_only.iter().any(|module| source.module.starts_with(module)) {
                source.production.clear();
            }
        }
        sources
    }

    fn read(path: &Path) -> Self {
        let text = text(path);
        let code = code(&text);
        let production = without_tests(&code);
        Self { path: slashes(path), module: module_of(path), text, code, production }
    }

    /// The modules that this file declares with `mod name;`, with their full path.
    fn declared(&self, code: &str) -> Vec<Vec<String>> {
        let declaration = regex(r"\bmod\s+(?:r#)?(\w+)\s*;");
        let child =
            |name: &str| self.module.iter().map(String::as_str).chain([name]).map(String::from).collect();
        declaration.captures_iter(code).map(|found| child(&found[1])).collect()
    }

    /// The modules that this file declares for tests only.
    fn test_modules(&self) -> Vec<Vec<String>> {
        let production = self.declared(&self.production);
        self.declared(&self.code).into_iter().filter(|module| !production.contains(module)).collect()
    }

    /// The top-level modules of the crate that this file's production code names, with the line of each.
    fn imports(&self) -> Vec<(usize, String)> {
        // `super::super::x` in a module of depth two names the crate's module x.
        let path = regex(r"(?:\bcrate::|((?:\bsuper::)+))(\w+|\{)");
        let code = &self.production;
        let mut found = Vec::new();
        for place in path.captures_iter(code) {
            let supers = place.get(1).map_or(usize::MAX, |chain| chain.as_str().matches("super").count());
            let at = place.get(2).map_or(0..0, |next| next.range());
            if supers < self.module.len() {
                continue;
            }
            let line = code[..at.start].matches('\n').count() + 1;
            let names =
                if code[at.clone()].starts_with('{') { group(&code[at.end..]) } else { vec![&code[at]] };
            found.extend(names.into_iter().map(|name| (line, name.to_owned())));
        }
        found
    }
}

/// The first name of each entry of `a::b, c::{d, e}, f}`.
fn group(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut names = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(&text[start..at]);
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    let first = |entry: &'_ str| entry.trim_start().find(|c: char| !c.is_alphanumeric() && c != '_');
    names
        .into_iter()
        .map(|entry| first(entry).map_or(entry.trim_start(), |end| &entry.trim_start()[..end]))
        .filter(|name| !name.is_empty())
        .collect()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a regular expression of this file")
}

fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn module_of(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        path.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    parts.remove(0);
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// Module to rank, from the table in the documentation of `src/lib.rs`.
fn ranks() -> BTreeMap<String, u32> {
    let row = regex(r"(?m)^//! \| (\d+) \| ([^|]+) \|");
    let name = regex(r"\[`(\w+)`\]");
    let mut ranks = BTreeMap::new();
    for found in row.captures_iter(&text("src/lib.rs")) {
        let rank = found[1].parse().expect("a rank is a number");
        for module in name.captures_iter(&found[2]) {
            let earlier = ranks.insert(module[1].to_owned(), rank);
            assert_eq!(earlier, None, "module '{}' has two ranks in src/lib.rs", &module[1]);
        }
    }
    ranks
}

fn assert_none(violations: &[String], rule: &str) {
    assert!(violations.is_empty(), "{rule}\n  {}", violations.join("\n  "));
}

#[test]
fn each_module_of_the_crate_has_a_rank() {
    let library = Source::read(Path::new("src/lib.rs"));
    let declared: BTreeSet<String> = library.declared(&library.code).into_iter().flatten().collect();
    let ranked: BTreeSet<String> = ranks().into_keys().collect();
    assert!(!ranked.is_empty(), "the table of ranks in src/lib.rs was not found");
    assert_eq!(declared, ranked, "modules of src/lib.rs (left) and its table of ranks (right)");
}

#[test]
fn imports_go_to_lower_ranks_only() {
    let ranks = ranks();
    let mut violations = Vec::new();
    for source in Source::all() {
        let Some(own) = source.module.first() else { continue };
        for (line, target) in source.imports() {
            // Names that are no module (a macro, a type in `super::Type`) have no rank.
            let (Some(from), Some(to)) = (ranks.get(own), ranks.get(&target)) else { continue };
            if *own != target && to >= from {
                violations.push(format!(
                    "{}:{line}: {own} (rank {from}) imports {target} (rank {to})",
                    source.path
                ));
            }
        }
    }
    assert_none(&violations, "imports go only to a strictly lower rank (table in src/lib.rs):");
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = ["src", "tests", "benches", "examples", "training"].map(rust_files).concat();
    let silent: Vec<String> = files
        .iter()
        // `tests.rs` beside a module is for that module.
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .filter(|path| !text(path).starts_with("//! "))
        .map(|path| slashes(path))
        .collect();
    assert_none(&silent, "the first line of a file is its `//!` documentation:");
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = Source::all()
        .iter()
        .map(|source| (source.production.lines().count(), &source.path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none(&long, &format!("a file has at most {LONGEST_FILE} lines without tests; split it:"));
}

/// Something that production code may use in few places only.
struct Restricted {
    what: &'static str,
    pattern: &'static str,
    /// Path prefixes where it is allowed, and why.
    allowed: &'static [(&'static str, &'static str)],
}

/// `std::x`, also inside `use std::{…, x, …};`.
macro_rules! of_std {
    ($module:literal) => {
        concat!(r"\bstd::", $module, r"\b|\buse std::\{[^;]*\b", $module, r"\b[^;]*;")
    };
}

const RESTRICTED: &[Restricted] = &[
    Restricted {
        what: "printing",
        pattern: r"\b(?:e?print(?:ln)?|dbg)!|\bio::std(?:out|err)\b",
        allowed: &[
            ("src/cli/", "the command line writes line by line"),
            ("src/tui/screen.rs", "the full screen draws on the terminal, and puts its modes back"),
        ],
    },
    Restricted {
        what: "the process environment",
        pattern: concat!(
            of_std!("env"),
            r"|\benv::(?:vars?|var_os|args|args_os|current_dir|current_exe|temp_dir)\b"
        ),
        allowed: &[("src/cli/", "arguments and environment become values here and are handed down")],
    },
    Restricted {
        what: "files",
        pattern: concat!(of_std!("fs"), r"|\btempfile::|\bFile::(?:open|create|options)\b"),
        allowed: &[
            ("src/source/", "the only reader and writer of local files"),
            ("src/apply/folder", "the target itself: read, compared and written with locks of its own"),
            (
                "src/model/embedded.rs",
                "llama.cpp loads from a path only: a memfd or a private temporary file",
            ),
            ("src/model/llama/", "evaluated prefixes are kept on disk in llama.cpp's own format"),
            ("src/model/child/sandbox.rs", "tries whether files are closed to the process that runs a model"),
            ("src/cli/editor.rs", "a draft is edited in a temporary file, by the person's own editor"),
        ],
    },
    Restricted {
        what: "writing files",
        pattern: concat!(
            r"\bfs::(?:write|copy|rename|hard_link|create_dir|create_dir_all|set_permissions)\b",
            r"|\bfs::remove_\w+|\bFile::create\w*|\.create(?:_new)?\(true\)|\.persist(?:_noclobber)?\("
        ),
        allowed: &[
            ("src/source/", "the only writer of files of our own: plans, answers, state"),
            ("src/apply/folder/write.rs", "the one writer of a target"),
            ("src/model/embedded.rs", "a private temporary file where there is no memfd"),
            ("src/model/llama/prefix.rs", "the cache of evaluated prefixes"),
            ("src/model/child/sandbox.rs", "tries whether files are closed to the process that runs a model"),
            ("src/cli/editor.rs", "a draft is edited in a temporary file, by the person's own editor"),
        ],
    },
    Restricted {
        what: "other processes",
        pattern: r"\bprocess::(?:\{[^;]*\b)?(?:Command|Child|Stdio|exit|abort)\b|\bCommand::new\b",
        allowed: &[
            (
                "src/model/",
                "a person's GGUF is run in a child process: a damaged file aborts inside llama.cpp",
            ),
            ("src/cli/", "the child's own side of that"),
        ],
    },
    Restricted {
        what: "the network",
        pattern: r"\b(?:TcpStream|TcpListener|UdpSocket|UnixStream|UnixListener|UnixDatagram|ToSocketAddrs)\b",
        allowed: &[(
            "src/model/child/sandbox.rs",
            "tries whether the network is closed to the process that runs a model",
        )],
    },
    Restricted {
        what: "the API server's client, and asynchronous work",
        pattern: r"\b(?:kube|tokio|k8s_openapi)::",
        allowed: &[
            ("src/cluster/", "reads clusters; the one runtime is in `cluster/runtime.rs`"),
            ("src/model/url/http.rs", "waits for a model server on the caller's own thread; spawns nothing"),
            ("src/catalogue/pull/http.rs", "waits for a download on the caller's own thread; spawns nothing"),
        ],
    },
    Restricted {
        what: "the HTTP client",
        pattern: r"\breqwest::",
        allowed: &[
            ("src/model/url/", "a model server is asked, at the address that the person gave"),
            ("src/catalogue/pull/", "a model is fetched, when the person asks for it"),
        ],
    },
    Restricted {
        what: "requests of any method",
        pattern: r"(?:\.|\bConnection::)exchange\b",
        allowed: &[("src/apply/cluster/server.rs", "the one writer of a cluster")],
    },
];

/// What ranks 0 to 4 do not do (`source` and `cluster` may), [`RESTRICTED`] things besides.
const IMPURE: &str = r"\b(?:SystemTime|Utc|Local|Instant)::now\b|\bthread::(?:spawn|scope|sleep|Builder)\b";

fn lines_that_match<'a>(source: &'a Source, pattern: &Regex) -> impl Iterator<Item = String> + 'a {
    let places: Vec<(usize, usize)> =
        pattern.find_iter(&source.production).map(|m| (m.start(), m.end())).collect();
    places.into_iter().map(|(start, end)| {
        let line = source.production[..start].matches('\n').count() + 1;
        format!("{}:{line}: {}", source.path, &source.production[start..end])
    })
}

#[test]
fn restricted_things_are_used_where_they_belong() {
    let sources = Source::all();
    for Restricted { what, pattern, allowed } in RESTRICTED {
        let pattern = regex(pattern);
        let elsewhere: Vec<String> = sources
            .iter()
            .filter(|source| !allowed.iter().any(|(prefix, _)| source.path.starts_with(prefix)))
            .flat_map(|source| lines_that_match(source, &pattern))
            .collect();
        let places: Vec<String> = allowed.iter().map(|(prefix, why)| format!("{prefix} ({why})")).collect();
        let places = if places.is_empty() { "nothing".to_owned() } else { places.join(", ") };
        assert_none(&elsewhere, &format!("{what}: only {places} may use it:"));
    }
}

#[test]
fn pure_modules_read_no_clock_and_spawn_nothing() {
    let ranks = ranks();
    let pure = |source: &&Source| {
        let module = source.module.first().map_or("", String::as_str);
        !["source", "cluster"].contains(&module) && ranks.get(module).is_some_and(|rank| *rank <= 4)
    };
    let sources = Source::all();
    let pattern = regex(IMPURE);
    let impure: Vec<String> =
        sources.iter().filter(pure).flat_map(|source| lines_that_match(source, &pattern)).collect();
    assert_none(&impure, "ranks 0 to 4 (without `source` and `cluster`) read no clock and spawn nothing:");
}

/// Reading a cluster is GET, and POST of reviews, which ask a question and store nothing.
#[test]
fn the_cluster_is_only_read() {
    let request = regex(r"Request::(\w+)\(|\bMethod::(\w+)|\bApi::<|\bkube::Api\b");
    let mut found = Vec::new();
    for source in Source::all().iter().filter(|source| source.path.starts_with("src/cluster/")) {
        found
            .extend(request.find_iter(&source.production).map(|m| format!("{} {}", source.path, m.as_str())));
    }
    assert_eq!(found, ["src/cluster/transport.rs Request::get(", "src/cluster/transport.rs Request::post("]);
    let paths = regex(r#""/apis/[^"]*reviews""#);
    let asked: usize = Source::all()
        .iter()
        .filter(|source| source.path.starts_with("src/cluster/"))
        .map(|source| paths.find_iter(&source.text).count())
        .sum();
    let asks: usize = Source::all()
        .iter()
        .filter(|source| source.path.starts_with("src/cluster/"))
        .map(|source| source.production.matches("transport.ask(").count())
        .sum();
    assert_eq!(asked, asks, "`Transport::ask` is for paths that end with `reviews`, and written beside them");
    let connection = Source::read(Path::new("src/cluster/connection.rs"));
    let taken = regex(r"(pub\S*) fn \w+\([^)]*\bRequest<");
    let takes: Vec<&str> =
        taken.captures_iter(&connection.production).map(|m| m.get(1).unwrap().as_str()).collect();
    assert_eq!(takes, ["pub(crate)"], "one method sends any request, for the writer, and it is not public");
}

#[test]
fn no_source_file_is_forgotten() {
    let sources = Source::all();
    let declared: BTreeSet<Vec<String>> =
        sources.iter().flat_map(|source| source.declared(&source.code)).collect();
    let forgotten: Vec<String> = sources
        .iter()
        .filter(|source| !source.module.is_empty() && !declared.contains(&source.module))
        .map(|source| source.path.clone())
        .collect();
    assert_none(&forgotten, "no `mod` names these files, so they are not compiled:");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = code(&text("tests/it/main.rs"));
    let named = |name: &str| regex(&format!(r"\bmod {name};")).is_match(&main);
    let forgotten: Vec<String> = rust_files("tests/it")
        .iter()
        .filter(|path| slashes(path) != "tests/it/main.rs")
        .filter(|path| {
            let module = path.strip_prefix("tests/it").expect("a path below tests/it").with_extension("");
            !module.iter().next().is_some_and(|first| named(&first.to_string_lossy()))
        })
        .map(|path| slashes(path))
        .collect();
    assert_none(&forgotten, "tests/it/main.rs has no `mod` for these files, so they are not run:");
}

#[test]
fn no_bench_is_forgotten() {
    let manifest = text("Cargo.toml");
    let forgotten: Vec<PathBuf> = rust_files("benches")
        .into_iter()
        .filter(|path| path.components().count() == 2)
        .filter(|path| {
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            !manifest.contains(&format!("[[bench]]\nname = \"{name}\"\n"))
        })
        .collect();
    assert!(forgotten.is_empty(), "Cargo.toml has no [[bench]] (with its name first) for {forgotten:?}");
}

#[test]
fn the_checks_see_what_they_are_for() {
    let source = |module: &str, text: &str| {
        let code = code(text);
        let production = without_tests(&code);
        let module = module.split('/').map(str::to_owned).collect();
        Source { path: String::new(), module, text: text.to_owned(), code, production }
    };
    let names = |source: &Source| source.imports().into_iter().map(|(_, name)| name).collect::<Vec<_>>();

    let plain = source(
        "draft/span",
        "use crate::{\n  model::{Form, Slot},\n  apply,\n};\nfn f() { crate::cli::run() }",
    );
    assert_eq!(names(&plain), ["model", "apply", "cli"]);
    assert_eq!(plain.imports()[2].0, 5, "the line is where it stands in the file");

    let relative = source("draft/span", "use super::super::session::Event;\nuse super::form::Form;");
    assert_eq!(names(&relative), ["session"]);

    let text = "//! See [`crate::cli`].\nconst A: &str = \"crate::session\";\n#[cfg(test)]\nmod tests {\n use crate::cli;\n}\n";
    assert_eq!(names(&source("policy", text)), [""; 0]);

    let files = RESTRICTED.iter().find(|restricted| restricted.what == "files").expect("the rule on files");
    for text in ["use std::fs;", "use std::{\n  fs,\n  io,\n};", "std::fs::read(path)", "File::open(path)"] {
        assert_eq!(lines_that_match(&source("policy", text), &regex(files.pattern)).count(), 1, "{text}");
    }
    assert_eq!(
        lines_that_match(&source("policy", "use std::fmt; // std::fs"), &regex(files.pattern)).count(),
        0
    );
    assert!(plain.text.len() >= plain.code.len(), "blanking adds nothing");
}
