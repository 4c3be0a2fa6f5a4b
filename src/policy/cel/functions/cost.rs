//! Which functions an expression may call, and what a call costs.

use super::internal::{FIND, FIND_ALL, MATCHES, OR, OR_VALUE, RANGE, REPLACE, SERVICE_ACCOUNT};
use super::pairs::{ENTRIES, INSERT, MERGE};

/// Functions that an expression may call by name, with what the rewriting has to do about them.
pub(in crate::policy::cel) fn cost_of(name: &str, member: bool, arguments: usize) -> Option<Cost> {
    Some(match (name, member, arguments) {
        // what is done in one step
        ("size", false, 1) | ("size", true, 0) => Cost::Step,
        ("startsWith" | "endsWith", true, 1) => Cost::Step,
        ("has" | "type" | "dyn" | "int" | "uint" | "double" | "bool", false, 1) => Cost::Step,
        ("value" | "hasValue", true, 0) => Cost::Step,
        ("optional.none", false, 0) | ("optional.of" | "optional.ofNonZeroValue", false, 1) => Cost::Step,
        ("isInteger" | "asInteger" | "asApproximateFloat" | "sign", true, 0) => Cost::Step,
        ("compareTo" | "isGreaterThan" | "isLessThan" | "add" | "sub", true, 1) => Cost::Step,
        (
            "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" | "getFullYear" | "getHours"
            | "getMilliseconds" | "getMinutes" | "getMonth" | "getSeconds",
            true,
            0 | 1,
        ) => Cost::Step,
        (
            "math.abs" | "math.bitNot" | "math.ceil" | "math.floor" | "math.isFinite" | "math.isInf"
            | "math.isNaN" | "math.round" | "math.sign" | "math.sqrt" | "math.trunc",
            false,
            1,
        ) => Cost::Step,
        (
            "math.bitAnd" | "math.bitOr" | "math.bitXor" | "math.bitShiftLeft" | "math.bitShiftRight",
            false,
            2,
        ) => Cost::Step,
        // what goes through its arguments once
        ("string" | "bytes" | "duration" | "timestamp" | "quantity" | "isQuantity", false, 1) => {
            Cost::Arguments
        }
        ("base64.encode" | "base64.decode" | "strings.quote", false, 1) => Cost::Arguments,
        ("math.@max" | "math.@min", false, 1 | 2) => Cost::Arguments,
        ("contains", true, 1) | ("charAt" | "format", true, 1) => Cost::Arguments,
        ("indexOf" | "lastIndexOf" | "split" | "substring" | "join", true, 0..=2) => Cost::Arguments,
        (
            "lowerAscii" | "upperAscii" | "trim" | "reverse" | "sort" | "isSorted" | "sum" | "min" | "max",
            true,
            0,
        ) => Cost::Arguments,
        ("slice", true, 2) | ("flatten", true, 0 | 1) | ("@sortByAssociatedKeys", true, 1) => Cost::Arguments,
        // addresses, versions, formats
        ("ip" | "isIP" | "ip.isCanonical" | "cidr" | "isCIDR" | "url" | "isURL", false, 1) => Cost::Arguments,
        ("semver" | "isSemver", false, 1 | 2) | ("format.named", false, 1) | ("validate", true, 1) => {
            Cost::Arguments
        }
        (
            "family"
            | "isUnspecified"
            | "isLoopback"
            | "isLinkLocalMulticast"
            | "isLinkLocalUnicast"
            | "isGlobalUnicast"
            | "ip"
            | "masked"
            | "prefixLength"
            | "getScheme"
            | "getHost"
            | "getHostname"
            | "getPort"
            | "getEscapedPath"
            | "getQuery"
            | "major"
            | "minor"
            | "patch",
            true,
            0,
        ) => Cost::Step,
        ("containsIP" | "containsCIDR", true, 1) => Cost::Arguments,
        (
            "format.dns1123Label"
            | "format.dns1123LabelPrefix"
            | "format.dns1123Subdomain"
            | "format.dns1123SubdomainPrefix"
            | "format.dns1035Label"
            | "format.dns1035LabelPrefix"
            | "format.qualifiedName"
            | "format.labelValue"
            | "format.uri"
            | "format.uuid"
            | "format.byte"
            | "format.date"
            | "format.datetime",
            false,
            0,
        ) => Cost::Step,
        // what compares everything with everything
        ("distinct", true, 0) => Cost::Square,
        // what has a counted version of its own
        ("matches", _, _) => Cost::Replaced(MATCHES),
        ("find", true, 1) => Cost::Replaced(FIND),
        ("findAll", true, 1 | 2) => Cost::Replaced(FIND_ALL),
        ("replace", true, 2 | 3) => Cost::Replaced(REPLACE),
        (ENTRIES, false, 1) => Cost::Replaced(ENTRIES),
        (INSERT, false, 3) => Cost::Replaced(INSERT),
        (MERGE, false, 2) => Cost::Replaced(MERGE),
        ("parseServiceAccount", false, 1) => Cost::Replaced(SERVICE_ACCOUNT),
        ("or", true, 1) => Cost::Replaced(OR),
        ("orValue", true, 1) => Cost::Replaced(OR_VALUE),
        ("lists.range", false, 1) => Cost::Replaced(RANGE),
        ("sets.contains", false, 2) => Cost::Replaced("sets.contains"),
        ("sets.equivalent", false, 2) => Cost::Replaced("sets.equivalent"),
        ("sets.intersects", false, 2) => Cost::Replaced("sets.intersects"),
        _ => return None,
    })
}

/// What a call costs; see [`cost_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy::cel) enum Cost {
    /// One step.
    Step,
    /// The size of its arguments.
    Arguments,
    /// The size of its receiver times its length.
    Square,
    /// Counted by the internal function that takes its place.
    Replaced(&'static str),
}
