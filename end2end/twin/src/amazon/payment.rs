//! The payment service: adjust, capture, cancel, refund, transactional data.

use serde_json::json;

use super::{answer::Answer, request::Fields};
use crate::{
    network::{RefundAnswer, Refusal},
    truth::Trip,
    world::World,
};

pub(super) fn adjust(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (store, trip, amount) = (fields.store_id()?, fields.trip_id()?, fields.charge("amount")?);
    let (status, authorized) = world.state().network.adjust(store, trip, &amount, world.clock.now())?;
    Ok(Answer::json(json!({ "status": status, "authorizedAmount": authorized.to_payment_json() })))
}

pub(super) fn capture(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (store, trip, amount) = (fields.store_id()?, fields.trip_id()?, fields.charge("amount")?);
    world.state().network.capture(store, trip, &amount, world.clock.now())?;
    Ok(Answer::empty())
}

pub(super) fn cancel(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    world.state().network.cancel(fields.store_id()?, fields.trip_id()?, world.clock.now())?;
    Ok(Answer::empty())
}

pub(super) fn refund(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (store, trip, amount) = (fields.store_id()?, fields.trip_id()?, fields.charge("amount")?);
    let (request_id, reason_code) = (fields.refund_request_id()?, fields.refund_reason_code()?);
    let mut state = world.state();
    let answer = state.network.settings.refund_answer;
    if answer == RefundAnswer::Declined {
        return Ok(Answer::json(json!({ "status": "DECLINED" })));
    }
    let reconciliation_id = state.network.refund(store, trip, &amount, request_id, reason_code, world.clock.now())?;
    Ok(match answer {
        RefundAnswer::Number => Answer::json(json!({ "reconciliationId": reconciliation_id })),
        RefundAnswer::Unreadable => Answer::json(json!({ "reconciliationId": 7 })),
        RefundAnswer::Empty | RefundAnswer::Declined => Answer::empty(),
    })
}

pub(super) fn transactional_data(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (card, trip) = world.state().network.transaction(fields.store_id()?, fields.trip_id()?)?;
    Ok(Answer::json(json!({
        "brand": card.brand,
        // 07: contactless EMV.
        "posEntryMode": "EMV_9F39_07",
        "currency": trip.currency,
        "authorizationResponseCode": "00",
        "cryptogramInformationData": "80",
        "tail": card.last_four,
        "panSequenceNumber": "01",
        "applicationId": card.application_id(),
        "expirationDate": { "expirationYear": card.expiry_year, "expirationMonth": card.expiry_month },
        // 1F0302: no cardholder verification needed.
        "cardholderVerificationMethodResult": "1F0302",
        "terminalId": "GATE0001",
        "reconciliationId": format!("rec-{}", trip.id),
        "cardStatementTransactionId": statement_id(&trip),
    })))
}

/// What the shopper reads on the card statement; always the same for one trip.
fn statement_id(trip: &Trip) -> String {
    let hex = trip.id.simple().to_string().to_uppercase();
    format!("JWO{}", &hex[..12])
}
