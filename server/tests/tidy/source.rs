//! Rust text, taken apart just enough to count it and to see what it names.

/// A file of the product. Every text has the lines of the file, so that positions can be told.
pub(crate) struct Source {
    /// Relative to the clone.
    pub(crate) path: String,
    /// The file without its tests.
    pub(crate) text: String,
    /// The same without comments.
    pub(crate) uncommented: String,
    /// The same without comments and what is in strings and characters.
    pub(crate) code: String,
}

/// Something that is named in code: `use crate::{store::{debt, trip}, flow};` names three.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (uncommented, code) = blank(text);
        let tests = test_lines(&code);
        let cut = |text: &str| -> String {
            let lines = text.lines().zip(&tests);
            lines.map(|(line, is_test)| if *is_test { "\n".to_owned() } else { format!("{line}\n") }).collect()
        };
        Self { path: path.to_owned(), text: cut(text), uncommented: cut(&uncommented), code: cut(&code) }
    }

    /// Every path in the code, groups of `use` written out.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let tokens = tokens(&self.code);
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            at = if tokens[at].is_name() { expand(&tokens, at, &mut Vec::new(), &mut found) } else { at + 1 };
        }
        found
    }
}

/// Whether the whole file is tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// A name, `::`, or one other character.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Token {
    pub(crate) fn is_name(&self) -> bool {
        self.text.starts_with(|it: char| it.is_alphabetic() || it == '_')
    }
}

pub(crate) fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                it if it.is_alphanumeric() || it == '_' => {
                    rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())
                }
                ':' if rest.starts_with("::") => 2,
                other => other.len_utf8(),
            };
            tokens.push(Token { line, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Reads one path that starts at `at` and adds what it names. Returns where it ends.
fn expand(tokens: &[Token], mut at: usize, prefix: &mut Vec<String>, found: &mut Vec<Mention>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |it| it.text.as_str());
    let (line, depth) = (tokens[at].line, prefix.len());
    prefix.push(text(at).to_owned());
    at += 1;
    while text(at) == "::" && tokens.get(at + 1).is_some_and(Token::is_name) {
        prefix.push(text(at + 1).to_owned());
        at += 2;
    }
    if text(at) == "::" && text(at + 1) == "{" {
        at += 2;
        while at < tokens.len() && text(at) != "}" {
            at = if tokens[at].is_name() { expand(tokens, at, prefix, found) } else { at + 1 };
        }
        at += 1;
    } else {
        // `store::{self, debt}` names `store` itself.
        let named = prefix.strip_suffix(&["self".to_owned()]).filter(|it| !it.is_empty()).unwrap_or(prefix);
        found.push(Mention { line, path: named.to_vec() });
    }
    prefix.truncate(depth);
    at
}

/// The text without comments, and without comments and literals, every line kept.
fn blank(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut uncommented, mut code) = (String::new(), String::new());
    let mut at = 0;
    while at < chars.len() {
        let (end, kind) = next_piece(&chars, at);
        for it in &chars[at..end] {
            let blanked = if *it == '\n' { '\n' } else { ' ' };
            uncommented.push(if kind == Piece::Comment { blanked } else { *it });
            code.push(if kind == Piece::Code { *it } else { blanked });
        }
        at = end;
    }
    (uncommented, code)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Code,
    Comment,
    Literal,
}

/// Where the piece that starts at `at` ends, and what it is. Code comes in single characters and whole names.
fn next_piece(chars: &[char], at: usize) -> (usize, Piece) {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or(' ');
    let find = |from: usize, what: &[char]| {
        let found = chars.get(from..).and_then(|rest| rest.windows(what.len()).position(|it| it == what));
        found.map_or(chars.len(), |it| from + it + what.len())
    };
    match (chars[at], next(1)) {
        ('/', '/') => (chars[at..].iter().position(|it| *it == '\n').map_or(chars.len(), |it| at + it), Piece::Comment),
        ('/', '*') => (find(at + 2, &['*', '/']), Piece::Comment),
        ('"', _) => (string_end(chars, at + 1), Piece::Literal),
        ('r', '"' | '#') => {
            let hashes = chars[at + 1..].iter().take_while(|it| **it == '#').count();
            if next(1 + hashes) != '"' {
                return (at + 1, Piece::Code); // a raw name, as r#type
            }
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            (find(at + 2 + hashes, &close), Piece::Literal)
        }
        ('\'', '\\') => (find(at + 3, &['\'']), Piece::Literal),
        ('\'', _) if next(2) == '\'' => (at + 3, Piece::Literal),
        (it, _) if it.is_alphanumeric() || it == '_' => {
            let mut end = at;
            while chars.get(end).is_some_and(|it| it.is_alphanumeric() || *it == '_') {
                end += 1;
            }
            // The `r` and `b` before a string are part of it.
            let is_prefix = matches!(chars.get(end), Some('"' | '#')) && chars[end - 1] == 'r' && end - at <= 2;
            (if is_prefix { (end - 1).max(at + 1) } else { end }, Piece::Code)
        }
        _ => (at + 1, Piece::Code),
    }
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// For each line whether it belongs to an item that only exists in tests.
fn test_lines(code: &str) -> Vec<bool> {
    const MARKS: [&str; 5] = ["#[cfg(test)]", "#[cfg(all(test", "#[test]", "#[tokio::test", "#[sqlx::test"];
    let lines: Vec<&str> = code.lines().collect();
    let mut tests = vec![false; lines.len()];
    let mut line = 0;
    while line < lines.len() {
        if MARKS.iter().any(|it| lines[line].trim_start().starts_with(it)) {
            let end = item_end(&lines, line);
            tests[line..=end].fill(true);
            line = end;
        }
        line += 1;
    }
    tests
}

/// The line where the item whose attribute is at `start` ends: at its closing brace, or at a semicolon.
fn item_end(lines: &[&str], start: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (line, text) in lines.iter().enumerate().skip(start) {
        for it in text.chars() {
            match it {
                '(' | '[' => others += 1,
                ')' | ']' => others = others.saturating_sub(1),
                '{' => braces += 1,
                '}' if braces == 1 => return line,
                '}' => braces = braces.saturating_sub(1),
                ';' if braces == 0 && others == 0 => return line,
                _ => {}
            }
        }
    }
    lines.len().saturating_sub(1)
}

#[test]
fn tests_comments_and_strings_are_cut_and_lines_are_kept() {
    let source = Source::new(
        "a.rs",
        "fn a() { f(\"// no \\\" comment\", 'x', '\"') } // f64\n#[cfg(test)]\nmod tests {\n  fn f64() {}\n}\nfn b<'a>() {}\n",
    );
    assert_eq!(source.code.lines().count(), 6);
    assert!(!source.code.contains("f64") && !source.code.contains("comment"), "{}", source.code);
    assert!(source.uncommented.contains("// no"), "a string is no comment: {}", source.uncommented);
    assert!(source.code.contains("fn b<'a>() {}"), "{}", source.code);
}

#[test]
fn raw_strings_and_raw_names_are_told_apart() {
    let source = Source::new("a.rs", "let a = r#\"SELECT \"f64\" now()\"#; let r#type = br\"f64\"; let bar = 1;");
    assert!(!source.code.contains("f64"), "{}", source.code);
    assert!(source.uncommented.contains("now()"));
    assert!(source.code.contains("#type") && source.code.contains("let bar = 1;"), "{}", source.code);
}

#[test]
fn a_group_of_uses_names_each_of_its_paths() {
    let source =
        Source::new("a.rs", "use crate::{\n  store::{self, debt, trip as t},\n  flow,\n};\nfn f() { crate::x::y(1) }");
    let paths: Vec<String> = source.mentions().into_iter().map(|it| it.path.join("::")).collect();
    for path in ["crate::store", "crate::store::debt", "crate::store::trip", "crate::flow", "crate::x::y"] {
        assert!(paths.iter().any(|it| it == path), "{path} in {paths:?}");
    }
}
