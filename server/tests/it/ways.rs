//! What stories of the ways in share: cards with facts, and forms filled with them.

use domain::receipt::CardFacts;
use sqlx::postgres::PgConnectOptions;
use twin::{Card, demo_items};
use uuid::Uuid;

use crate::browser::Browser;
use crate::shop::Shop;

/// 1.99, 7.49 and 4.12 of the demo's things, and their tax.
pub(crate) const THREE_ITEMS: &str = "14.81";

const ACTION: &str = "/api/sign_in_card";

/// What a shopper fills in at `/sign-in/card`.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) store: String,
    pub(crate) day: String,
    pub(crate) tail: String,
    pub(crate) expiry: String,
    pub(crate) total: String,
    pub(crate) statement: String,
}

impl Form {
    /// What is true of a visit whose facts are known, without the last fact.
    pub(crate) fn of(shop: &Shop, facts: &CardFacts) -> Self {
        let year = facts.expiration_year.clone().unwrap();
        Self {
            store: "TEST_STORE_001".to_owned(),
            day: shop.worker.clock.now().date().to_string(),
            tail: facts.tail.clone().unwrap(),
            expiry: format!("{}/{}", facts.expiration_month.as_ref().unwrap(), &year[2..]),
            total: String::new(),
            statement: String::new(),
        }
    }

    pub(crate) fn with_total(self, total: &str) -> Self {
        Self { total: total.to_owned(), ..self }
    }

    pub(crate) fn with_statement(self, statement: &str) -> Self {
        Self { statement: statement.to_owned(), ..self }
    }

    /// Sends the form. Where it leads.
    pub(crate) async fn send(&self, browser: &mut Browser<'_>) -> String {
        browser.post(ACTION, "/sign-in/card", &self.fields()).await
    }

    /// The same without a browser, from a network of one's own.
    pub(crate) fn request_from(&self, shop: &Shop, network: &str) -> reqwest::RequestBuilder {
        let request = shop.http.post(format!("{}{ACTION}", shop.url)).form(&self.fields());
        let request = request.header("referer", format!("{}/sign-in/card", shop.url)).header("accept", "text/html");
        request.header("x-forwarded-for", network)
    }

    fn fields(&self) -> [(&str, &str); 6] {
        [
            ("store", &self.store),
            ("day", &self.day),
            ("tail", &self.tail),
            ("expiry", &self.expiry),
            ("total", &self.total),
            ("statement", &self.statement),
        ]
    }
}

/// A shop in which somebody paid [`THREE_ITEMS`] with the card `mine`, whose facts Amazon told.
pub(crate) async fn with_visit(connect: PgConnectOptions) -> (Shop, Uuid, CardFacts) {
    let shop = Shop::open(connect).await;
    shop.twin.put_card(Card { last_four: "7001".to_owned(), ..Card::visa_named("mine") });
    let trip = shop.twin.walk("mine", &demo_items(3)).await.unwrap().trip;
    shop.settle().await;
    let facts = shop.card_facts(trip).await.unwrap();
    (shop, trip, facts)
}

/// The same, and the bank then said no to another visit of the card: 10.32 are owed. Gives that visit.
pub(crate) async fn with_known_debtor(connect: PgConnectOptions) -> (Shop, Uuid, CardFacts) {
    let (shop, _, facts) = with_visit(connect).await;
    let mine = shop.twin.card("mine").unwrap();
    shop.twin.put_card(Card { limit_minor: 0, ..mine });
    let trip = shop.twin.walk("mine", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    (shop, trip, facts)
}
