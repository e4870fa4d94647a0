//! "I already paid" and "this is not mine": said by the shopper, decided by a person.

use domain::dispute::DisputeKind;
use domain::id::DisputeId;
use domain::viewer::Viewer;
use reqwest::StatusCode;
use server::flow::dispute::{
    DisputeOrder, DisputeRow, Resolution, ResolveDisputeError, dispute_note, open_dispute, resolve_dispute,
};
use server::flow::settle_debt::Decider;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;
use uuid::Uuid;

use crate::browser::{Browser, field};
use crate::payoffs::{OWES, TOTAL, admits, debt, pay, signed_in, trip_id, webhooks, with_debtor};
use crate::programs::Programs;
use crate::shop::{Shop, vault};

const BEN: Decider<'static> = Decider { by: "ben", second: None, reason: "the video shows this card" };

fn check_address(trip: Uuid, claim: &str) -> String {
    format!("/trips/{trip}/dispute/check?claim={claim}")
}

/// Sends the form of the page at `check_address`. Where it leads.
async fn send(browser: &mut Browser<'_>, trip: Uuid, page: &str, note: &str) -> String {
    let values = ["trip", "dispute", "claim"].map(|name| (name, field(page, name)));
    let mut fields: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("note", note));
    browser.post("/api/open_dispute", &check_address(trip, "not_mine"), &fields).await
}

/// Says that a trip is not theirs. The dispute's page.
async fn open(browser: &mut Browser<'_>, trip: Uuid) -> String {
    let (status, page) = browser.get(&check_address(trip, "not_mine")).await;
    assert_eq!(status, 200, "{page}");
    let address = send(browser, trip, &page, "Jane was in Boulder").await;
    assert!(address.starts_with("/disputes/"), "{address}");
    address
}

fn id_of(address: &str) -> DisputeId {
    address.strip_prefix("/disputes/").unwrap().parse().unwrap()
}

async fn resolve(
    shop: &Shop,
    address: &str,
    resolution: Resolution,
    decider: Decider<'_>,
) -> Result<DisputeRow, ResolveDisputeError> {
    resolve_dispute(&shop.database, id_of(address), resolution, decider, shop.worker.clock.now()).await
}

async fn entries(shop: &Shop) -> i64 {
    shop.number("SELECT count(*) FROM ledger_entry WHERE $1 = ''", "").await
}

fn mails(shop: &Shop, part: &str) -> usize {
    shop.mails_to(OWES).iter().filter(|it| it.text.contains(part)).count()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_moves_no_money_and_what_a_person_decides_is_told_and_done(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let (_, balance) = browser.get("/balance").await;
    assert!(balance.contains(&format!("href=\"/trips/{trip}/dispute\"")), "{balance}");
    let (_, claims) = browser.get(&format!("/trips/{trip}/dispute")).await;
    assert!(claims.contains("already_paid") && claims.contains("not_mine") && claims.contains("$10.32"), "{claims}");
    let before = entries(&shop).await;
    let address = open(&mut browser, trip).await;
    let (_, page) = browser.get(&address).await;
    assert!(page.contains("We look at it") && page.contains("This trip is not mine"), "{page}");
    assert_eq!((entries(&shop).await, debt(&shop, trip).await), (before, (TOTAL, 0)), "no money moves by it");
    assert!(!admits(&shop).await, "and the gate stays as it is");
    assert_eq!(shop.alerts("dispute_open", id_of(&address)).await, 1);
    let (_, balance) = browser.get("/balance").await;
    assert!(balance.contains("You told us that this is wrong") && balance.contains(&address), "{balance}");
    let (_, form) = browser.get(&format!("/trips/{trip}/dispute")).await;
    assert!(form.contains("You have already told us") && form.contains(&address), "{form}");
    let note = dispute_note(&shop.database, &vault(), id_of(&address)).await.unwrap().unwrap();
    assert_eq!(note.expose(), "Jane was in Boulder");
    let kept = "SELECT (SELECT string_agg(dispute::text, ' ') FROM dispute WHERE $1 = '')
        || (SELECT string_agg(audit_entry::text, ' ') FROM audit_entry)";
    assert!(!shop.text(kept, "").await.unwrap().contains("Jane"), "sealed, and in no audit");

    resolve(&shop, &address, Resolution::Rejected, BEN).await.unwrap();
    shop.settle().await;
    let (_, page) = browser.get(&address).await;
    assert!(page.contains("The amount stays") && page.contains("the video shows this card"), "{page}");
    assert_eq!((mails(&shop, "the video shows this card"), debt(&shop, trip).await), (1, (TOTAL, 0)));
    let open_alerts = "SELECT count(*) FROM alert WHERE subject = $1 AND closed_at IS NULL";
    assert_eq!(shop.number(open_alerts, id_of(&address)).await, 0);
    let again = resolve(&shop, &address, Resolution::Upheld, BEN).await;
    assert!(matches!(again, Err(ResolveDisputeError::Decided("rejected"))), "{again:?}");

    let second = open(&mut browser, trip).await;
    assert_ne!(second, address);
    let ann = Decider { by: "ann", second: None, reason: "the till has the cash" };
    resolve(&shop, &second, Resolution::Upheld, ann).await.unwrap();
    shop.settle().await;
    let (_, page) = browser.get(&second).await;
    assert!(page.contains("You are right") && !page.contains("the till has the cash"), "{page}");
    assert_eq!((mails(&shop, "You are right"), debt(&shop, trip).await), (1, (0, 0)));
    let told = shop.twin.truth().trip(trip).feedback.last().map(|it| (it.total_minor, it.settled_minor));
    assert_eq!(told, Some((0, 0)), "Amazon hears that nothing is to be paid");
    assert!(admits(&shop).await, "and the gate opens");
    let audit =
        "SELECT string_agg(actor || ' ' || action, ', ' ORDER BY audit_entry_id) FROM audit_entry WHERE subject = $1";
    let audit = shop.text(audit, id_of(&second)).await.unwrap();
    assert!(audit.starts_with("shopper:") && audit.ends_with(" dispute_opened, ann dispute_decided"), "{audit}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn above_the_limit_of_a_write_off_two_people_uphold_a_dispute(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, trip) = with_debtor(connect).await;
    sqlx::query("UPDATE store SET write_off_alone_minor = 1031").execute(&shop.database).await.unwrap();
    let mut browser = signed_in(&shop).await;
    let address = open(&mut browser, trip).await;
    let alone = resolve(&shop, &address, Resolution::Upheld, BEN).await;
    assert!(matches!(alone, Err(ResolveDisputeError::SecondPerson { .. })), "{alone:?}");
    let same = resolve(&shop, &address, Resolution::Upheld, Decider { second: Some("ben"), ..BEN }).await;
    assert!(matches!(same, Err(ResolveDisputeError::SamePerson)), "{same:?}");
    let nobody = resolve(&shop, &address, Resolution::Rejected, Decider { by: "zoe", ..BEN }).await;
    assert!(matches!(nobody, Err(ResolveDisputeError::UnknownStaff(_))), "{nobody:?}");
    assert_eq!(debt(&shop, trip).await, (TOTAL, 0), "nothing has changed");
    resolve(&shop, &address, Resolution::Upheld, Decider { second: Some("ann"), ..BEN }).await.unwrap();
    assert_eq!(debt(&shop, trip).await, (0, 0));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_disputed_trip_can_still_be_paid_and_upholding_it_then_clears_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let mut browser = signed_in(&shop).await;
    let address = open(&mut browser, trip).await;
    pay(&shop, &mut browser, &[trip], TOTAL).await;
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    let row = resolve(&shop, &address, Resolution::Upheld, BEN).await.unwrap();
    assert_eq!(row.state.name(), "upheld");
    assert_eq!(shop.number("SELECT cleared_minor FROM dispute WHERE trip_id = $1", trip).await, 0);
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dispute_is_its_viewers_is_sent_once_and_only_while_something_is_owed(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let paid = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let mut browser = signed_in(&shop).await;
    let (_, page) = browser.get(&check_address(trip, "already_paid")).await;
    let (_, tab) = browser.get(&check_address(trip, "not_mine")).await;
    let refused = send(&mut browser, trip, &page, "card 4242 4242 4242 4242").await;
    assert!(refused.contains("__err"), "{refused}");
    let (status, _) = browser.get(&format!("/trips/{trip}/dispute/check")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "nothing was chosen");
    let address = send(&mut browser, trip, &page, "").await;
    assert_eq!(send(&mut browser, trip, &page, "").await, address, "a second click");
    assert_eq!(send(&mut browser, trip, &tab, "").await, address, "another tab");
    assert_eq!(shop.number("SELECT count(*) FROM dispute WHERE trip_id = $1", trip).await, 1);

    let mut stranger = Browser::new(&shop);
    assert_eq!(stranger.get(&address).await.0, StatusCode::FOUND, "who is not signed in signs in first");
    stranger.sign_in("visa.shopper@example.com").await;
    for path in [address, format!("/trips/{trip}/dispute"), check_address(trip, "not_mine")] {
        assert_eq!(stranger.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(send(&mut stranger, trip, &tab, "").await.contains("__err"));
    let (_, nothing) = stranger.get(&format!("/trips/{paid}/dispute")).await;
    assert!(nothing.contains("Nothing is owed for this trip"), "{nothing}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_command_lists_disputes_and_says_what_was_decided(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::prepare(connect).await;
    assert_eq!(programs.says(&["dispute", "list"]).1, "No disputes.\n");
    let trip = programs.twin.walk("insufficient", &demo_items(1)).await.unwrap().trip;
    programs.until_ended(trip, "uncollected").await;
    let id = DisputeId(Uuid::new_v4());
    let (visit, viewer) = (trip_id(trip), Viewer::Visit(trip_id(trip)));
    let order = DisputeOrder { id, trip: &visit, kind: DisputeKind::AlreadyPaid, note: None, viewer: &viewer };
    let now = time::OffsetDateTime::now_utc();
    open_dispute(&programs.database, &vault(), order, now).await.unwrap();
    let listed = programs.says(&["dispute", "list"]).1;
    let want = format!("{id}  waits for a person  already paid  2.17 USD  trip {trip}  opened by visit:{trip} at ");
    assert!(listed.starts_with(&want), "{listed}");
    assert!(programs.says(&["debt", "list"]).1.ends_with("  disputed\n"));
    let (word, ben) = (id.to_string(), ["--as", "ben", "--reason", "the till has the cash"]);
    for wrong in [&["dispute", "resolve", &word][..], &["dispute", "resolve", &word, "--upheld", "--rejected"]] {
        assert!(!programs.says(&[wrong, &ben[..]].concat()).0, "{wrong:?}");
    }
    let (done, said, why) = programs.says(&[&["dispute", "resolve", &word, "--upheld"], &ben[..]].concat());
    assert!(done && said == format!("{id}  upheld, 2.17 USD need not be paid  trip {trip}\n"), "{said} {why}");
    let (done, _, why) = programs.says(&[&["dispute", "resolve", &word, "--rejected"], &ben[..]].concat());
    assert!(!done && why.contains("the dispute is upheld already"), "{why}");
    assert!(programs.says(&["dispute", "list", "--all"]).1.contains("decided by ben: the till has the cash"));
}
