//! Report Payment Status.

use serde_json::json;

use super::{answer::Answer, request::Fields};
use crate::{network::Refusal, truth::Feedback, world::World};

pub(super) fn payment_status(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (store, trip) = (fields.store_id()?, fields.trip_id()?);
    let (total, settled) = (fields.amount("totalAmount")?, fields.amount("settledAmount")?);
    if total.currency != settled.currency {
        return Err(Refusal::bad("settledAmount.code: not the currency of totalAmount"));
    }
    if settled.minor > total.minor {
        return Err(Refusal::bad("settledAmount.amount: more than totalAmount"));
    }
    let feedback = Feedback {
        total_minor: total.minor,
        settled_minor: settled.minor,
        currency: total.currency,
        payment_status_time: fields.seconds("paymentStatusTime")?,
    };
    world.state().network.report(store, trip, feedback)?;
    Ok(Answer::json(json!({ "status": "Accepted" })))
}
