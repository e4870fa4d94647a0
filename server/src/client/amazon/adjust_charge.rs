//! Adjust Charge: holds the cart's total instead of the first hold. Page: `adjust_charge.html`.

use domain::attempt::Api;
use domain::id::{StoreId, TripId};
use domain::money::Money;
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid, amount};

/// `POST /v1/adjust/charge`. Asking again for the same total is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustCharge {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
    /// The whole total, not the difference to what is held. More than zero: a zero total is cancelled instead.
    pub amount: Money,
}

/// What the card's bank said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustAnswer {
    /// The hold is now `authorized`, which is what was asked for where Amazon does not say.
    Approved {
        /// How much is held.
        authorized: Money,
    },
    /// The hold stays as it was. Never more than `authorized` may be captured; zero where Amazon does not say.
    Declined {
        /// How much is held.
        authorized: Money,
    },
    /// Not decided yet: ask again. The amount in such an answer is not held, so it is not read.
    Pending,
}

impl AmazonRequest for AdjustCharge {
    type Answer = AdjustAnswer;
    const API: Api = Api::AdjustCharge;

    fn body(&self) -> Value {
        json!({
            "storeId": self.store.as_str(),
            "shoppingTripId": self.trip.as_str(),
            "amount": amount::to_wire(self.amount),
        })
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.amount.is_positive() { Ok(()) } else { Err(Invalid("amount.amount")) }
    }

    fn read(&self, body: &[u8]) -> Option<AdjustAnswer> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let authorized = |unsaid: Money| match answer.get("authorizedAmount") {
            None | Some(Value::Null) => Some(unsaid),
            Some(said) => amount::from_wire(said).filter(|it| it.currency() == self.amount.currency()),
        };
        match answer.get("status")?.as_str()? {
            // More than was asked for cannot be right (page: "equals the requested amount"): no money moves on it.
            "APPROVED" => {
                let authorized = authorized(self.amount)?;
                (authorized.minor() <= self.amount.minor()).then_some(AdjustAnswer::Approved { authorized })
            }
            "DECLINED" => Some(AdjustAnswer::Declined { authorized: authorized(Money::zero(self.amount.currency()))? }),
            "PENDING" => Some(AdjustAnswer::Pending),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::*;

    fn adjust(minor: i64) -> AdjustCharge {
        let (store, trip) = (StoreId::new("S").unwrap(), TripId::new("T").unwrap());
        AdjustCharge { store, trip, amount: Money::new(minor, Currency::USD) }
    }

    #[test]
    fn every_status_is_read_with_what_is_held() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let table = [
            (
                r#"{"status":"APPROVED","authorizedAmount":{"amount":15.99,"code":"USD"},"newFutureField":{}}"#,
                AdjustAnswer::Approved { authorized: usd(1599) },
            ),
            (r#"{"status":"APPROVED"}"#, AdjustAnswer::Approved { authorized: usd(1599) }),
            (
                r#"{"status":"DECLINED","authorizedAmount":{"amount":0,"code":"USD"}}"#,
                AdjustAnswer::Declined { authorized: usd(0) },
            ),
            (
                r#"{"status":"DECLINED","authorizedAmount":{"amount":10.00,"code":"USD"}}"#,
                AdjustAnswer::Declined { authorized: usd(1000) },
            ),
            (r#"{"status":"DECLINED","authorizedAmount":null}"#, AdjustAnswer::Declined { authorized: usd(0) }),
            (r#"{"status":"PENDING","authorizedAmount":{"amount":15.99,"code":"USD"}}"#, AdjustAnswer::Pending),
        ];
        for (body, want) in table {
            assert_eq!(adjust(1599).read(body.as_bytes()), Some(want), "{body}");
        }
    }

    #[test]
    fn an_answer_that_may_mean_anything_is_not_read() {
        let odd = [
            "",
            "[]",
            "{}",
            r#"{"status":"MAYBE"}"#,
            r#"{"status":7}"#,
            r#"{"status":"APPROVED","authorizedAmount":{"amount":15.99,"code":"EUR"}}"#,
            r#"{"status":"APPROVED","authorizedAmount":{"amount":16.00,"code":"USD"}}"#,
            r#"{"status":"APPROVED","authorizedAmount":{"amount":"15.99","code":"USD"}}"#,
            r#"{"status":"DECLINED","authorizedAmount":{"amount":-1,"code":"USD"}}"#,
        ];
        for body in odd {
            assert_eq!(adjust(1599).read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_total_of_nothing_is_never_adjusted() {
        assert_eq!(adjust(0).check(), Err(Invalid("amount.amount")));
        assert_eq!(adjust(-1).check(), Err(Invalid("amount.amount")));
        assert_eq!(adjust(1).check(), Ok(()));
    }
}
