//! A browser without a program in it: forms, cookies and pages.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Response, StatusCode};

use crate::shop::Shop;

/// A browser that keeps cookies.
pub(crate) struct Browser<'a> {
    shop: &'a Shop,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    /// What it shows to be known again.
    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone().unwrap()
    }

    pub(crate) fn new(shop: &'a Shop) -> Self {
        Self { shop, cookie: None }
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Response {
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = request.header("accept", "text/html").send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        response
    }

    pub(crate) async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let response = self.send(self.shop.http.get(format!("{}{path}", self.shop.url))).await;
        (response.status(), response.text().await.unwrap())
    }

    /// Where a form sends the browser.
    pub(crate) async fn post(&mut self, action: &str, from: &str, fields: &[(&str, &str)]) -> String {
        let request = self.shop.http.post(format!("{}{action}", self.shop.url)).form(fields);
        let response = self.send(request.header("referer", format!("{}{from}", self.shop.url))).await;
        assert_eq!(response.status(), StatusCode::FOUND, "{action}");
        response.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    pub(crate) async fn sign_in(&mut self, email: &str) {
        self.post("/api/request_code", "/sign-in", &[("email", email)]).await;
        let code = code_to(self.shop, email).await;
        let next = self.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await;
        assert!(!next.contains("__err"), "{next}");
    }
}

pub(crate) async fn code_to(shop: &Shop, email: &str) -> String {
    shop.settle().await;
    let mails = shop.mails_to(email);
    let mail = mails.iter().find(|mail| mail.subject.contains("code")).expect("a code was mailed");
    mail.text
        .split_whitespace()
        .find(|word| word.len() == 8 && word.chars().all(|c| c.is_ascii_digit()))
        .unwrap()
        .to_owned()
}

/// What a hidden field of a page has.
pub(crate) fn field(page: &str, name: &str) -> String {
    let tag = page.split('<').find(|tag| tag.contains(&format!("name=\"{name}\""))).unwrap_or_default();
    let value = tag.split_once("value=\"").and_then(|(_, rest)| rest.split_once('"'));
    value.unwrap_or_else(|| panic!("no field {name} in\n{page}")).0.to_owned()
}
