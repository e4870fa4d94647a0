use domain::debt::Debt;
use domain::id::RefundId;
use domain::reason::DebtCause;
use domain::refund::ReviewReason;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::super::fixture::{self, NOW, add_trip, assert_refused, id, refusal, usd, vault};
use super::super::{debt, refund_review, renewal};
use super::*;
use crate::secret::Secret;

/// A dispute of a debt of 10.00 that is there.
async fn opened(conn: &mut PgConnection, number: u128) -> DisputeRow {
    let trip: TripId = id("trip-1");
    let debt_id = DebtId(Uuid::from_u128(1));
    if debt::lock(&mut *conn, &trip).await.unwrap().is_none() {
        add_trip(&mut *conn, "trip-1").await;
        let debt = Debt::incur(usd(1000), DebtCause::PaymentDeclined).unwrap();
        debt::insert(&mut *conn, debt_id, &trip, None, &debt, NOW).await.unwrap();
    }
    DisputeRow {
        id: DisputeId(Uuid::from_u128(number)),
        debt: debt_id,
        trip,
        kind: DisputeKind::NotMine,
        amount: usd(1000),
        state: Dispute::Open,
        opened_by: "card:instrument-1".to_owned(),
        decided_by: None,
        decided_because: None,
        opened_at: NOW,
        decided_at: None,
    }
}

fn decided(row: DisputeRow, state: Dispute) -> DisputeRow {
    let because = Some("the video shows somebody else".to_owned());
    DisputeRow { state, decided_by: Some("ben".to_owned()), decided_because: because, decided_at: Some(NOW), ..row }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_dispute_reads_back_in_every_state_is_decided_once_and_is_one_at_a_time(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let states = [Dispute::Upheld { cleared: usd(1000) }, Dispute::Upheld { cleared: usd(0) }, Dispute::Rejected];
    for (number, state) in (1..).zip(states) {
        let row = opened(&mut conn, number).await;
        insert(&mut conn, &vault(), &row, None).await.unwrap();
        assert_eq!(get(&mut conn, row.id).await.unwrap(), Some(row.clone()));
        assert_eq!(list(&mut conn, true, 9).await.unwrap().as_slice(), std::slice::from_ref(&row));
        let second = DisputeRow { id: DisputeId(Uuid::from_u128(99)), ..row.clone() };
        assert_eq!(refusal(insert(&mut conn, &vault(), &second, None).await), "dispute_open_once");
        let row = decided(row, state);
        assert!(save(&mut conn, &row).await.unwrap());
        assert!(!save(&mut conn, &decided(row.clone(), Dispute::Rejected)).await.unwrap(), "decided before");
        assert_eq!(get(&mut conn, row.id).await.unwrap(), Some(row));
    }
    assert_eq!(list_by_trip(&mut conn, &id("trip-1")).await.unwrap().len(), 3);
    assert_eq!((list(&mut conn, true, 9).await.unwrap().len(), list(&mut conn, false, 2).await.unwrap().len()), (0, 2));
    let wrong = [
        ("kind = 'too_dear'", "dispute_kind"),
        ("decided_because = NULL", "dispute_decided_by_state"),
        ("state = 'open', cleared_minor = NULL", "dispute_decided_by_state"),
        ("amount_minor = 0", "dispute_amount"),
    ];
    assert_refused(&mut conn, "dispute", &wrong).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn what_a_shopper_adds_is_sealed_and_sealed_again_by_a_new_key(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let row = opened(&mut conn, 1).await;
    let note = Note::new("Jane Doe paid in cash").unwrap().unwrap();
    insert(&mut conn, &vault(), &row, Some(&note)).await.unwrap();
    let refund: RefundId = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
    let sql = format!(
        "INSERT INTO refund (refund_id, trip_id, kind, reason_code, currency, amount_minor, sales_minor, tax_minor, deposits_minor,
             state, requested_by, requested_at, updated_at)
         VALUES ('{refund}', 'trip-1', 'credit', 'OTHER', 'USD', 1, 0, 0, 0, 'in_review', 'ann', '2026-11-21', '2026-11-21')"
    );
    fixture::run(&mut conn, &sql).await.unwrap();
    refund_review::keep_note(&mut conn, &vault(), refund, &note).await.unwrap();
    refund_review::keep_reasons(&mut conn, refund, ReviewReason::ALL).await.unwrap();
    let review = refund_review::list(&mut conn, &[refund]).await.unwrap().remove(&refund).unwrap();
    assert_eq!((review.reasons.as_slice(), review.has_note), (ReviewReason::ALL, true));
    let rows: String = sqlx::query_scalar("SELECT (SELECT string_agg(dispute::text, ' ') FROM dispute) || (SELECT string_agg(refund::text, ' ') FROM refund)")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert!(!rows.contains("Jane"), "{rows}");

    let old = Secret::new("a key for tests, long enough for anyone");
    let (both, new) = (
        Vault::new(&[Secret::new("another key, and a newer one"), old]),
        Vault::new(&[Secret::new("another key, and a newer one")]),
    );
    let renewed = renewal::notes(&mut conn, &both, Uuid::nil()).await.unwrap();
    assert_eq!((renewed.renewed, renewed.next), (2, None));
    assert_eq!(renewal::notes(&mut conn, &both, Uuid::nil()).await.unwrap().renewed, 0);
    assert_eq!(super::note(&mut conn, &new, row.id).await.unwrap().as_ref(), Some(&note));
    assert_eq!(refund_review::note(&mut conn, &new, refund).await.unwrap().as_ref(), Some(&note));
    assert!(super::note(&mut conn, &vault(), row.id).await.is_err(), "the old key opens it no more");
}
