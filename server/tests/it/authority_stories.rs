//! Everything that the portal can be asked, by whose it is: one's own, another's, nobody's, and without being signed in.

use std::collections::BTreeSet;

use app::error::UiError;
use leptos::server_fn::error::ServerFnUrlError;
use reqwest::{StatusCode, Url};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Card, demo_items};
use uuid::Uuid;

use crate::browser::Browser;
use crate::shop::Shop;

const OWNER: &str = "owner.shopper@example.com";
const STRANGER: &str = "stranger.shopper@example.com";

/// The names of everything that pages may ask, as the trait lists them.
fn methods() -> BTreeSet<&'static str> {
    let source = include_str!("../../../app/src/backend.rs");
    let of_trait = source.split("pub trait ShopperBackend").nth(1).and_then(|it| it.split("\n}\n").next()).unwrap();
    of_trait.split("async fn ").skip(1).map(|it| it.split('(').next().unwrap()).collect()
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Needs no session.
    Everybodys,
    /// About oneself: it names nothing that could be another's.
    Ones,
    /// About something that is somebody's.
    Owners,
}

/// How it is asked over HTTP.
enum Ask {
    Get(String),
    Post(&'static str, String, Vec<(&'static str, String)>),
}

/// Names of what is asked about.
struct Things {
    paid: String,
    owed: String,
    refund: String,
    dispute: String,
    payoff: String,
    session: String,
    statement: String,
}

impl Things {
    fn of_nobody() -> Self {
        let id = || Uuid::new_v4().to_string();
        let session = "0".repeat(64);
        Self {
            paid: id(),
            owed: id(),
            refund: id(),
            dispute: id(),
            payoff: id(),
            session,
            statement: "NOBODYS-1".to_owned(),
        }
    }

    /// What is asked, how, and who may.
    fn questions(&self) -> Vec<(&'static str, Whose, Ask)> {
        use Whose::{Everybodys, Ones, Owners};
        let get = |path: &str| Ask::Get(path.to_owned());
        let post = |action, from: &str, fields: &[(&'static str, &str)]| {
            let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            Ask::Post(action, from.to_owned(), fields)
        };
        let Self { paid, owed, refund, dispute, payoff, session, statement } = self;
        let card = [
            ("store", "TEST_STORE_001"),
            ("day", "2026-11-21"),
            ("tail", "0000"),
            ("expiry", "01/30"),
            ("total", "1.00"),
            ("statement", ""),
        ];
        let returned = [
            ("trip", paid.as_str()),
            ("refund", refund),
            ("lines", "1=1"),
            ("reason", "OTHER"),
            ("note", ""),
            ("agreed_minor", "217"),
            ("currency", "USD"),
        ];
        let disputed = [("trip", owed.as_str()), ("dispute", dispute), ("claim", "already_paid"), ("note", "")];
        let due = [("trips", owed.as_str()), ("agreed_minor", "1481"), ("currency", "USD")];
        vec![
            ("who", Everybodys, get("/")),
            ("contacts", Everybodys, get("/help")),
            ("delays", Everybodys, get("/sign-in")),
            ("stores", Everybodys, get("/sign-in/card")),
            ("request_code", Everybodys, post("/api/request_code", "/sign-in", &[("email", "nobody@example.com")])),
            (
                "request_code_by_number",
                Everybodys,
                post("/api/request_code_by_number", "/sign-in/loyalty", &[("number", "L-none")]),
            ),
            ("sign_in", Everybodys, post("/api/sign_in", "/sign-in/code", &[("code", "00000000")])),
            ("sign_in_by_card", Everybodys, post("/api/sign_in_card", "/sign-in/card", &card)),
            ("open_link", Everybodys, post("/api/open_link", "/help", &[("token", "none")])),
            ("sign_out", Everybodys, post("/api/sign_out", "/", &[])),
            ("sessions", Ones, get("/sessions")),
            ("end_sessions", Ones, post("/api/end_sessions", "/sessions", &[])),
            ("is_fresh", Ones, get("/privacy/erase")),
            ("request_confirmation", Ones, post("/api/request_confirmation", "/confirm", &[])),
            ("confirm", Ones, post("/api/confirm", "/confirm/code", &[("code", "00000000")])),
            ("trips", Ones, get("/trips")),
            ("erasure", Ones, get("/privacy/erase")),
            ("erase_data", Ones, post("/api/erase_data", "/privacy/erase", &[("agreed", "yes")])),
            ("balance", Ones, get("/balance")),
            ("end_session", Owners, post("/api/end_session", "/sessions", &[("session", session)])),
            ("find_payment", Owners, post("/api/find_payment", "/trips", &[("number", statement)])),
            ("receipt_mail", Owners, get(&format!("/trips/{paid}"))),
            ("trip", Owners, get(&format!("/trips/{paid}"))),
            ("send_receipt", Owners, post("/api/send_receipt", "/trips", &[("trip", paid)])),
            ("check_payoff", Owners, get(&format!("/balance/check?trip={owed}"))),
            ("pay", Owners, post("/api/pay", "/balance", &due)),
            ("payoff", Owners, get(&format!("/payoff/{payoff}"))),
            ("refund_form", Owners, get(&format!("/trips/{paid}/refund"))),
            ("check_refund", Owners, get(&format!("/trips/{paid}/refund/check?line-1=1&reason=OTHER"))),
            ("ask_refund", Owners, post("/api/ask_refund", "/trips", &returned)),
            ("refund", Owners, get(&format!("/refunds/{refund}"))),
            ("dispute_form", Owners, get(&format!("/trips/{owed}/dispute"))),
            ("open_dispute", Owners, post("/api/open_dispute", "/balance", &disputed)),
            ("dispute", Owners, get(&format!("/disputes/{dispute}"))),
            ("(the receipt on paper)", Owners, get(&format!("/trips/{paid}/receipt.pdf"))),
            ("(one's data)", Ones, get("/privacy/data.json")),
        ]
    }
}

/// What came of it: a page's status, or what a form was refused with.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Page(StatusCode),
    Done,
    Refused(UiError),
}

async fn ask(browser: &mut Browser<'_>, ask: &Ask) -> Answer {
    let (action, from, fields) = match ask {
        Ask::Get(path) => return Answer::Page(browser.get(path).await.0),
        Ask::Post(action, from, fields) => (action, from, fields),
    };
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let next = browser.post(action, from, &fields).await;
    let next = Url::parse("http://localhost").unwrap().join(&next).unwrap();
    match next.query_pairs().find(|(name, _)| name == "__err") {
        Some((_, error)) => Answer::Refused(ServerFnUrlError::<UiError>::decode_err(&error)),
        None => Answer::Done,
    }
}

/// An owner with a paid trip and a debt, and a refund, a dispute and a payoff of them.
async fn things_of_owner(shop: &Shop, browser: &mut Browser<'_>) -> Things {
    for name in ["owner", "stranger"] {
        shop.twin.put_card(Card { limit_minor: 500, ..Card::visa_named(name) });
        shop.twin.walk(name, &demo_items(1)).await.unwrap();
    }
    let paid = shop.twin.walk("owner", &demo_items(1)).await.unwrap().trip;
    let owed = shop.twin.walk("owner", &demo_items(3)).await.unwrap().trip;
    shop.settle().await;
    browser.sign_in(OWNER).await;
    let statement = shop.card_facts(paid).await.unwrap().card_statement_transaction_id.unwrap();
    let mut things = Things { paid: paid.to_string(), owed: owed.to_string(), statement, ..Things::of_nobody() };
    for (method, _, question) in things.questions() {
        if ["pay", "ask_refund", "open_dispute"].contains(&method) {
            assert_eq!(ask(browser, &question).await, Answer::Done, "{method}");
        }
    }
    let payoff: Uuid = sqlx::query_scalar("SELECT payoff_id FROM payoff").fetch_one(&shop.database).await.unwrap();
    things.payoff = payoff.to_string();
    let page = browser.get("/sessions").await.1;
    let name = page.split("name=\"session\" value=\"").nth(1).and_then(|it| it.split('"').next());
    things.session = name.unwrap().to_owned();
    things
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_012_sec_002_whatever_can_be_asked_is_answered_to_its_owner_alone(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let (mut owner, mut stranger) = (Browser::new(&shop), Browser::new(&shop));
    let things = things_of_owner(&shop, &mut owner).await;
    stranger.sign_in(STRANGER).await;
    let asked: BTreeSet<&str> =
        things.questions().iter().map(|(method, ..)| *method).filter(|it| !it.starts_with('(')).collect();
    assert_eq!(asked, methods(), "the table asks everything that can be asked");

    let nobodys = Things::of_nobody().questions();
    for ((method, whose, question), (_, _, of_nobody)) in things.questions().into_iter().zip(nobodys) {
        let signed_out = ask(&mut Browser::new(&shop), &question).await;
        let needs_nobody = whose == Whose::Everybodys;
        let is_sent_away = match signed_out {
            Answer::Page(status) => status.is_redirection(),
            Answer::Refused(error) => error == UiError::NotSignedIn,
            Answer::Done => false,
        };
        assert_eq!(is_sent_away, !needs_nobody, "{method}, signed out: {signed_out:?}");
        if whose != Whose::Owners {
            continue;
        }
        let (to_stranger, to_nobody) = (ask(&mut stranger, &question).await, ask(&mut stranger, &of_nobody).await);
        assert_eq!(to_stranger, to_nobody, "{method}: another's looks like nobody's");
        match (&question, to_stranger) {
            (Ask::Get(path), Answer::Page(status)) if !path.contains('?') => {
                assert_eq!(status, StatusCode::NOT_FOUND, "{method}")
            }
            (_, Answer::Page(status)) => assert!(status.is_client_error(), "{method}: {status}"),
            (_, Answer::Refused(_)) => {}
            (_, Answer::Done) => assert_eq!(method, "end_session", "nothing is done to what is another's"),
        }
        // A form of the owner's was sent before, so that it can be sent again; what is left is a page of the owner's.
        if let Ask::Get(_) = question {
            assert_eq!(ask(&mut owner, &question).await, Answer::Page(StatusCode::OK), "{method}, the owner");
        }
    }
    assert_eq!(owner.get("/sessions").await.0, StatusCode::OK, "the owner is still signed in");
    for (page, own) in [("/trips", &things.paid), ("/balance", &things.owed)] {
        let (status, text) = stranger.get(page).await;
        assert!(status == StatusCode::OK && !text.contains(own.as_str()), "{page} shows another's");
        assert!(!text.contains("owner"), "{page}");
    }
    shop.close().await;
}
