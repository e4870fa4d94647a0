//! A shopper who walks and signs in, so that pages with something on them can be read.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::target::Target;

/// How long a code may take to arrive.
const CODE_WAIT: Duration = Duration::from_secs(20);

/// Digits of a code.
const CODE_DIGITS: usize = 8;

/// Tells the twin of a card, which then takes so many articles. The trip.
///
/// # Errors
///
/// When the twin does not take it.
pub async fn walk_once(target: &Target, twin: &str, card: &Value, items: u32) -> anyhow::Result<String> {
    let post = async |path: &str, body: &Value| {
        let answer = target.http().post(format!("{twin}{path}")).json(body).send().await?;
        anyhow::Ok(answer.error_for_status()?.json::<Value>().await?)
    };
    post("/control/cards", card).await?;
    let walk = post("/control/walk", &json!({ "card": card["name"], "items": items })).await?;
    Ok(walk["trip"].as_str().context("the twin told no trip")?.to_owned())
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

/// The code of the first mail that has one.
async fn code_in(mails: &Path) -> anyhow::Result<String> {
    let give_up_at = Instant::now() + CODE_WAIT;
    loop {
        let files = std::fs::read_dir(mails).into_iter().flatten().flatten();
        let found = files.filter_map(|it| std::fs::read_to_string(it.path()).ok()).find_map(|text| code_of(&text));
        match found {
            Some(code) => return Ok(code),
            None if Instant::now() < give_up_at => sleep(Duration::from_millis(100)).await,
            None => bail!("no sign-in code was mailed into {} in {} s", mails.display(), CODE_WAIT.as_secs()),
        }
    }
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
