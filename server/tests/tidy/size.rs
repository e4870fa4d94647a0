//! Long functions and long files.

use crate::source::{Source, Token, tokens};

const FUNCTION_LINES_MAX: usize = 70;
/// A page is mostly markup.
const VIEW_LINES_MAX: usize = 100;
const FILE_LINES_MAX: usize = 500;

pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let lines = source.text.lines().filter(|it| !it.trim().is_empty()).count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}:1: {lines} product lines, at most {FILE_LINES_MAX}", source.path));
        }
        findings.extend(functions(source).into_iter().filter(|it| it.lines > it.lines_max).map(|it| {
            format!(
                "{}:{}: `{}` has {} product lines, at most {}",
                source.path, it.line, it.name, it.lines, it.lines_max
            )
        }));
    }
    findings
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    lines_max: usize,
}

fn functions(source: &Source) -> Vec<Function> {
    let tokens = tokens(&source.code);
    let starts = tokens.windows(2).enumerate().filter(|(_, two)| two[0].text == "fn" && two[1].is_name());
    starts
        .filter_map(|(at, two)| {
            let end = body_end(&tokens[at..])?;
            let body = source.code.lines().skip(two[0].line - 1).take(end - two[0].line + 1);
            let lines = body.clone().filter(|it| !it.trim().is_empty()).count();
            let is_view = source.path.starts_with("app/") && body.clone().any(|it| it.contains("view!"));
            let lines_max = if is_view { VIEW_LINES_MAX } else { FUNCTION_LINES_MAX };
            Some(Function { name: two[1].text.clone(), line: two[0].line, lines, lines_max })
        })
        .collect()
}

/// The line of the closing brace; `None` for a function without a body.
fn body_end(tokens: &[Token]) -> Option<usize> {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" => others += 1,
            ")" | "]" => others = others.saturating_sub(1),
            ";" if braces == 0 && others == 0 => return None,
            "{" => braces += 1,
            "}" if braces == 1 => return Some(token.line),
            "}" => braces = braces.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[test]
fn a_long_function_is_found_and_a_short_one_is_not() {
    let long = format!(
        "trait T {{ fn none(&self) -> [u8; 4]; }}\nfn short() {{}}\nfn long() {{\n{}}}\n",
        "  x();\n\n".repeat(69)
    );
    let findings = check(&[Source::new("server/src/a.rs", &long)]);
    assert_eq!(findings, ["server/src/a.rs:3: `long` has 71 product lines, at most 70"]);
}

#[test]
fn a_view_may_be_longer_but_not_endless() {
    let view =
        |lines| Source::new("app/src/a.rs", &format!("fn page() {{\n view! {{\n{}}}\n}}\n", "  x\n".repeat(lines)));
    assert_eq!(check(&[view(90)]), [""; 0]);
    assert_eq!(check(&[view(97)]).len(), 1);
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let lines = "const A: u8 = 0;\n".repeat(500);
    let tested = format!("{lines}#[cfg(test)]\nmod tests {{\n{lines}}}\n");
    assert_eq!(check(&[Source::new("a.rs", &tested)]), [""; 0]);
    assert_eq!(check(&[Source::new("a.rs", &format!("{lines}{lines}"))]).len(), 1);
}
