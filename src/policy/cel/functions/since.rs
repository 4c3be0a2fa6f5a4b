//! Since when new policies may use a function.
//!
//! An API server takes into a new policy what the release before it knows too, so that it can be rolled back: each number is one
//! above that of the release that brought the function.
//!
//! Source: kubernetes/apiserver `pkg/cel/environment/base.go` (`IntroducedVersion`, `DefaultCompatibilityVersion`), releases 1.33 to
//! 1.36.

/// Of loops with two variables (`m.all(k, v, …)`), some of which share a name with one of one.
pub(in crate::policy::cel) const TWO_VARIABLES: u32 = 33;

/// The first minor of Kubernetes that takes a function into new policies; `None` for those that all have since policies are stable
/// (1.30).
pub(in crate::policy::cel) fn since(name: &str) -> Option<u32> {
    Some(match name {
        "ip" | "isIP" | "ip.isCanonical" | "cidr" | "isCIDR" | "containsIP" | "containsCIDR" => 31,
        name if name.starts_with("format.") => 32,
        "transformList" | "transformMap" | "transformMapEntry" | "existsOne" => TWO_VARIABLES,
        "semver" | "isSemver" => 34,
        "distinct" | "flatten" | "lists.range" | "reverse" | "slice" | "sort" | "@sortByAssociatedKeys" => 35,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{Declared, compile};

    #[test]
    fn a_function_is_there_from_its_release_on() {
        for (source, minor) in [
            ("isIP('10.0.0.1')", 31),
            ("format.dns1123Label().validate('a') == optional.none()", 32),
            ("{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}", 33),
            ("['a'].all(i, v, i == 0)", 33),
            ("isSemver('1.0.0')", 34),
            ("[2, 1].sort() == [1, 2]", 35),
            ("[2, 1].sortBy(x, x) == [1, 2]", 35),
            ("[1, 1].distinct().size() == 1", 35),
        ] {
            let declared =
                |minor| Declared { params: false, kyverno: false, minor: Some(minor), variables: &[] };
            assert!(compile(source, declared(minor)).is_ok(), "{source}");
            let error = compile(source, declared(minor - 1)).unwrap_err();
            let since = format!("from Kubernetes 1.{minor} on, and this is 1.{}", minor - 1);
            assert!(error.contains(&since), "{source}: {error}");
        }
    }
}
