//! What callers do: each operation is one thing that Amazon or a shopper waits for.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::body::{self, Visit};
use crate::target::Target;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Amazon's gate asks whether a card may come in (Shopper Authorization).
    Tap,
    /// Amazon sends a cart (Create Purchases), for a visit of its own that no gate saw.
    Cart,
    /// A shopper reads pages of the portal: the trips and the balance, or the start page where nobody is signed in.
    Page,
    /// A shopper walks in, takes three things and leaves. The twin does both calls, and plays Amazon for all that follows.
    Walk,
    /// A shopper sends the portal's form and asks for the first article of a trip back. Of trips that were asked for before, the same
    /// form is sent again, as by a double click.
    Refund,
}

impl Operation {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Tap, Self::Cart, Self::Page, Self::Walk, Self::Refund];

    /// Its word in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Cart => "cart",
            Self::Page => "page",
            Self::Walk => "walk",
            Self::Refund => "refund",
        }
    }

    /// The only status that is no failure.
    #[must_use]
    pub fn expects(self) -> u16 {
        match self {
            Self::Tap | Self::Page | Self::Walk => 200,
            Self::Cart => 201,
            Self::Refund => 302,
        }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// What was hoped for.
    Fine,
    /// Another status.
    Status(u16),
    /// Nothing, and why in one word.
    Nothing(&'static str),
}

/// Who visits: the cards come in turns, so that as many of them are known as there are.
#[derive(Debug)]
pub struct Crowd {
    cards: u64,
    next: AtomicU64,
    prefix: String,
    cookie: Option<String>,
    pages: Vec<String>,
    bought: Vec<Bought>,
    twin: Option<String>,
}

/// A trip of who is signed in, with something in it that can come back.
#[derive(Debug, Clone)]
pub struct Bought {
    /// The trip.
    pub trip: String,
    /// The id under which the refund is asked for, however often.
    pub refund: Uuid,
    /// What the first article costs with its tax, in cents.
    pub minor: i64,
}

impl Crowd {
    /// So many cards, whose ids begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str, cards: u64) -> Self {
        let (next, prefix) = (AtomicU64::new(0), prefix.to_owned());
        Self {
            cards: cards.max(1),
            next,
            prefix,
            cookie: None,
            pages: vec!["/".to_owned()],
            bought: vec![],
            twin: None,
        }
    }

    /// The trips and the balance are read, with this cookie.
    #[must_use]
    pub fn signed_in(self, cookie: String) -> Self {
        Self { cookie: Some(cookie), ..self }.reading(&["/trips", "/balance"])
    }

    /// These pages are read, in turns.
    #[must_use]
    pub fn reading(self, pages: &[&str]) -> Self {
        Self { pages: pages.iter().map(|&page| page.to_owned()).collect(), ..self }
    }

    /// Who is signed in brings back something of each of these trips.
    #[must_use]
    pub fn returning(self, bought: Vec<Bought>) -> Self {
        Self { bought, ..self }
    }

    /// Who walks, walks there. The twin is told of the cards.
    ///
    /// # Errors
    ///
    /// When the twin does not take them.
    pub async fn walking(self, target: &Target, twin: &str) -> anyhow::Result<Self> {
        for place in 0..self.cards {
            let card = json!({ "name": format!("{}{place:08}", self.prefix) });
            let put = target.http().post(format!("{twin}/control/cards")).json(&card).send();
            put.await?.error_for_status()?;
        }
        Ok(Self { twin: Some(twin.to_owned()), ..self })
    }

    /// The next visit.
    pub fn visit(&self) -> Visit {
        Visit::of(&self.card())
    }

    fn card(&self) -> String {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.cards;
        format!("{}{turn:08}", self.prefix)
    }

    fn page(&self) -> &str {
        self.in_turn(&self.pages).map_or("/", String::as_str)
    }

    fn in_turn<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        all.get(turn % all.len().max(1))
    }
}

/// Does it once.
pub async fn perform(operation: Operation, target: &Target, crowd: &Crowd) -> Answer {
    let request = match operation {
        Operation::Tap => target.connector(body::GATE, body::tap(&target.store, &crowd.visit())),
        Operation::Cart => target.connector(body::CARTS, body::cart(&target.store, &crowd.visit())),
        Operation::Page => {
            let request = target.http().get(format!("{}{}", target.url(), crowd.page())).header("accept", "text/html");
            match &crowd.cookie {
                Some(cookie) => request.header("cookie", cookie),
                None => request,
            }
        }
        Operation::Walk => return walk(target, crowd).await,
        Operation::Refund => return refund(target, crowd).await,
    };
    answer_of(operation, request).await
}

/// A walk is fine when the gate opened and the cart was taken.
async fn walk(target: &Target, crowd: &Crowd) -> Answer {
    let Some(twin) = &crowd.twin else { return Answer::Nothing("no twin") };
    let order = json!({ "card": crowd.card(), "items": 3 });
    let walked = async {
        let response = target.http().post(format!("{twin}/control/walk")).json(&order).send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.json::<Value>().await.unwrap_or_default()))
    };
    match walked.await {
        Ok((200, story)) => match story["cart"]["status"].as_u64().or(story["gate"]["status"].as_u64()) {
            Some(201) => Answer::Fine,
            Some(status) => Answer::Status(u16::try_from(status).unwrap_or(0)),
            None => Answer::Nothing("no story"),
        },
        Ok((status, _)) => Answer::Status(status),
        Err(error) if error.is_timeout() => Answer::Nothing("timeout"),
        Err(_) => Answer::Nothing("broken off"),
    }
}

/// A refund is fine when its own page is next: what is wrong with it would bring the form back.
async fn refund(target: &Target, crowd: &Crowd) -> Answer {
    let (Some(bought), Some(cookie)) = (crowd.in_turn(&crowd.bought), &crowd.cookie) else {
        return Answer::Nothing("nothing bought");
    };
    let (page, id, agreed) =
        (format!("/trips/{}/refund/check", bought.trip), bought.refund.to_string(), bought.minor.to_string());
    let fields = [
        ("trip", bought.trip.as_str()),
        ("refund", &id),
        ("lines", "1=1"),
        ("reason", "OTHER"),
        ("note", ""),
        ("agreed_minor", &agreed),
        ("currency", "USD"),
    ];
    let request = target.http().post(format!("{}/api/ask_refund", target.url())).form(&fields);
    let request = request
        .header("cookie", cookie)
        .header("accept", "text/html")
        .header("referer", format!("{}{page}", target.url()));
    match request.send().await {
        Ok(response) if response.status().as_u16() == Operation::Refund.expects() => {
            let next = response.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
            if next.ends_with(&format!("/refunds/{id}")) { Answer::Fine } else { Answer::Nothing("refused") }
        }
        Ok(response) => Answer::Status(response.status().as_u16()),
        Err(error) if error.is_timeout() => Answer::Nothing("timeout"),
        Err(_) => Answer::Nothing("broken off"),
    }
}

/// Sends a request and reads its answer to the end.
pub async fn answer_of(operation: Operation, request: reqwest::RequestBuilder) -> Answer {
    let answered = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok::<_, reqwest::Error>(status)
    };
    match answered.await {
        Ok(status) if status == operation.expects() => Answer::Fine,
        Ok(status) => Answer::Status(status),
        Err(error) if error.is_timeout() => Answer::Nothing("timeout"),
        Err(error) if error.is_connect() => Answer::Nothing("no connection"),
        Err(_) => Answer::Nothing("broken off"),
    }
}
