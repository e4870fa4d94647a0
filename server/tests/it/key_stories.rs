//! What is personal lies sealed: nobody who reads the database learns it, and keys change while everything runs.

use domain::id::{EmailAddress, TripId};
use server::command::Desk;
use server::command::import::import_loyalty_file;
use server::flow::import_loyalty::LoyaltyImport;
use server::flow::read_receipt::trip_mail;
use server::flow::renew_keys::{RenewKeysError, Renewed, renew_keys};
use server::flow::staff::Person;
use server::secret::Secret;
use server::store;
use server::vault::Vault;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Card, demo_items};
use uuid::Uuid;

use crate::canary::{dump, heads, is_logged, seen};
use crate::shop::{Shop, vault};

const EMAIL: &str = "canary.kestrel@example.com";
const MEMBER: &str = "canary.osprey@example.com";
const TAIL: &str = "9407";
const ANN: Person<'_> = Person { by: "ann", reason: "the yearly change of the key" };

/// A paid walk with a card of unmistakable facts, and a member.
async fn walked(shop: &Shop) -> Uuid {
    let card = Card { email: Some(EMAIL.to_owned()), last_four: TAIL.to_owned(), ..Card::visa_named("canary") };
    shop.twin.put_card(card);
    let trip = shop.twin.walk("canary", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let file = std::io::Cursor::new(format!("loyalty_number,email\nL-1,{MEMBER}\n"));
    let import = LoyaltyImport { source: "members.csv", by: "ann", dry_run: false };
    import_loyalty_file(&desk, import, file, "members.csv".as_ref()).await.unwrap();
    trip
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_002_whoever_reads_the_database_finds_no_address_and_no_card(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = walked(&shop).await;
    let form = [("email", EMAIL)];
    shop.http.post(format!("{}/api/request_code", shop.url)).form(&form).send().await.unwrap();
    let waiting = dump(&shop.database).await;
    shop.settle().await;
    let facts = shop.card_facts(trip).await.unwrap();
    assert_eq!(facts.tail.as_deref(), Some(TAIL));
    let [statement, terminal] = [facts.card_statement_transaction_id, facts.terminal_id].map(Option::unwrap);
    for dump in [waiting, dump(&shop.database).await] {
        for fact in [EMAIL, "kestrel", MEMBER, "osprey", &statement, &terminal] {
            assert_eq!(seen(&dump, fact), [] as [&str; 0], "{fact}");
        }
    }
    let code = "SELECT count(*) FROM sign_in_code WHERE code_sealed IS NOT NULL AND $1 = ''";
    assert_eq!(shop.number(code, "").await, 0, "what was mailed is gone");

    let planted = "INSERT INTO shopper (shopper_id, email, created_at) VALUES (gen_random_uuid(), $1, '2026-11-21')";
    sqlx::query(planted).bind("planted.kestrel@example.com").execute(&shop.database).await.unwrap();
    assert_eq!(seen(&dump(&shop.database).await, "planted.kestrel"), ["shopper"], "the search finds what is there");
    tracing::info!(email = "planted.kestrel@example.com", "a line with an address");
    assert!(is_logged("planted.kestrel") && !is_logged("canary.kestrel"), "and what was logged");
    let (mails, planted) = (shop.folder.join("mail"), "To: planted-to\nSubject: planted-subject\n\nplanted-text");
    std::fs::write(mails.join("planted.eml"), planted).unwrap();
    let heads = heads(&mails);
    assert!(heads.contains("planted-subject"), "and what a mail says before its text: {heads}");
    assert!(!heads.contains("planted-to") && !heads.contains("planted-text"), "{heads}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_key_seals_everything_again_and_then_the_old_one_can_go(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip: TripId = walked(&shop).await.to_string().parse().unwrap();
    let new_key = Secret::new("the key of the year after just as long");
    let new = Vault::new(std::slice::from_ref(&new_key));
    let both = Vault::new(&[new_key, Secret::new("a key for stories that is long enough for anyone")]);
    let reads = async |vault: &Vault| trip_mail(&shop.database, vault, &trip).await.map(|mail| mail.is_some()).ok();
    assert_eq!((reads(&vault()).await, reads(&both).await, reads(&new).await), (Some(true), Some(true), None));

    let now = shop.worker.clock.now();
    let nobody = Person { by: "nobody", ..ANN };
    let refused = renew_keys(&shop.database, &both, nobody, now, |_| {}).await;
    assert!(matches!(refused, Err(RenewKeysError::Staff(_))));
    let mut steps = 0;
    let renewed = renew_keys(&shop.database, &both, ANN, now, |_| steps += 1).await.unwrap();
    assert_eq!(renewed, Renewed { shoppers: 1, loyalty_accounts: 1, cards: 1, notes: 0 });
    assert_eq!(steps, 4, "one part of each table, and one of all notes");
    assert_eq!((reads(&vault()).await, reads(&new).await), (None, Some(true)), "the old key is not needed any more");
    let again = renew_keys(&shop.database, &both, ANN, now, |_| {}).await.unwrap();
    assert_eq!(again, Renewed::default(), "nothing is left to do");

    let email = EmailAddress::new(EMAIL).unwrap();
    let mut conn = shop.database.acquire().await.unwrap();
    assert!(store::shopper::find(&mut conn, &new, &email).await.unwrap().is_some(), "the index is renewed as well");
    drop(conn);
    let audited = "SELECT count(*) FROM audit_entry WHERE action = 'keys_renewed' AND actor = $1";
    assert_eq!(shop.number(audited, "ann").await, 2);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_version_before_left_open_is_sealed_by_a_renewal(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let trip = walked(&shop).await;
    for statement in [
        "UPDATE shopper SET email = 'canary.kestrel@example.com', email_sealed = NULL, email_index = NULL",
        "UPDATE loyalty_account SET email = 'canary.osprey@example.com', email_sealed = NULL, email_index = NULL",
        "UPDATE card_facts SET tail = '9407', brand = 'VISA', sealed = NULL, card_index = NULL, statement_index = NULL",
    ] {
        sqlx::query(statement).execute(&shop.database).await.unwrap();
    }
    let open = dump(&shop.database).await;
    assert_eq!(
        (seen(&open, "kestrel"), seen(&open, "osprey")),
        (vec!["shopper".to_owned()], vec!["loyalty_account".to_owned()])
    );
    let renewed = renew_keys(&shop.database, &vault(), ANN, shop.worker.clock.now(), |_| {}).await.unwrap();
    assert_eq!(renewed, Renewed { shoppers: 1, loyalty_accounts: 1, cards: 1, notes: 0 });
    let sealed = dump(&shop.database).await;
    assert_eq!([seen(&sealed, "kestrel"), seen(&sealed, "osprey")], [[] as [&str; 0]; 2]);
    assert_eq!(shop.card_facts(trip).await.unwrap().name().as_deref(), Some("VISA ending in 9407"));
    shop.close().await;
}
