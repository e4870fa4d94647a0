//! Ways into the portal: by card, by loyalty number, by a payment link; and what none of them tells who guesses.

use domain::id::{EmailAddress, OutboxId};
use domain::sign_in::{CardClaim, LastFact};
use reqwest::StatusCode;
use server::flow::canary::add_canary;
use server::flow::payment_link::{notice_link, send_link};
use server::flow::sign_in_card::{CardSignInError, sign_in_card};
use server::flow::staff::Person;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinSet;
use twin::{PayOutcome, demo_items};
use uuid::Uuid;

use crate::browser::{Browser, code_to};
use crate::loyalty_stories::import;
use crate::payoffs::{GOOD, TOTAL, admits, debt, press_pay, session_at, trip_id, way_back, webhooks, with_debtor};
use crate::shop::{Shop, vault};
use crate::ways::{Form, THREE_ITEMS, with_known_debtor, with_visit};

const ANN: Person<'_> = Person { by: "ann", reason: "the shopper came to the desk" };

#[sqlx::test(migrations = "../migrations")]
async fn ptl_001_a_card_and_one_visit_open_all_visits_of_that_card_and_no_others(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, first, facts) = with_visit(connect).await;
    let second = shop.twin.walk("mine", &demo_items(1)).await.unwrap().trip;
    let theirs = shop.twin.walk("mastercard", &demo_items(3)).await.unwrap().trip;
    shop.settle().await;
    let statement = facts.card_statement_transaction_id.clone().unwrap();
    let form = Form::of(&shop, &facts);
    for form in [form.clone().with_total(THREE_ITEMS), form.clone().with_statement(&statement)] {
        let mut browser = Browser::new(&shop);
        let (_, page) = browser.get("/sign-in/card").await;
        assert!(page.contains("TEST_STORE_001") && page.contains("Device Account Number"), "{page}");
        assert_eq!(form.send(&mut browser).await, "/trips");
        let (status, trips) = browser.get("/trips").await;
        assert_eq!(status, 200);
        assert!(trips.contains(&first.to_string()) && trips.contains(&second.to_string()), "{trips}");
        assert!(!trips.contains(&theirs.to_string()) && trips.contains("Signed in with a card"), "{trips}");
        assert_eq!(browser.get(&format!("/trips/{first}")).await.0, 200);
        assert_eq!(browser.get(&format!("/trips/{theirs}")).await.0, StatusCode::NOT_FOUND);
    }
    let seen = "SELECT count(*) FROM audit_entry WHERE action = 'card_facts_tried' AND subject LIKE $1";
    assert_eq!(shop.number(seen, "card:%").await, 2, "each access is in the audit");
    let told = "SELECT string_agg(detail::text, '') FROM audit_entry WHERE action = $1";
    let told = shop.text(told, "card_facts_tried").await.unwrap();
    assert!(!told.contains("7001") && !told.contains(&statement), "{told}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_001_if_008_a_declined_shopper_signs_in_by_card_pays_and_walks_in_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip, facts) = with_known_debtor(connect).await;
    assert!(!shop.twin.tap("mine").await.unwrap().admitted());
    let mut browser = Browser::new(&shop);
    assert_eq!(Form::of(&shop, &facts).with_total("10.32").send(&mut browser).await, "/trips");
    let (_, balance) = browser.get("/balance").await;
    assert!(balance.contains("$10.32") && balance.contains(&trip.to_string()), "{balance}");
    let address = press_pay(&mut browser, &[trip], TOTAL).await;
    let session = session_at(&shop, &address);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    assert!(webhooks(&shop).await.iter().all(|it| *it == 200));
    let (_, page) = browser.get(&way_back(&session, &shop)).await;
    assert!(page.contains("You paid $10.32") && page.contains("opens for your card now"), "{page}");
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    let limit = twin::Card { limit_minor: 1_000_000, ..shop.twin.card("mine").unwrap() };
    shop.twin.put_card(limit);
    assert!(shop.twin.tap("mine").await.unwrap().admitted());
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_the_last_fact_a_card_shows_what_is_owed_lets_it_be_paid_and_tells_nothing_else(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip, facts) = with_known_debtor(connect).await;
    let mut browser = Browser::new(&shop);
    assert_eq!(Form::of(&shop, &facts).send(&mut browser).await, "/balance");
    let (status, balance) = browser.get("/balance").await;
    assert_eq!(status, 200);
    assert!(balance.contains("$10.32") && balance.contains("action=\"/api/pay\""), "{balance}");
    let day = shop.worker.clock.now().date();
    for secret in [trip.to_string(), "Demo Store".to_owned(), day.to_string(), format!("{} {}", day.day(), day.month())]
    {
        assert!(!balance.contains(&secret), "{secret} is in\n{balance}");
    }
    for path in ["/trips".to_owned(), format!("/trips/{trip}"), format!("/balance/check?trip={trip}")] {
        assert_eq!(browser.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let fields = [("trips", ""), ("agreed_minor", "1032"), ("currency", "USD")];
    let address = browser.post("/api/pay", "/balance", &fields).await;
    let session = session_at(&shop, &address);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    let (_, page) = browser.get(&way_back(&session, &shop)).await;
    assert!(page.contains("You paid $10.32") && !page.contains(&trip.to_string()), "{page}");
    assert!(!page.contains("Demo Store"), "{page}");
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));

    // With nothing owed it is a miss like every other.
    let mut again = Browser::new(&shop);
    assert!(Form::of(&shop, &facts).send(&mut again).await.contains("__err"));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_011_whatever_is_tried_takes_its_time_whether_it_is_right_wrong_or_no_form_at_all(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, _, facts) = with_visit(connect).await;
    let took = async |path: &str, fields: &[(&str, &str)]| {
        let begun = tokio::time::Instant::now();
        shop.http.post(format!("{}/api/{path}", shop.url)).form(fields).send().await.unwrap();
        begun.elapsed()
    };
    let its_time = std::time::Duration::from_millis(240);
    for path in ["request_code", "request_code_by_number", "sign_in", "sign_in_card", "open_link", "confirm"] {
        assert!(took(path, &[]).await >= its_time, "{path}");
    }
    let right = Form::of(&shop, &facts).with_statement(facts.card_statement_transaction_id.as_deref().unwrap());
    let begun = tokio::time::Instant::now();
    assert!(right.send(&mut Browser::new(&shop)).await.ends_with("/trips"));
    assert!(begun.elapsed() >= its_time, "and who is let in");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_011_every_miss_is_alike_and_a_whole_card_number_goes_nowhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, _, facts) = with_visit(connect).await;
    let statement = facts.card_statement_transaction_id.clone().unwrap();
    let right = Form::of(&shop, &facts).with_statement(&statement);
    // Two cards of one tail and expiry that paid the same: two are as little as none.
    for twin_card in ["left", "right"] {
        shop.twin.put_card(twin::Card { last_four: "7002".to_owned(), ..twin::Card::visa_named(twin_card) });
        shop.twin.walk(twin_card, &demo_items(2)).await.unwrap();
    }
    shop.settle().await;
    let misses = [
        Form { store: "NO_SUCH_STORE".to_owned(), ..right.clone() },
        Form { day: "2020-02-02".to_owned(), ..right.clone() },
        Form { tail: "7003".to_owned(), ..right.clone() },
        Form { expiry: "11/30".to_owned(), ..right.clone() },
        right.clone().with_statement("CST-of-nobody"),
        right.clone().with_statement("").with_total("14.82"),
        Form { tail: "7002".to_owned(), ..right.clone() }.with_statement("").with_total("10.32"),
    ];
    let mut pages = vec![];
    for miss in &misses {
        let mut browser = Browser::new(&shop);
        let begun = tokio::time::Instant::now();
        let next = miss.send(&mut browser).await;
        assert!(begun.elapsed() >= std::time::Duration::from_millis(240), "a miss takes its time");
        let (status, page) = browser.get(next.strip_prefix(&shop.url).unwrap_or(&next)).await;
        assert!(page.contains("We cannot find one card"), "{page}");
        for typed in [&miss.tail, &miss.expiry, "CST-of-nobody", "14.82"] {
            assert!(!page.contains(typed), "{typed} is repeated");
        }
        assert_eq!(browser.get("/trips").await.0, StatusCode::FOUND, "nobody is signed in");
        pages.push((next, status, page.len()));
    }
    assert!(pages.iter().all(|it| *it == pages[0]), "{pages:?}");

    let mut browser = Browser::new(&shop);
    let whole = Form { tail: "4242 4242 4242 4242".to_owned(), ..right.clone() };
    let next = whole.send(&mut browser).await;
    let (_, page) = browser.get(next.strip_prefix(&shop.url).unwrap_or(&next)).await;
    assert!(page.contains("Enter only four digits") && page.contains("href=\"#tail\""), "{page}");
    assert!(!page.contains("4242 4242") && !next.contains("4242"), "{next}");
    let kept = "SELECT count(*) FROM session WHERE content::text ~ $1";
    assert_eq!(shop.number(kept, r"\m4242\M").await, 0);
    let before = "SELECT count(*) FROM audit_entry WHERE action = 'card_facts_tried' AND subject = $1";
    assert_eq!(shop.number(before, "nobody").await, 7, "what is no claim was not looked up");
    assert_eq!(right.send(&mut browser).await, "/trips", "and whoever has the statement comes in");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_011_a_thousand_guesses_open_nothing_and_the_statement_opens_all_the_same(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, _, facts) = with_visit(connect).await;
    let (db, vault, now) = (&shop.database, vault(), shop.worker.clock.now());
    let claim = |tail: String, last| CardClaim {
        store: "TEST_STORE_001".parse().unwrap(),
        day: now.date(),
        tail: tail.parse().unwrap(),
        expiry: "12/30".parse().unwrap(),
        last,
    };
    let (mut missed, mut waits, mut asked) = (0, 0, 0);
    for guess in 0..1_000 {
        // Every network guesses once, and the right card among the rest, with totals of which one is right.
        let total = LastFact::new(&format!("{}.81", guess % 30), "").unwrap();
        let claim = claim(format!("{:04}", 6_900 + guess % 200), total);
        match sign_in_card(db, &vault, &claim, &format!("10.{}.{}.0/24", guess / 250, guess % 250), now).await {
            Err(CardSignInError::NoMatch) => missed += 1,
            Err(CardSignInError::TooMany) => waits += 1,
            Err(CardSignInError::AskStatement) => asked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(missed, domain::sign_in::STORE_MISSES);
    assert_eq!(missed + waits + asked, 1_000);
    let statement = LastFact::new("", facts.card_statement_transaction_id.as_deref().unwrap()).unwrap();
    let own = claim("7001".to_owned(), statement);
    assert!(sign_in_card(db, &vault, &own, "10.0.1.0/24", now).await.is_ok(), "others' guesses keep nobody out");
    let right = claim("7001".to_owned(), LastFact::new(THREE_ITEMS, "").unwrap());
    let next_day = now + time::Duration::days(1);
    assert!(sign_in_card(db, &vault, &right, "10.0.1.0/24", next_day).await.is_ok(), "and it is over the next day");

    // One network that goes on waits longer and longer.
    let mut looked_up = 0;
    for minute in 0..45 {
        let claim = claim(format!("{minute:04}"), LastFact::new("1.00", "").unwrap());
        let at = next_day + time::Duration::minutes(minute);
        looked_up += i32::from(matches!(
            sign_in_card(db, &vault, &claim, "10.9.9.0/24", at).await,
            Err(CardSignInError::NoMatch)
        ));
    }
    assert_eq!(looked_up, 9, "guesses in three quarters of an hour");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_011_a_thousand_guesses_through_the_portal_open_nothing_either(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, _, facts) = with_visit(connect).await;
    let form = Form::of(&shop, &facts);
    let mut under_way = JoinSet::new();
    for guess in 0..1_000 {
        // As above: every network once, and the right card with the right total among the rest, too late.
        let total = if guess == 900 { THREE_ITEMS.to_owned() } else { format!("{}.81", guess % 10) };
        let tail = if guess == 900 { "7001".to_owned() } else { format!("{:04}", 6_900 + guess % 100) };
        let form = Form { tail, ..form.clone() }.with_total(&total);
        let request = form.request_from(&shop, &format!("10.{}.{}.7", guess / 250, guess % 250));
        under_way
            .spawn(async move { request.send().await.unwrap().headers()["location"].to_str().unwrap().to_owned() });
        if under_way.len() >= 25 {
            let to = under_way.join_next().await.unwrap().unwrap();
            assert!(to.contains("__err"), "a guess was let in to {to}");
        }
    }
    while let Some(to) = under_way.join_next().await {
        assert!(to.unwrap().contains("__err"));
    }
    let looked_up = "SELECT count(*) FROM audit_entry WHERE action = $1";
    let looked_up = shop.number(looked_up, "card_facts_tried").await;
    assert_eq!(looked_up, i64::from(domain::sign_in::STORE_MISSES), "also of many at once");
    let own = form.with_statement(facts.card_statement_transaction_id.as_deref().unwrap());
    let own = own.request_from(&shop, "192.0.2.7").send().await.unwrap();
    assert_eq!(own.headers()["location"], "/trips", "others' guesses keep nobody out");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_canary_that_sings_is_an_alert(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip, facts) = with_visit(connect).await;
    let form = Form::of(&shop, &facts).with_total(THREE_ITEMS);
    form.send(&mut Browser::new(&shop)).await;
    assert_eq!(shop.alerts("canary_opened", trip).await, 0);
    add_canary(&shop.database, &trip_id(trip), ANN, shop.worker.clock.now()).await.unwrap();
    assert!(add_canary(&shop.database, &trip_id(trip), ANN, shop.worker.clock.now()).await.is_err(), "once");
    form.clone().with_total("1.00").send(&mut Browser::new(&shop)).await;
    assert_eq!(shop.alerts("canary_opened", trip).await, 0, "who misses opens nothing");
    form.send(&mut Browser::new(&shop)).await;
    assert_eq!(shop.alerts("canary_opened", trip).await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_002_a_loyalty_number_brings_a_code_to_the_address_on_file_and_an_unknown_one_looks_the_same(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(3)).await.unwrap();
    shop.settle().await;
    let members = "loyalty_number,email\nL-100,visa.shopper@example.com\nL-200,new@example.com\nL-300,\n";
    import(&shop, members, false).await.unwrap();
    let mut answers = vec![];
    for number in ["L-100", "L-300", "L-999", " L-100 "] {
        let mut browser = Browser::new(&shop);
        let fields = [("loyalty_number", number)];
        let next = browser.post("/api/request_code_by_number", "/sign-in/loyalty", &fields).await;
        let (status, page) = browser.get(&next).await;
        answers.push((next, status, page.len()));
    }
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
    shop.settle().await;
    let mails = shop.twin.mails().unwrap();
    assert_eq!(mails.iter().filter(|it| it.subject.contains("code")).count(), 2, "to members with an address only");

    let mut browser = Browser::new(&shop);
    browser.post("/api/request_code_by_number", "/sign-in/loyalty", &[("loyalty_number", "L-100")]).await;
    let code = code_to(&shop, "visa.shopper@example.com").await;
    assert_eq!(browser.post("/api/sign_in", "/sign-in/code", &[("code", &code)]).await, "/trips");
    assert!(browser.get("/trips").await.1.contains(&walk.trip.to_string()));

    // A member whose card nobody knows signs in by number and by address, and sees the visits that were priced for them.
    let trip = walk.trip.to_string();
    let priced = "INSERT INTO loyalty_visit (trip_id, loyalty_number) VALUES ($1, 'L-200')";
    sqlx::query(priced).bind(&trip).execute(&shop.database).await.unwrap();
    let mut member = Browser::new(&shop);
    member.sign_in("new@example.com").await;
    assert!(member.get("/trips").await.1.contains(&trip));
    import(&shop, "loyalty_number,email,ended\nL-200,new@example.com,yes\n", false).await.unwrap();
    assert!(!member.get("/trips").await.1.contains(&trip), "who is no member any more sees nothing of it");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_a_debtor_whose_card_amazon_tells_nothing_of_pays_by_a_link_from_staff(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    assert!(shop.card_facts(trip).await.is_none());
    assert!(!admits(&shop).await);
    let (id, to, now) = (trip_id(trip), EmailAddress::new("at.the.desk@example.com").unwrap(), shop.worker.clock.now());
    send_link(&shop.database, &vault(), &id, Some(&to), ANN, now).await.unwrap();
    let sealed = "SELECT count(*) FROM payment_link WHERE trip_id = $1 AND token_sealed IS NOT NULL";
    assert_eq!(shop.number(sealed, trip).await, 1);
    shop.settle().await;
    assert_eq!(shop.number(sealed, trip).await, 0, "what is mailed is forgotten");
    let mail = shop.mails_to("at.the.desk@example.com").remove(0);
    let address = mail.text.split_whitespace().find(|word| word.contains("/link/")).unwrap().to_owned();
    let path = address.strip_prefix(&shop.url).unwrap();
    let token = path.strip_prefix("/link/").unwrap();

    // A mailbox that looks at links uses none up.
    for _ in 0..3 {
        let (status, page) = Browser::new(&shop).get(path).await;
        assert!(status == 200 && !page.contains("$10.32"), "{page}");
    }
    let mut browser = Browser::new(&shop);
    assert_eq!(browser.post("/api/open_link", path, &[("token", token)]).await, "/balance");
    let (_, balance) = browser.get("/balance").await;
    assert!(balance.contains("$10.32") && balance.contains(&trip.to_string()), "{balance}");
    assert_eq!(browser.get(&format!("/trips/{trip}")).await.0, 200);
    let mut second = Browser::new(&shop);
    assert!(second.post("/api/open_link", path, &[("token", token)]).await.contains("__err"), "good once");
    assert_eq!(second.get("/balance").await.0, StatusCode::FOUND);

    let session = session_at(&shop, &press_pay(&mut browser, &[trip], TOTAL).await);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    let (_, page) = browser.get(&way_back(&session, &shop)).await;
    assert!(page.contains("You paid $10.32"), "{page}");
    assert!(admits(&shop).await);
    let refused = send_link(&shop.database, &vault(), &id, None, ANN, now).await;
    assert!(refused.unwrap_err().to_string().contains("nothing is owed"));
    let made =
        "SELECT actor || ' ' || detail::text FROM audit_entry WHERE action = 'payment_link_made' AND subject = $1";
    let made = shop.text(made, trip).await.unwrap();
    assert!(made.starts_with("ann ") && !made.contains("at.the.desk") && !made.contains(token), "{made}");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_the_mail_about_a_debt_has_a_link_that_opens_its_visit_once(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mail = shop.mails_to("insufficient.shopper@example.com").remove(0);
    assert!(mail.subject.starts_with("You owe"), "{}", mail.subject);
    let address = mail.text.split_whitespace().find(|word| word.contains("/link/")).unwrap().to_owned();
    let path = address.strip_prefix(&shop.url).unwrap();
    let token = path.strip_prefix("/link/").unwrap();
    let effect = "SELECT outbox_id FROM outbox WHERE kind = 'send_debt_notice'";
    let effect: Uuid = sqlx::query_scalar(effect).fetch_one(&shop.database).await.unwrap();
    let again = async |now| notice_link(&shop.database, &vault(), OutboxId(effect), &trip_id(trip), now).await.unwrap();
    let now = shop.worker.clock.now();
    assert_eq!(again(now).await.unwrap().expose(), token, "a mail that is sent again has the same link");
    let links = "SELECT count(*) FROM payment_link WHERE trip_id = $1";
    assert_eq!(shop.number(links, trip).await, 1);

    let mut browser = Browser::new(&shop);
    assert_eq!(browser.post("/api/open_link", path, &[("token", token)]).await, "/balance");
    again(now).await;
    let mut second = Browser::new(&shop);
    assert!(second.post("/api/open_link", path, &[("token", token)]).await.contains("__err"), "good once");
    let session = session_at(&shop, &press_pay(&mut browser, &[trip], TOTAL).await);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    assert!(admits(&shop).await);
    assert!(again(now).await.is_none(), "nobody is asked for what is paid");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_link_is_over_after_seven_days(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    let now = shop.worker.clock.now();
    let token = send_link(&shop.database, &vault(), &trip_id(trip), None, ANN, now).await.unwrap();
    shop.jump(time::Duration::days(7) + time::Duration::SECOND);
    let path = format!("/link/{}", token.expose());
    let mut browser = Browser::new(&shop);
    assert!(browser.post("/api/open_link", &path, &[("token", token.expose())]).await.contains("__err"));
    assert_eq!(browser.get("/balance").await.0, StatusCode::FOUND, "nobody is signed in");
    assert_eq!(browser.get("/link/short").await.0, StatusCode::GONE);
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sessions_are_listed_ended_one_by_one_and_all_and_the_sixth_ends_the_first(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, _, facts) = with_visit(connect).await;
    let form = Form::of(&shop, &facts).with_total(THREE_ITEMS);
    let mut browsers = vec![];
    for _ in 0..6 {
        let mut browser = Browser::new(&shop);
        assert_eq!(form.send(&mut browser).await, "/trips");
        assert_eq!(browser.get("/trips").await.0, 200);
        browsers.push(browser);
        shop.jump(time::Duration::seconds(2));
    }
    let mut statuses = vec![];
    for browser in &mut browsers {
        statuses.push(browser.get("/trips").await.0.as_u16());
    }
    assert_eq!(statuses, [302, 200, 200, 200, 200, 200], "the oldest has ended");

    // Somebody else's session is nobody's here.
    let mut other = Browser::new(&shop);
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    other.sign_in("visa.shopper@example.com").await;
    let (_, theirs) = other.get("/sessions").await;
    let name_in = |page: &str, nth: usize| {
        page.split("name=\"session\" value=\"").nth(nth).map(|it| it.split('"').next().unwrap().to_owned())
    };
    let stranger = name_in(&theirs, 1).unwrap();
    let last = browsers.len() - 1;
    let (_, page) = browsers[last].get("/sessions").await;
    assert_eq!(page.matches("name=\"session\"").count(), 5, "{page}");
    assert_eq!(page.matches("This browser").count(), 1);
    assert!(browsers[last].post("/api/end_session", "/sessions", &[("session", &stranger)]).await.contains("__err"));
    assert_eq!(other.get("/trips").await.0, 200);

    // The second in the list is the one before this.
    let name = name_in(&page, 2).unwrap();
    assert_eq!(browsers[last].post("/api/end_session", "/sessions", &[("session", &name)]).await, "/sessions");
    assert_eq!(browsers[last - 1].get("/trips").await.0, StatusCode::FOUND);
    assert_eq!(browsers[last].get("/trips").await.0, 200);
    assert_eq!(browsers[last].post("/api/end_sessions", "/sessions", &[]).await, "/signed-out");
    for browser in &mut browsers {
        assert_eq!(browser.get("/trips").await.0, StatusCode::FOUND);
    }
    assert_eq!(other.get("/trips").await.0, 200);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_is_confirmed_by_a_code_to_the_address_it_is_of(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, _, facts) = with_visit(connect).await;
    let mut browser = Browser::new(&shop);
    browser.sign_in("mine.shopper@example.com").await;
    let before = browser.cookie();
    assert_eq!(
        browser.post("/api/request_confirmation", "/confirm", &[("next", "/balance")]).await,
        "/confirm/code?next=/balance"
    );
    let code = code_to(&shop, "mine.shopper@example.com").await;
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    assert!(browser.post("/api/confirm", "/confirm/code", &[("code", wrong)]).await.contains("__err"));
    let fields = [("code", code.as_str()), ("next", "/balance")];
    assert_eq!(browser.post("/api/confirm", "/confirm/code", &fields).await, "/balance");
    assert_ne!(browser.cookie(), before, "the session has a new id");
    assert_eq!(browser.get("/trips").await.0, 200);
    let confirmed = "SELECT count(*) FROM session WHERE content->'signed_in'->>'confirmed_at' IS NOT NULL AND $1 = ''";
    assert_eq!(shop.number(confirmed, "").await, 1);

    // Who is known by a card has no address to confirm by.
    let mut card = Browser::new(&shop);
    Form::of(&shop, &facts).with_total(THREE_ITEMS).send(&mut card).await;
    assert!(card.post("/api/request_confirmation", "/confirm", &[]).await.contains("__err"));
    assert!(Browser::new(&shop).post("/api/request_confirmation", "/confirm", &[]).await.contains("__err"));
    shop.close().await;
}
