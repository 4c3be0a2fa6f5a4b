//! **image-tag** (warning): an image says which version it is.
//!
//! An image without a tag, or with `:latest`, is another program tomorrow: a restart on another node may run another
//! version, and nobody can say which one ran. Name a version, or better a digest (`@sha256:…`).

use super::super::Subject;
use super::{about_pod, text};
use crate::finding::{Finding, Severity};
use crate::manifest::containers;

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pod in &subject.pods {
        for container in containers(&pod.pod) {
            let Some(image) = text(container.container, "/image") else { continue };
            let Some(why) = floats(image) else { continue };
            let message = format!("image '{image}' of container '{}' {why}", container.name());
            let path = format!("{}/image", container.pointer);
            let finding = about_pod(subject, pod, "image-tag", Severity::Warning, &path, message);
            findings.push(finding.with_hint("name a version, or a digest"));
        }
    }
    findings
}

/// Why an image may be another one tomorrow.
fn floats(image: &str) -> Option<&'static str> {
    if image.is_empty() || image.contains('@') {
        return None;
    }
    // A colon before the last slash belongs to the registry's port.
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None => Some("has no tag"),
        Some((_, "latest")) => Some("has the tag 'latest'"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::floats;

    #[test]
    fn a_port_is_no_tag_and_a_digest_is_enough() {
        for image in ["nginx", "nginx:latest", "localhost:5000/nginx", "a.b/c/d:latest"] {
            assert!(floats(image).is_some(), "{image}");
        }
        for image in ["nginx:1.27", "localhost:5000/nginx:1", "nginx@sha256:00", "nginx:latest@sha256:00"] {
            assert!(floats(image).is_none(), "{image}");
        }
    }
}
