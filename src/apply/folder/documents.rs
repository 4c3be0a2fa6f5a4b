//! The documents of one YAML text as ranges of bytes, and replacing one of them while the others stay as they are.

use crate::manifest::{Budget, parse_documents};

/// Most places of one document that are looked at for comments.
const MOST_COMMENTS: usize = 200;

/// One document: what stands between two `---`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// First byte of the content, behind the marker.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, 1-based.
    pub line: usize,
    /// The content begins on the marker's own line.
    inline: bool,
}

/// Splits a text. `---` at the beginning of a line always ends a document in YAML, even inside a scalar, so that this
/// needs no parser.
pub(super) fn ranges(text: &str) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut open = Range { start: 0, end: 0, line: 1, inline: false };
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let after = |marker: &str| {
            line.strip_prefix(marker)
                .filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
        };
        let next = offset + line.len();
        if let Some(rest) = after("---") {
            ranges.push(Range { end: offset, ..open });
            let content = rest.trim();
            let inline = !content.is_empty() && !content.starts_with('#');
            let (start, line) = if inline { (offset + 3, index + 1) } else { (next, index + 2) };
            open = Range { start, end: start, line, inline };
        } else if after("...").is_some() {
            ranges.push(Range { end: offset, ..open });
            open = Range { start: next, end: next, line: index + 2, inline: false };
        }
        offset = next;
    }
    ranges.push(Range { end: text.len(), ..open });
    ranges
}

/// Whether the range has nothing but blanks, comments and directives.
pub(super) fn is_blank(content: &str) -> bool {
    content.lines().all(|line| is_comment(line) || line.starts_with('%'))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// The text with one document replaced by `body`. Comments above and below the document stay; those inside go with it.
/// The text's own line ends are kept.
pub(super) fn replace(text: &str, range: &Range, body: &str) -> String {
    let content = &text[range.start..range.end];
    let (mut head, mut tail) = (0, content.len());
    if !range.inline {
        head = content.split_inclusive('\n').take_while(|line| is_comment(line)).map(str::len).sum();
    }
    // Only comments in the first column: a line that is indented may be the end of a block scalar.
    let mut at = content.len();
    for line in content[head..].split_inclusive('\n').rev() {
        at -= line.len();
        if line.starts_with('#') {
            tail = at;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    let mut whole = text[..range.start + head].to_owned();
    if range.inline {
        whole.push('\n');
    }
    let body = if body.ends_with('\n') { body.to_owned() } else { format!("{body}\n") };
    whole.push_str(&body.replace('\n', line_end(text)));
    whole.push_str(&content[tail..]);
    whole.push_str(&text[range.end..]);
    whole
}

/// How many comments are lost when the document is replaced. A `#` is a comment where the document means the same
/// without what follows it.
pub(super) fn comments_inside(text: &str, range: &Range) -> usize {
    let content = &text[range.start..range.end];
    let value = |text: &str| {
        parse_documents(text.as_bytes(), None, &Budget::default())
            .ok()
            .map(|mut documents| documents.pop().map(|document| document.value))
    };
    let Some(whole) = value(content) else { return 0 };
    let lines: Vec<&str> = content.split_inclusive('\n').collect();
    let head = lines.iter().take_while(|line| is_comment(line)).count();
    let tail = lines.iter().rev().take_while(|line| line.starts_with('#') || line.trim().is_empty()).count();
    let mut count = 0;
    for index in (head..lines.len().saturating_sub(tail))
        .filter(|index| lines[*index].contains('#'))
        .take(MOST_COMMENTS)
    {
        let line = lines[index];
        let cut = match line.find(" #") {
            _ if line.trim_start().starts_with('#') => "",
            Some(at) => line[..at].trim_end(),
            None => continue,
        };
        let mut without: String = lines[..index].concat();
        without.push_str(cut);
        without.push('\n');
        without.push_str(&lines[index + 1..].concat());
        if value(&without).is_some_and(|rest| rest == whole) {
            count += 1;
        }
    }
    count
}

/// `\r\n` where the text uses it.
pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# licence\n---\n# first\na: 1\n# end of first\n---\n# second\nb: 2 # why\nc: |\n  # no comment\n# gone? no\n---\nd: 3\n";

    fn content(text: &str) -> Vec<&str> {
        ranges(text).iter().map(|range| &text[range.start..range.end]).collect()
    }

    #[test]
    fn documents_are_found_with_their_lines() {
        let found = ranges(TEXT);
        assert_eq!(found.len(), 4);
        assert!(is_blank(&TEXT[found[0].start..found[0].end]));
        assert_eq!(found[1].line, 3);
        assert_eq!(&TEXT[found[3].start..found[3].end], "d: 3\n");
    }

    #[test]
    fn markers_need_a_line_of_their_own_or_content_behind() {
        assert_eq!(content("a: b\n--- {c: d}\n...\n"), ["a: b\n", " {c: d}\n", ""]);
        assert_eq!(content("a: |\n  ---\n---x: 1\n"), ["a: |\n  ---\n---x: 1\n"]);
    }

    #[test]
    fn one_document_is_replaced_and_the_rest_stays_byte_for_byte() {
        let found = ranges(TEXT);
        let text = replace(TEXT, &found[2], "b: 9\n");
        assert_eq!(
            text,
            "# licence\n---\n# first\na: 1\n# end of first\n---\n# second\nb: 9\n# gone? no\n---\nd: 3\n"
        );
        let inline = "--- {a: 1}\n---\nb: 2\n";
        assert_eq!(replace(inline, &ranges(inline)[1], "a: 2"), "---\na: 2\n---\nb: 2\n");
    }

    #[test]
    fn an_indented_end_of_a_block_scalar_is_no_comment_to_keep() {
        let text = "run: |\n  echo\n  # end\n";
        assert_eq!(replace(text, &ranges(text)[0], "run: x\n"), "run: x\n");
    }

    #[test]
    fn line_ends_of_the_file_are_kept() {
        let text = "a: 1\r\n---\r\nb: 2\r\n";
        assert_eq!(replace(text, &ranges(text)[0], "a: 3\nc: 4\n"), "a: 3\r\nc: 4\r\n---\r\nb: 2\r\n");
    }

    #[test]
    fn comments_are_counted_and_what_only_looks_like_one_is_not() {
        let found = ranges(TEXT);
        assert_eq!(comments_inside(TEXT, &found[2]), 1);
        let text = "a:\n  # why\n  b: 'x # y'\n";
        assert_eq!(comments_inside(text, &ranges(text)[0]), 1);
    }
}
