//! A shopper who walks and signs in, so that pages with something on them can be read.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::target::Target;

/// How long a mail may take to arrive.
pub const MAIL_WAIT: Duration = Duration::from_secs(20);

/// Digits of a code.
const CODE_DIGITS: usize = 8;

/// Tells the twin of a card, which then takes so many articles. The trip.
///
/// # Errors
///
/// When the twin does not take it.
pub async fn walk_with(target: &Target, twin: &str, card: &Value, items: u32) -> anyhow::Result<String> {
    order(target, &format!("{twin}/control/cards"), card).await?;
    let name = card["name"].as_str().context("a card has a name")?;
    let story = walk(target, twin, name, items).await?;
    Ok(story["trip"].as_str().context("the twin told no trip")?.to_owned())
}

/// A card that the twin knows takes so many articles. The twin's story of it.
///
/// # Errors
///
/// When the twin does not take it.
pub async fn walk(target: &Target, twin: &str, card: &str, items: u32) -> anyhow::Result<Value> {
    order(target, &format!("{twin}/control/walk"), &json!({ "card": card, "items": items })).await
}

async fn order(target: &Target, url: &str, body: &Value) -> anyhow::Result<Value> {
    Ok(target.http().post(url).json(body).send().await?.error_for_status()?.json().await?)
}

/// Signs in with an address that Storeside knows and the code that it mails into `mails`. The session's cookie.
///
/// # Errors
///
/// When no code comes, or it is not taken.
pub async fn sign_in(target: &Target, email: &str, mails: &Path) -> anyhow::Result<String> {
    let url = target.url().to_owned();
    let post = |path: &str, from: &str, fields: &[(&str, &str)]| {
        let request = target.http().post(format!("{url}{path}")).form(fields);
        request.header("referer", format!("{url}{from}")).header("accept", "text/html")
    };
    let asked = send(post("/api/request_code", "/sign-in", &[("email", email)])).await?;
    let cookie = cookie_of(&asked).context("the sign-in page gave no session")?;
    let code = code_in(mails).await?;
    let request = post("/api/sign_in", "/sign-in/code", &[("code", &code)]).header(COOKIE, &cookie);
    let signed_in = send(request).await?;
    let next = signed_in.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
    if next.contains("__err") {
        bail!("the mailed code was not taken: {next}");
    }
    Ok(cookie_of(&signed_in).unwrap_or(cookie))
}

async fn send(request: RequestBuilder) -> anyhow::Result<Response> {
    Ok(request.send().await?)
}

fn cookie_of(response: &Response) -> Option<String> {
    let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.filter_map(|it| it.split(';').next());
    pairs.rfind(|pair| !pair.ends_with('=')).map(str::to_owned)
}

/// What `find` finds in the first mail that has it, waited for. `None`: no mail in [`MAIL_WAIT`].
pub async fn in_mails(mails: &Path, find: impl Fn(&str) -> Option<String>) -> Option<String> {
    let give_up_at = Instant::now() + MAIL_WAIT;
    loop {
        let files = std::fs::read_dir(mails).into_iter().flatten().flatten();
        let found = files.filter_map(|it| std::fs::read_to_string(it.path()).ok()).find_map(|text| find(&text));
        if found.is_some() || Instant::now() >= give_up_at {
            return found;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn code_in(mails: &Path) -> anyhow::Result<String> {
    let code = in_mails(mails, code_of).await;
    code.with_context(|| format!("no sign-in code was mailed into {} in {} s", mails.display(), MAIL_WAIT.as_secs()))
}

fn code_of(mail: &str) -> Option<String> {
    let is_about_code = mail.lines().any(|line| line.starts_with("Subject:") && line.contains("code"));
    let is_code = |word: &&str| word.len() == CODE_DIGITS && word.bytes().all(|it| it.is_ascii_digit());
    is_about_code.then(|| mail.split_whitespace().find(is_code)).flatten().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_a_mail_about_codes_only() {
        let mail = |subject: &str| format!("From: a@example.com\nSubject: {subject}\n\nHello,\n\n  12345678\n\nBye");
        assert_eq!(code_of(&mail("Your sign-in code")), Some("12345678".to_owned()));
        assert_eq!(code_of(&mail("Your receipt")), None);
        assert_eq!(code_of("Subject: Your code\n\n1234567 123456789"), None);
    }
}
