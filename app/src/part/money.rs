//! Amounts and quantities as people read them.

use domain::money::Money;
use rust_decimal::Decimal;

/// `$1,234.50`, `¥1,200`, `CHF 25.99`; a reversal has a minus sign in front.
#[must_use]
pub(crate) fn amount(money: Money) -> String {
    let sign = if money.minor() < 0 { "−" } else { "" };
    let decimal = money.to_decimal().abs().to_string();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{}{point}{fraction}", symbol(money), grouped(whole))
}

fn symbol(money: Money) -> String {
    match money.currency().code() {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code}\u{a0}"),
    }
}

/// Thousands separated by commas.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `2` for pieces, `0.55 lb` for weights: no zeros that say nothing.
#[must_use]
pub(crate) fn quantity(quantity: Decimal, unit: &str) -> String {
    let number = quantity.normalize();
    if unit == PIECES { number.to_string() } else { format!("{number}\u{a0}{unit}") }
}

/// The unit of a line that is counted, not weighed.
const PIECES: &str = "unit";

/// `$3.49` for pieces, `$3.49 / lb` for weights.
#[must_use]
pub(crate) fn unit_price(price: Money, unit: &str) -> String {
    if unit == PIECES { amount(price) } else { format!("{}\u{a0}/\u{a0}{unit}", amount(price)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;

    #[test]
    fn amounts_read_like_on_a_price_tag() {
        let chf = Currency::new("CHF").unwrap();
        let cases = [
            (Money::new(2599, Currency::USD), "$25.99"),
            (Money::new(5, Currency::USD), "$0.05"),
            (Money::new(0, Currency::USD), "$0.00"),
            (Money::new(-500, Currency::USD), "−$5.00"),
            (Money::new(123_456_789, Currency::USD), "$1,234,567.89"),
            (Money::new(100_000, Currency::USD), "$1,000.00"),
            (Money::new(1200, Currency::JPY), "¥1,200"),
            (Money::new(2599, chf), "CHF\u{a0}25.99"),
            (Money::new(i64::MIN, Currency::JPY), "−¥9,223,372,036,854,775,808"),
        ];
        for (money, text) in cases {
            assert_eq!(amount(money), text);
        }
    }

    #[test]
    fn quantities_have_their_unit_unless_they_are_pieces() {
        assert_eq!(quantity("2.000".parse().unwrap(), "unit"), "2");
        assert_eq!(quantity("0.550".parse().unwrap(), "lb"), "0.55\u{a0}lb");
        assert_eq!(quantity("100".parse().unwrap(), "unit"), "100");
        assert_eq!(unit_price(Money::new(349, Currency::USD), "lb"), "$3.49\u{a0}/\u{a0}lb");
    }
}
