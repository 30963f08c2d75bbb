//! The part of Markdown that texts of scenarios use, as HTML: paragraphs, lists, headings, quotes, blocks of code;
//! bold, emphasis, code, links and marked words within a line. <https://commonmark.org>

use std::fmt::Write as _;

/// A text as HTML, with nothing of it left to a browser to interpret.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// One block of a text.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Paragraph(String),
    Heading(String),
    Quote(String),
    Code(String),
    /// An item of a list: how far it is set in, whether the list counts, its text.
    Item(usize, bool, String),
}

/// Markdown as HTML.
pub(super) fn html(text: &str) -> String {
    let mut page = String::new();
    let mut lists: Vec<(usize, &'static str)> = Vec::new();
    for block in blocks(text) {
        if let Block::Item(set_in, counted, text) = &block {
            item(&mut page, &mut lists, *set_in, *counted, text);
            continue;
        }
        close(&mut page, &mut lists, None);
        let _ = match block {
            Block::Paragraph(text) => writeln!(page, "<p>{}</p>", line(&text)),
            Block::Heading(text) => writeln!(page, "<p><strong>{}</strong></p>", line(&text)),
            Block::Quote(text) => writeln!(page, "<blockquote><p>{}</p></blockquote>", line(&text)),
            Block::Code(text) => writeln!(page, "<pre><code>{}</code></pre>", escaped(&text)),
            Block::Item(..) => Ok(()),
        };
    }
    close(&mut page, &mut lists, None);
    page
}

/// Writes an item; opens and closes lists so that it stands where it is set in.
fn item(page: &mut String, lists: &mut Vec<(usize, &'static str)>, set_in: usize, counted: bool, text: &str) {
    let tag = if counted { "ol" } else { "ul" };
    close(page, lists, Some(set_in));
    match lists.last() {
        Some((depth, open)) if *depth == set_in && *open == tag => page.push_str("</li>\n"),
        Some((depth, open)) if *depth == set_in => {
            let _ = write!(page, "</li>\n</{open}>\n<{tag}>\n");
            lists.pop();
            lists.push((set_in, tag));
        }
        _ => {
            let _ = writeln!(page, "<{tag}>");
            lists.push((set_in, tag));
        }
    }
    let _ = write!(page, "<li>{}", line(text));
}

/// Closes the lists that are set in further than `keep`, or all.
fn close(page: &mut String, lists: &mut Vec<(usize, &'static str)>, keep: Option<usize>) {
    while let Some((depth, tag)) = lists.last() {
        if keep.is_some_and(|keep| *depth <= keep) {
            return;
        }
        let _ = write!(page, "</li>\n</{tag}>\n");
        lists.pop();
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let (mut fenced, mut open) = (false, false);
    for line in text.trim_end().lines() {
        let bare = line.trim_start();
        if bare.starts_with("```") {
            if !fenced {
                found.push(Block::Code(String::new()));
            }
            (fenced, open) = (!fenced, false);
        } else if fenced {
            add_code(&mut found, line);
        } else if bare.is_empty() {
            // A block of code goes on below an empty line.
            if !open && let Some(Block::Code(code)) = found.last_mut() {
                code.push('\n');
            }
            open = false;
        } else if !open && line.starts_with("    ") && !matches!(found.last(), Some(Block::Item(..))) {
            if !matches!(found.last(), Some(Block::Code(_))) {
                found.push(Block::Code(String::new()));
            }
            add_code(&mut found, &line[4..]);
        } else if let Some(block) = begins(line, open) {
            // A heading is one line.
            open = !matches!(block, Block::Heading(_));
            found.push(block);
        } else if open && let Some(text) = found.last_mut().and_then(words) {
            text.push(' ');
            text.push_str(bare);
        } else {
            found.push(Block::Paragraph(bare.to_owned()));
            open = true;
        }
    }
    for block in &mut found {
        if let Block::Code(code) = block {
            code.truncate(code.trim_end().len());
        }
    }
    found
}

fn add_code(found: &mut [Block], line: &str) {
    if let Some(Block::Code(code)) = found.last_mut() {
        if !code.is_empty() {
            code.push('\n');
        }
        code.push_str(line);
    }
}

/// The text of a block that goes on in the next line.
fn words(block: &mut Block) -> Option<&mut String> {
    match block {
        Block::Paragraph(text) | Block::Heading(text) | Block::Quote(text) | Block::Item(_, _, text) => {
            Some(text)
        }
        Block::Code(_) => None,
    }
}

/// The block that a line begins, when it is more than a paragraph.
fn begins(line: &str, open: bool) -> Option<Block> {
    let bare = line.trim_start();
    let heading = bare.trim_start_matches('#');
    if heading.len() < bare.len() && heading.starts_with(' ') {
        return Some(Block::Heading(heading.trim().to_owned()));
    }
    if let Some(quote) = bare.strip_prefix("> ") {
        return (!open).then(|| Block::Quote(quote.to_owned()));
    }
    let set_in = line.len() - bare.len();
    if let Some(text) = ["- ", "* ", "+ "].iter().find_map(|mark| bare.strip_prefix(mark)) {
        return Some(Block::Item(set_in, false, text.to_owned()));
    }
    let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
    let text = bare[digits..].strip_prefix(". ").filter(|_| (1..=3).contains(&digits))?;
    Some(Block::Item(set_in, true, text.to_owned()))
}

/// A line of text: what is between marks gets its tag, a mark that nothing closes is a character like any other.
pub(super) fn line(text: &str) -> String {
    let mut page = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some((html, after)) = marked(rest) {
            page.push_str(&html);
            rest = after;
        } else {
            page.push_str(&escaped(&rest[..letter.len_utf8()]));
            rest = &rest[letter.len_utf8()..];
        }
    }
    page
}

/// What is marked at the beginning of a text, and what follows.
fn marked(text: &str) -> Option<(String, &str)> {
    let between = |mark: &str| {
        let (inside, after) = text.strip_prefix(mark)?.split_once(mark)?;
        (!inside.is_empty() && !inside.starts_with(' ')).then_some((inside, after))
    };
    if text.starts_with('`') {
        let (code, after) = between("`")?;
        return Some((format!("<code>{}</code>", escaped(code)), after));
    }
    if text.starts_with("**") {
        let (bold, after) = between("**")?;
        return Some((format!("<strong>{}</strong>", line(bold)), after));
    }
    if text.starts_with('*') {
        let (emphasis, after) = between("*")?;
        return Some((format!("<em>{}</em>", line(emphasis)), after));
    }
    let (word, after) = text.strip_prefix('[')?.split_once("](")?;
    let (target, after) = after.split_once(')')?;
    if word.contains(['[', ']']) || target.contains(' ') {
        return None;
    }
    let word = line(word);
    match target.strip_prefix('#') {
        Some(name) => Some((format!("<a class=\"word\" href=\"#word-{}\">{word}</a>", escaped(name)), after)),
        None if target.starts_with("http") => {
            Some((format!("<a href=\"{}\">{word}</a>", escaped(target)), after))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn texts_become_html_and_nothing_else_does() {
        let text = "A **[Pod](#pod)** & `a < b` *now*,\n2 * 3 ** 4 <b>x</b> [y](z).\n\n- one\n  goes on\n  - below\n- two\n\n1. first\n2. second\n\n        \
            indented\n\n    kubectl <get>\n\n    again\n\n```sh\nls\n```\n# Head\n> said";
        insta::assert_snapshot!(html(text), @r##"
        <p>A <strong><a class="word" href="#word-pod">Pod</a></strong> &amp; <code>a &lt; b</code> <em>now</em>, 2 * 3 ** 4 &lt;b&gt;x&lt;/b&gt; [y](z).</p>
        <ul>
        <li>one goes on<ul>
        <li>below</li>
        </ul>
        </li>
        <li>two</li>
        </ul>
        <ol>
        <li>first</li>
        <li>second</li>
        </ol>
        <p>indented</p>
        <pre><code>kubectl &lt;get&gt;

        again</code></pre>
        <pre><code>ls</code></pre>
        <p><strong>Head</strong></p>
        <blockquote><p>said</p></blockquote>
        "##);
    }
}
