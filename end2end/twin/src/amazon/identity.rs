//! Get Shopper Identity.

use serde_json::json;

use super::{answer::Answer, request::Fields};
use crate::{network::Refusal, world::World};

/// An unknown shopper and one without an e-mail address look alike: 200 without the field.
pub(super) fn shopper(world: &World, fields: &Fields) -> Result<Answer, Refusal> {
    let (store, shopper) = (fields.store_id()?, fields.shopper_id()?);
    let email = world.state().network.email(store, &shopper)?;
    Ok(Answer::json(email.map_or_else(|| json!({}), |email| json!({ "shopperEmail": email }))))
}
