//! The manifests in an answer, also where a model wrote prose and fences around them.

use kubectl_copilot::manifest::{Budget, Manifest, ParseError, parse};

/// The objects of an answer: of its fenced blocks that hold manifests where there are any, else of the whole text.
///
/// # Errors
/// Text that is not YAML, or a document that is no Kubernetes object.
pub fn manifests(text: &str) -> Result<Vec<Manifest>, ParseError> {
    parse(bare(text).as_bytes(), None, &Budget::default())
}

fn bare(text: &str) -> String {
    let text = text.rsplit_once("</think>").map_or(text, |(_, said)| said);
    let blocks: Vec<String> = fenced(text).into_iter().filter(|block| is_manifest(block)).collect();
    if blocks.is_empty() { text.to_owned() } else { blocks.join("\n---\n") }
}

fn is_manifest(block: &str) -> bool {
    ["kind", "apiVersion"].iter().all(|key| block.contains(key))
}

/// The insides of the ``` fences; the last one may be without its end.
fn fenced(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in text.lines() {
        match (&mut open, line.trim_start().starts_with("```")) {
            (Some(lines), false) => lines.push(line),
            (Some(lines), true) => {
                blocks.push(lines.join("\n"));
                open = None;
            }
            (None, true) => open = Some(Vec::new()),
            (None, false) => {}
        }
    }
    blocks.extend(open.map(|lines| lines.join("\n")));
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        manifests(text).expect("manifests").iter().map(|manifest| manifest.key().kind).collect()
    }

    #[test]
    fn prose_and_fences_are_no_part_of_an_answer() {
        let pod = "apiVersion: v1\nkind: Pod\n";
        let service = "apiVersion: v1\nkind: Service\n";
        assert_eq!(kinds(pod), ["Pod"]);
        assert_eq!(kinds(&format!("{pod}---\n{service}")), ["Pod", "Service"]);
        assert_eq!(
            kinds(&format!("Here: it is\n```yaml\n{pod}```\nRun:\n```sh\nkubectl apply\n```\n")),
            ["Pod"]
        );
        assert_eq!(kinds(&format!("```yaml\n{pod}```\nand\n```\n{service}")), ["Pod", "Service"]);
        assert_eq!(kinds(&format!("<think>\n```\n{service}```\n</think>\n{pod}")), ["Pod"]);
        assert!(manifests("I cannot: do: that").is_err());
        assert!(manifests("kind: Pod\n").is_err());
        assert!(kinds("").is_empty());
    }
}
