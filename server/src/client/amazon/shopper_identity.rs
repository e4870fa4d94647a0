//! Get Shopper Identity: the e-mail address a shopper left at the receipt kiosk. Page: `get_shopper_identity.html`.

use domain::attempt::Api;
use domain::id::{EmailAddress, InstrumentId, StoreId};
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid};

/// `POST /v1/identity/shopper`. Neither the answer nor an error message is kept: both may have the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetShopperIdentity {
    /// The store.
    pub store: StoreId,
    /// Whose address.
    pub instrument: InstrumentId,
}

impl AmazonRequest for GetShopperIdentity {
    /// `None`: Amazon has no address, or none that we could write to. An unknown shopper is a 200 without one (test 18 of
    /// the page `get_shopper_identity_testing.html`) or a 400.
    type Answer = Option<EmailAddress>;
    const API: Api = Api::GetShopperIdentity;
    const MESSAGE_KEPT: bool = false;

    fn body(&self) -> Value {
        json!({ "storeId": self.store.as_str(), "shopperId": { "id": self.instrument.as_str() } })
    }

    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    fn read(&self, body: &[u8]) -> Option<Option<EmailAddress>> {
        if body.trim_ascii().is_empty() {
            return Some(None);
        }
        let answer: Value = serde_json::from_slice(body).ok().filter(|it: &Value| it.is_object() || it.is_null())?;
        Some(answer.get("shopperEmail").and_then(Value::as_str).and_then(|it| EmailAddress::new(it).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<Option<EmailAddress>> {
        let (store, instrument) = (StoreId::new("S").unwrap(), InstrumentId::new("I").unwrap());
        GetShopperIdentity { store, instrument }.read(body.as_bytes())
    }

    #[test]
    fn an_address_is_read() {
        let address = read(r#"{"shopperEmail":"Jane@Example.com","newFutureField":1}"#).unwrap();
        assert_eq!(address.map(|it| it.expose().to_owned()), Some("jane@example.com".to_owned()));
    }

    #[test]
    fn no_address_is_an_answer_too() {
        let none = ["", "null", "{}", r#"{"shopperEmail":null}"#, r#"{"shopperEmail":""}"#, r#"{"shopperEmail":"no"}"#];
        for body in none {
            assert_eq!(read(body), Some(None), "{body}");
        }
        assert_eq!(read("<html>"), None);
    }
}
