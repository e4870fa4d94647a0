//! Report Payment Status: tells Amazon what became of a payment. Page: `fraud_abuse_feedback_api.html`.

use domain::attempt::Api;
use domain::id::{StoreId, TripId};
use domain::money::Money;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{AmazonRequest, Invalid, amount};

/// `POST /v1/feedback/payment-status`. A later report of the same trip replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPaymentStatus {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
    /// What the cart cost. Zero for a cancelled trip.
    pub total: Money,
    /// How much of it is settled.
    pub settled: Money,
    /// As of when. Sent in whole seconds since 1970.
    pub at: OffsetDateTime,
}

/// What Amazon did with the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackAnswer {
    /// Taken.
    Accepted,
    /// Not taken: as good as not delivered, and a repeat changes nothing.
    Rejected,
}

impl AmazonRequest for ReportPaymentStatus {
    type Answer = FeedbackAnswer;
    const API: Api = Api::ReportPaymentStatus;

    fn body(&self) -> Value {
        json!({
            "storeId": self.store.as_str(),
            "shoppingTripId": self.trip.as_str(),
            "totalAmount": amount::to_wire(self.total),
            "settledAmount": amount::to_wire(self.settled),
            "paymentStatusTime": self.at.unix_timestamp(),
        })
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.total.minor() < 0 {
            return Err(Invalid("totalAmount.amount"));
        }
        match self.total.checked_sub(self.settled) {
            Err(_) => Err(Invalid("settledAmount.code")),
            Ok(outstanding) if outstanding.minor() < 0 || self.settled.minor() < 0 => {
                Err(Invalid("settledAmount.amount"))
            }
            Ok(_) => Ok(()),
        }
    }

    fn read(&self, body: &[u8]) -> Option<FeedbackAnswer> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        match answer.get("status")?.as_str()? {
            "Accepted" => Some(FeedbackAnswer::Accepted),
            "Rejected" => Some(FeedbackAnswer::Rejected),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use time::macros::datetime;

    use super::*;

    fn report(total: i64, settled: Money) -> ReportPaymentStatus {
        let (store, trip) = (StoreId::new("S").unwrap(), TripId::new("T").unwrap());
        let at = datetime!(2022-01-01 00:00:00.9 UTC);
        ReportPaymentStatus { store, trip, total: Money::new(total, Currency::USD), settled, at }
    }

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn the_time_is_sent_in_whole_seconds() {
        let want = concat!(
            r#"{"paymentStatusTime":1640995200,"settledAmount":{"amount":0.00,"code":"USD"},"#,
            r#""shoppingTripId":"T","storeId":"S","totalAmount":{"amount":25.99,"code":"USD"}}"#
        );
        assert_eq!(report(2599, usd(0)).body().to_string(), want);
    }

    #[test]
    fn a_trip_that_cost_nothing_may_be_reported_and_more_settled_than_owed_may_not() {
        assert_eq!(report(0, usd(0)).check(), Ok(()));
        assert_eq!(report(2599, usd(2599)).check(), Ok(()));
        assert_eq!(report(2599, usd(2600)).check(), Err(Invalid("settledAmount.amount")));
        assert_eq!(report(2599, usd(-1)).check(), Err(Invalid("settledAmount.amount")));
        assert_eq!(report(-1, usd(-1)).check(), Err(Invalid("totalAmount.amount")));
        assert_eq!(report(100, Money::new(100, Currency::JPY)).check(), Err(Invalid("settledAmount.code")));
    }

    #[test]
    fn accepted_and_rejected_are_the_only_words() {
        let read = |body: &str| report(0, usd(0)).read(body.as_bytes());
        assert_eq!(read(r#"{"status":"Accepted","newFutureField":1}"#), Some(FeedbackAnswer::Accepted));
        assert_eq!(read(r#"{"status":"Rejected"}"#), Some(FeedbackAnswer::Rejected));
        for body in ["", "{}", r#"{"status":"Perhaps"}"#] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
