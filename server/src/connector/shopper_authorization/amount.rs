//! The gate's own shape of money: `{"value": 25.00, "currencyCode": "USD"}`, the value a JSON number.

use domain::money::{Currency, Money};
use rust_decimal::Decimal;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use crate::connector::field::{self, Digits, Fields};
use crate::connector::openapi;

/// An amount of money, not less than nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Amount {
    /// With no more decimals than the currency has.
    #[schema(schema_with = openapi::money, required = true)]
    value: Option<Digits>,
    /// By ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency_code: Option<String>,
}

/// Zero is an amount; less is not.
pub(super) fn money(fields: &mut Fields<'_>, wire: &Amount) -> Option<Money> {
    let value = fields
        .required("value", &wire.value)
        .and_then(|digits| value(digits).map_err(|problem| fields.refuse("value", problem)).ok());
    let currency = fields.text("currencyCode", &wire.currency_code, currency);
    Money::from_decimal(value?, currency?).map_err(|problem| fields.refuse("value", problem)).ok()
}

fn currency(code: &str) -> Result<Currency, String> {
    let currency = Currency::new(code).map_err(|problem| problem.to_string())?;
    if currency.is_listed() { Ok(currency) } else { Err("is no currency of ISO 4217 that people pay in".to_owned()) }
}

fn value(digits: &Digits) -> Result<Decimal, &'static str> {
    let Digits::Number(digits) = digits else { return Err("must be a JSON number") };
    let value = field::decimal(digits).ok_or("is not an amount of money")?;
    if value < Decimal::ZERO { Err("must not be negative") } else { Ok(value) }
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnswerAmount)]
pub(super) struct Answer {
    #[serde(serialize_with = "as_number")]
    #[schema(schema_with = openapi::money)]
    value: Decimal,
    currency_code: String,
}

impl Answer {
    pub(super) fn of(money: Money) -> Self {
        Self { value: money.to_decimal(), currency_code: money.currency().code().to_owned() }
    }
}

/// Writes a JSON number with exactly these digits: `25.00`.
fn as_number<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    let number: serde_json::Number = value.to_string().parse().map_err(S::Error::custom)?;
    number.serialize(serializer)
}
