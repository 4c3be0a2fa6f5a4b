//! Kubernetes' libraries `semver` and `format` (named formats).
//!
//! As `k8s.io/apiserver/pkg/cel/library` (`semverlib.go`, `format.go`).

use std::cmp::Ordering;
use std::sync::LazyLock;

use cel::common::traits::Comparer;
use cel::common::types::{BOOL_TYPE, CelBool, CelInt, CelOptional, STRING_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use regex::Regex;
use semver::Version;

use super::super::node::from_json;
use super::super::value::expression_value;
use super::arguments::{argument, boolean, text};

static SEMVER_TYPE: Type = Type::new_unspecified_type("kubernetes.Semver");
static FORMAT_TYPE: Type = Type::new_unspecified_type("kubernetes.NamedFormat");

/// A version as semver.org has it.
#[derive(Debug, Clone)]
pub(in crate::policy::cel) struct Semver(Version);

/// One of the named formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy::cel) struct Format(&'static str);

/// By precedence: what is built of is no part of it.
impl PartialEq for Semver {
    fn eq(&self, other: &Self) -> bool {
        self.cmp_precedence(other) == Ordering::Equal
    }
}

expression_value!(Semver, SEMVER_TYPE, comparable);
expression_value!(Format, FORMAT_TYPE);

impl Comparer for Semver {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        let none = || ExecutionError::no_such_overload("compareTo", vec![SEMVER_TYPE.name().to_owned()]);
        other.downcast_ref::<Self>().map(|other| self.cmp_precedence(other)).ok_or_else(none)
    }
}

impl Semver {
    fn cmp_precedence(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }

    fn parse(text: &str, normalize: bool) -> Result<Self, String> {
        let wrong = |why: String| format!("'{text}' is no semantic version: {why}");
        let written = if normalize { normalized(text) } else { text.to_owned() };
        Version::parse(&written).map(Self).map_err(|error| wrong(error.to_string()))
    }
}

/// Without a leading `v`, with what is missing of three numbers, and without leading zeros.
fn normalized(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let mut parts: Vec<String> = core
        .split('.')
        .map(|part| {
            let short = part.trim_start_matches('0');
            if short.is_empty() && !part.is_empty() { "0".to_owned() } else { short.to_owned() }
        })
        .collect();
    while parts.len() < 3 {
        parts.push("0".to_owned());
    }
    format!("{}{rest}", parts.join("."))
}

/// Hands the names of all formats to a macro.
macro_rules! with_formats {
    ($then:ident) => {
        $then!(
            "dns1123Label",
            "dns1123LabelPrefix",
            "dns1123Subdomain",
            "dns1123SubdomainPrefix",
            "dns1035Label",
            "dns1035LabelPrefix",
            "qualifiedName",
            "labelValue",
            "uri",
            "uuid",
            "byte",
            "date",
            "datetime",
        )
    };
}

macro_rules! names_of {
    ($($name:literal),* $(,)?) => {
        [$($name),*]
    };
}

/// Names of formats.
const FORMATS: [&str; 13] = with_formats!(names_of);

impl Format {
    fn named(name: &str) -> Option<Self> {
        FORMATS.iter().find(|known| **known == name).map(|known| Self(known))
    }

    /// What is wrong with a text; nothing where it has the format.
    fn faults(self, text: &str) -> Vec<String> {
        let text_of =
            |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|one| one.is_match(text));
        let fits = match self.0 {
            "dns1123Label" => text.len() <= 63 && text_of(&LABEL),
            "dns1123Subdomain" => text.len() <= 253 && text_of(&SUBDOMAIN),
            "dns1035Label" => text.len() <= 63 && text_of(&OLD_LABEL),
            // What a name may begin with: a dash at the end is completed by what is generated.
            "dns1123LabelPrefix" => Self("dns1123Label").faults(&completed(text)).is_empty(),
            "dns1123SubdomainPrefix" => Self("dns1123Subdomain").faults(&completed(text)).is_empty(),
            "dns1035LabelPrefix" => Self("dns1035Label").faults(&completed(text)).is_empty(),
            "labelValue" => text.is_empty() || text.len() <= 63 && text_of(&NAME),
            "qualifiedName" => is_qualified(text),
            "uri" => text.contains(':') && !text.contains(' ') || text.starts_with('/'),
            "uuid" => text_of(&UUID),
            "byte" => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.decode(text).is_ok()
            }
            "date" => chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
            _ => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        };
        if fits { Vec::new() } else { vec![format!("it is no {}", self.0)] }
    }
}

type Pattern = LazyLock<Option<Regex>>;

static LABEL: Pattern = LazyLock::new(|| Regex::new("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$").ok());
static OLD_LABEL: Pattern = LazyLock::new(|| Regex::new("^[a-z]([-a-z0-9]*[a-z0-9])?$").ok());
static SUBDOMAIN: Pattern =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok());
static NAME: Pattern = LazyLock::new(|| Regex::new("^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$").ok());
static UUID: Pattern = LazyLock::new(|| {
    Regex::new("^(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$").ok()
});

fn completed(text: &str) -> String {
    text.strip_suffix('-').map_or_else(|| text.to_owned(), |rest| format!("{rest}a"))
}

fn is_qualified(text: &str) -> bool {
    let is_name =
        |name: &str| name.len() <= 63 && NAME.as_ref().is_some_and(|pattern| pattern.is_match(name));
    match text.split_once('/') {
        None => is_name(text),
        Some((prefix, name)) => Format("dns1123Subdomain").faults(prefix).is_empty() && is_name(name),
    }
}

pub(super) fn versions(env: &mut Env) -> Result<(), DeclarationError> {
    let own = || SEMVER_TYPE.to_owned();
    env.add_overload("semver", "string_to_semver", vec![STRING_TYPE], |arguments| semver_of(&arguments))?;
    env.add_overload("semver", "string_to_semver_normalized", vec![STRING_TYPE, BOOL_TYPE], |arguments| {
        semver_of(&arguments)
    })?;
    env.add_overload("isSemver", "is_semver", vec![STRING_TYPE], |arguments| {
        boolean(read(&arguments, "isSemver")?.is_ok())
    })?;
    env.add_overload("isSemver", "is_semver_normalized", vec![STRING_TYPE, BOOL_TYPE], |arguments| {
        boolean(read(&arguments, "isSemver")?.is_ok())
    })?;
    env.add_member_overload("isGreaterThan", "semver_greater", own(), vec![own()], |arguments| {
        boolean(order(&arguments, "isGreaterThan")? == Ordering::Greater)
    })?;
    env.add_member_overload("isLessThan", "semver_less", own(), vec![own()], |arguments| {
        boolean(order(&arguments, "isLessThan")? == Ordering::Less)
    })?;
    env.add_member_overload("compareTo", "semver_compare", own(), vec![own()], |arguments| {
        Ok(CowVal::owned(CelInt::from(order(&arguments, "compareTo")? as i64)))
    })?;
    env.add_member_overload("major", "semver_major", own(), vec![], |arguments| {
        number(argument::<Semver>(&arguments, 0, "major")?.0.major)
    })?;
    env.add_member_overload("minor", "semver_minor", own(), vec![], |arguments| {
        number(argument::<Semver>(&arguments, 0, "minor")?.0.minor)
    })?;
    env.add_member_overload("patch", "semver_patch", own(), vec![], |arguments| {
        number(argument::<Semver>(&arguments, 0, "patch")?.0.patch)
    })
}

fn number<'b, 'v>(number: u64) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelInt::from(i64::try_from(number).unwrap_or(i64::MAX))))
}

fn read(arguments: &[CowVal<'_, '_>], function: &str) -> Result<Result<Semver, String>, ExecutionError> {
    let normalize = match arguments.get(1) {
        Some(_) => *argument::<CelBool>(arguments, 1, function)?.inner(),
        None => false,
    };
    Ok(Semver::parse(text(arguments, 0, function)?, normalize))
}

fn semver_of<'b, 'v>(arguments: &[CowVal<'_, '_>]) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let found = read(arguments, "semver")?;
    Ok(CowVal::owned(found.map_err(|why| ExecutionError::function_error("semver", why))?))
}

fn order(arguments: &[CowVal<'_, '_>], function: &str) -> Result<Ordering, ExecutionError> {
    let (left, right) =
        (argument::<Semver>(arguments, 0, function)?, argument::<Semver>(arguments, 1, function)?);
    Ok(left.cmp_precedence(right))
}

pub(super) fn formats(env: &mut Env) -> Result<(), DeclarationError> {
    macro_rules! named {
        ($($name:literal),* $(,)?) => {
            $(env.add_overload(concat!("format.", $name), concat!("format_", $name), vec![], |_| {
                Ok(CowVal::owned(Format($name)))
            })?;)*
        };
    }
    with_formats!(named);
    env.add_overload("format.named", "format_named", vec![STRING_TYPE], |arguments| {
        let found = Format::named(text(&arguments, 0, "format.named")?);
        Ok(CowVal::owned(match found {
            Some(format) => CelOptional::of(Box::new(format)),
            None => CelOptional::none(),
        }))
    })?;
    env.add_member_overload(
        "validate",
        "format_validate",
        FORMAT_TYPE.to_owned(),
        vec![STRING_TYPE],
        |arguments| {
            let faults =
                argument::<Format>(&arguments, 0, "validate")?.faults(text(&arguments, 1, "validate")?);
            if faults.is_empty() {
                return Ok(CowVal::owned(CelOptional::none()));
            }
            let list = from_json(&serde_json::json!(faults));
            Ok(CowVal::owned(CelOptional::of(list)))
        },
    )
}
