//! What does not work just now, as far as our own rows tell: for one plain sentence on a page.

use domain::attempt::Api;
use domain::pause::Pause;
use sqlx::PgPool;

use crate::store::{self, StoreError};

/// The mails that shoppers wait for.
const MAILS: [&str; 6] = [
    "mail_sign_in_code",
    "send_receipt",
    "send_debt_notice",
    "send_refund_notice",
    "send_dispute_notice",
    "send_payoff_notice",
];

/// What is late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delays {
    /// Mails: one could not be sent and is tried again.
    pub mail: bool,
    /// Charging cards: Amazon's API is left alone for a while.
    pub charges: bool,
}

/// What is late now. Asks no neighbour.
///
/// # Errors
///
/// A database that is away.
pub async fn delays(db: &PgPool) -> Result<Delays, StoreError> {
    let mut conn = db.acquire().await?;
    let mail = store::outbox::tried::has_tried(&mut conn, &MAILS).await?;
    let mut charges = false;
    for api in [Api::AdjustCharge, Api::CaptureCharge] {
        charges |= !matches!(store::pause::get(&mut conn, api).await?, Pause::Flowing { .. });
    }
    Ok(Delays { mail, charges })
}
