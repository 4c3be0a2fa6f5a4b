//! Where in a file a finding stands: checks see objects, a person looks for a line.

use crate::finding::Finding;
use crate::manifest::Manifest;

/// Sets file, line and column of a finding that has none: those of the value that it speaks of, or of the nearest one
/// around it (a field that is missing, or that defaults have set).
pub(super) fn in_file(finding: &mut Finding, manifests: &[Manifest]) {
    if finding.line.is_some() {
        return;
    }
    let Some(manifest) = manifests.iter().find(|manifest| manifest.key() == finding.object) else { return };
    finding.file = manifest.file.as_deref().map(str::to_owned);
    let location = manifest.nearest(&finding.path);
    finding.line = location.map(|location| location.line);
    finding.column = location.map(|location| location.column);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::manifest::{Budget, parse};

    const TWO: &str = "apiVersion: v1
kind: Pod
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata:
  name: b
spec:
  nodeName: x
";

    fn found(name: &str, path: &str) -> Finding {
        let manifests = parse(TWO.as_bytes(), Some("two.yaml"), &Budget::default()).unwrap();
        let mut key = manifests[0].key();
        key.name = name.to_owned();
        let mut finding = Finding::new("rule", Severity::Error, key, path, "message");
        in_file(&mut finding, &manifests);
        finding
    }

    #[test]
    fn a_value_is_found_in_its_own_object() {
        let finding = found("b", "/spec/nodeName");
        assert_eq!(
            (finding.file.as_deref(), finding.line, finding.column),
            (Some("two.yaml"), Some(10), Some(13))
        );
    }

    #[test]
    fn what_is_missing_stands_at_the_nearest_value_around_it() {
        assert_eq!(found("b", "/spec/containers/0/image").line, Some(10));
        assert_eq!(found("a", "/spec/containers").line, Some(1));
        assert_eq!(found("a", "").line, Some(1));
    }

    #[test]
    fn an_object_that_is_in_no_file_has_no_place() {
        let finding = found("c", "/spec");
        assert_eq!((finding.file, finding.line), (None, None));
    }
}
