//! The project's own files, read as text, for the tests that hold the house in order.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

/// A file with its path from the root of the project, `/` between the parts.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// A file that a test has made up.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The path inside `src`.
    pub fn in_src(&self) -> &str {
        self.path.strip_prefix("src/").unwrap_or(&self.path)
    }

    /// The code: no comments, and nothing that only tests compile.
    pub fn code(&self) -> Vec<Token<'_>> {
        without_tests(&tokens(&self.text))
    }
}

/// Reads one file of the project.
pub fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// Every file below `folder` with this extension, in the order of the paths.
pub fn files(folder: &str, extension: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(File { path: name(&path), text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} below {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn name(path: &Path) -> String {
    let parts = path.strip_prefix(root()).unwrap().components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A word, a number, a literal or a mark of Rust's, and the line it stands on, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

/// Do these tokens stand at `at`?
pub fn stands(tokens: &[Token<'_>], at: usize, texts: &[&str]) -> bool {
    let found = tokens.iter().skip(at).map(|token| token.text);
    found.take(texts.len()).eq(texts.iter().copied())
}

/// The lines on which these tokens stand one behind the other.
pub fn lines_with(tokens: &[Token<'_>], texts: &[&str]) -> Vec<usize> {
    let found = tokens.iter().enumerate().filter(|(at, _)| stands(tokens, *at, texts));
    found.map(|(_, token)| token.line).collect()
}

/// The index of the token that closes the bracket at `open`.
pub fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 1 => return Some(at),
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The tokens without every item behind a `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if stands(tokens, at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at = item_end(tokens, at);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// The index behind the item at `at`: behind its attributes, and then its braces or its semicolon.
fn item_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            ";" => return at + 1,
            "{" => return closing(tokens, at).map_or(tokens.len(), |end| end + 1),
            "(" | "[" => at = closing(tokens, at).map_or(tokens.len(), |end| end + 1),
            _ => at += 1,
        }
    }
    tokens.len()
}

/// Splits Rust into tokens, and drops comments.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let len = blank_len(rest).or_else(|| comment_len(rest));
        let skipped = len.is_some();
        let len = len
            .or_else(|| string_len(rest))
            .or_else(|| quoted_len(rest))
            .or_else(|| word_len(rest))
            .or_else(|| mark_len(rest))
            .unwrap_or(first.len_utf8());
        if !skipped {
            found.push(Token { text: &rest[..len], line });
        }
        line += rest[..len].matches('\n').count();
        at += len;
    }
    found
}

fn blank_len(text: &str) -> Option<usize> {
    let len = text.len() - text.trim_start().len();
    (len > 0).then_some(len)
}

fn comment_len(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// A string, perhaps of bytes, perhaps raw.
fn string_len(text: &str) -> Option<usize> {
    let behind_b = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let start = text.len() - behind_b.len();
    let hashes =
        behind_b.strip_prefix('r').map(|raw| raw.len() - raw.trim_start_matches('#').len());
    if let Some(hashes) = hashes {
        let open = start + 1 + hashes;
        text.get(open..)?.strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        return text[open + 1..].find(&close).map(|end| open + 1 + end + close.len());
    }
    behind_b.strip_prefix('"')?;
    quote_end(text, start + 1, '"')
}

/// A character or a byte; not a lifetime, which has no second quote.
fn quoted_len(text: &str) -> Option<usize> {
    let start = usize::from(text.starts_with("b'"));
    let inside = text[start..].strip_prefix('\'')?;
    let second = inside.char_indices().nth(1)?;
    if !inside.starts_with('\\') && second.1 != '\'' {
        return None;
    }
    quote_end(text, start + 1, '\'')
}

fn quote_end(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(start + at + 1),
            _ => {}
        }
    }
    None
}

fn word_len(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then_some(end)
}

fn mark_len(text: &str) -> Option<usize> {
    ["::", "==", "!=", "->", "=>"].iter().find(|mark| text.starts_with(**mark)).map(|m| m.len())
}
