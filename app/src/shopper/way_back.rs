//! Where a shopper wanted to go before signing in.

use std::fmt;

use domain::id::{DisputeId, PayoffId, RefundId, TripId};

use crate::backend::SignedIn;

/// A page that asks one to sign in. A closed list, so that no link can lead from here to another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WayBack {
    Trips,
    Trip(TripId),
    Balance,
    Payoff(PayoffId),
    AskRefund(TripId),
    Refund(RefundId),
    AskDispute(TripId),
    Dispute(DisputeId),
    Sessions,
    Privacy,
    Erase,
}

impl WayBack {
    /// The page with this path; `None` for every other text.
    pub(crate) fn new(path: &str) -> Option<Self> {
        match path {
            "/trips" => Some(Self::Trips),
            // What was chosen is chosen again.
            "/balance" | "/balance/check" => Some(Self::Balance),
            "/sessions" => Some(Self::Sessions),
            "/privacy" => Some(Self::Privacy),
            "/privacy/erase" => Some(Self::Erase),
            path => {
                let (page, id) = path.strip_prefix('/')?.split_once('/')?;
                match page {
                    "payoff" => id.parse().ok().map(Self::Payoff),
                    "refunds" => id.parse().ok().map(Self::Refund),
                    "disputes" => id.parse().ok().map(Self::Dispute),
                    "trips" => Self::of_trip(id),
                    _ => None,
                }
            }
        }
    }

    fn of_trip(path: &str) -> Option<Self> {
        let (id, page) = path.split_once('/').unwrap_or((path, ""));
        let trip = TripId::new(id).ok()?;
        match page {
            "" if id == path => Some(Self::Trip(trip)),
            // What was chosen is chosen again.
            "refund" | "refund/check" => Some(Self::AskRefund(trip)),
            "dispute" | "dispute/check" => Some(Self::AskDispute(trip)),
            _ => None,
        }
    }

    /// The address of the sign-in page that leads back here.
    pub(crate) fn sign_in(next: Option<&Self>) -> String {
        with_next("/sign-in", next)
    }

    /// The address of the page for the facts of a card, which leads back here.
    pub(crate) fn card(next: Option<&Self>) -> String {
        with_next("/sign-in/card", next)
    }

    /// The address of the page for a loyalty number, which leads back here.
    pub(crate) fn loyalty(next: Option<&Self>) -> String {
        with_next("/sign-in/loyalty", next)
    }

    /// Where somebody goes who has signed in: back, or to what they came for.
    pub(crate) fn after(who: &SignedIn, next: Option<Self>) -> Self {
        match who {
            // There is nothing else for them.
            SignedIn::Debtor | SignedIn::Visit => Self::Balance,
            SignedIn::Email { .. } | SignedIn::Card => next.unwrap_or(Self::Trips),
        }
    }

    /// The address of the page that asks to confirm, which leads back here.
    pub(crate) fn confirm(next: Option<&Self>) -> String {
        with_next("/confirm", next)
    }

    /// The address of the page for the code that confirms, which leads back here.
    pub(crate) fn confirm_code(next: Option<&Self>) -> String {
        with_next("/confirm/code", next)
    }

    /// The address of the page for the code, which leads back here.
    pub(crate) fn code(next: Option<&Self>) -> String {
        with_next("/sign-in/code", next)
    }
}

/// A path needs no escaping here: trip ids have only letters, digits, `-` and `_`.
fn with_next(address: &str, next: Option<&WayBack>) -> String {
    match next {
        Some(next) => format!("{address}?next={next}"),
        None => address.to_owned(),
    }
}

impl fmt::Display for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trips => f.write_str("/trips"),
            Self::Trip(trip) => write!(f, "/trips/{trip}"),
            Self::Balance => f.write_str("/balance"),
            Self::Sessions => f.write_str("/sessions"),
            Self::Privacy => f.write_str("/privacy"),
            Self::Erase => f.write_str("/privacy/erase"),
            Self::Payoff(payoff) => write!(f, "/payoff/{payoff}"),
            Self::AskRefund(trip) => write!(f, "/trips/{trip}/refund"),
            Self::Refund(refund) => write!(f, "/refunds/{refund}"),
            Self::AskDispute(trip) => write!(f, "/trips/{trip}/dispute"),
            Self::Dispute(dispute) => write!(f, "/disputes/{dispute}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_back_is_a_page_of_ours() {
        let id = "550e8400-e29b-41d4-a716-446655440000";
        let of_id = ["payoff", "refunds", "disputes"].map(|page| format!("/{page}/{id}"));
        let plain = [
            "/trips",
            "/trips/T-1_x",
            "/balance",
            "/sessions",
            "/privacy",
            "/privacy/erase",
            "/trips/T-1/refund",
            "/trips/T-1/dispute",
        ];
        for path in of_id.iter().map(String::as_str).chain(plain) {
            assert_eq!(WayBack::new(path).unwrap().to_string(), path);
        }
        let check = WayBack::new("/trips/T-1/refund/check");
        assert_eq!(check.unwrap().to_string(), "/trips/T-1/refund", "what was chosen is chosen again");
        let foreign = [
            "",
            "/",
            "//evil.example",
            "https://evil.example/trips",
            "/trips/../x",
            "/trips/a?b",
            "/\\evil",
            "/sign-in",
            "/payoff/",
            "/payoff/1?x",
            "/refunds/1",
            "/trips/",
            "/trips/T-1/",
            "/trips/T-1/receipt.exe",
            "/trips//refund",
        ];
        for path in foreign {
            assert_eq!(WayBack::new(path), None, "{path}");
        }
    }

    #[test]
    fn signing_in_keeps_the_way_back() {
        assert_eq!(WayBack::sign_in(None), "/sign-in");
        assert_eq!(WayBack::code(Some(&WayBack::Balance)), "/sign-in/code?next=/balance");
    }
}
