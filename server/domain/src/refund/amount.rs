//! What the goods that come back cost: the exact amount, down to the tax and the promotions in it.
//!
//! A part of a line is reckoned from what had come back before and what has come back then: each component (the goods, what
//! promotions took off, each tax, the deposit) is rounded for both, and the difference is what is refunded. So no order of partial
//! refunds gives back more than a line cost, and the last one gives back exactly what is left.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::money::ratio::round_ratio;
use crate::money::{Currency, Money, MoneyError, Rounding};
use crate::pricing::{LineTax, Purchase, PurchaseLine};

use super::RefundRefusal;

/// Decimal places of a quantity that comes back: as many as a purchase line has.
const QUANTITY_PLACES: u32 = 6;

/// The unit of what is sold by the piece.
const PIECE: &str = "unit";

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All that has not come back before.
    Everything,
    /// So much of these lines, by line number.
    Lines(BTreeMap<u32, Decimal>),
}

/// What of an amount is the store's own, and what it passes on. They add up to the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundParts {
    /// The goods, less promotions, before tax.
    pub sales: Money,
    /// Tax, added or included.
    pub tax: Money,
    /// Deposits and fees.
    pub deposits: Money,
}

/// One line that comes back, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundLine {
    /// Position in the cart, from 1.
    pub line_no: u32,
    /// The article's name.
    pub name: String,
    /// How much comes back.
    pub quantity: Decimal,
    /// The article's own unit.
    pub unit: String,
    /// What it cost before promotions and added tax.
    pub price: Money,
    /// What promotions had taken off.
    pub promotions: Money,
    /// Its share of every tax on the line.
    pub taxes: Vec<LineTax>,
    /// Its share of the taxes that were added.
    pub tax: Money,
    /// Its share of the taxes that are part of the price.
    pub tax_included: Money,
    /// Its share of deposits and fees.
    pub deposit: Money,
    /// What is given back: price, less promotions, plus added tax, plus deposit.
    pub amount: Money,
}

/// What a refund of goods comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Line by line, in the order of the cart.
    pub lines: Vec<RefundLine>,
    /// The sum of the lines; more than nothing.
    pub amount: Money,
    /// The sum of the lines, by what it is.
    pub parts: RefundParts,
}

impl RefundParts {
    /// Nothing of anything: a credit is no goods.
    #[must_use]
    pub const fn nothing(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self { sales: nothing, tax: nothing, deposits: nothing }
    }

    /// The parts of a share of the whole, in proportion; the parts of the rest are what is left of each.
    ///
    /// # Errors
    ///
    /// Refuses another currency, and sums past 64 bits.
    pub fn share(&self, share: Money) -> Result<Self, MoneyError> {
        let weight = |part: Money| u64::try_from(part.minor()).map_err(|_| MoneyError::Overflow);
        let weights = [weight(self.sales)?, weight(self.tax)?, weight(self.deposits)?];
        match share.split(&weights)?[..] {
            [sales, tax, deposits] => Ok(Self { sales, tax, deposits }),
            _ => Err(MoneyError::Overflow),
        }
    }

    /// What is left of each when `other` is taken away.
    ///
    /// # Errors
    ///
    /// Refuses another currency, and differences past 64 bits.
    pub fn less(&self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            sales: self.sales.checked_sub(other.sales)?,
            tax: self.tax.checked_sub(other.tax)?,
            deposits: self.deposits.checked_sub(other.deposits)?,
        })
    }
}

/// What the chosen lines come to. `returned` says how much of each line has come back before, or is on its way.
///
/// # Errors
///
/// Says which line cannot be chosen so, and what is left of it; [`RefundRefusal::Nothing`] when nothing would be given back.
pub fn expected(
    purchase: &Purchase,
    returned: &BTreeMap<u32, Decimal>,
    choice: &Choice,
) -> Result<Expected, RefundRefusal> {
    let before = |line: &PurchaseLine| returned.get(&line.line_no).copied().unwrap_or_default();
    let left = |line: &PurchaseLine| line.quantity.checked_sub(before(line)).unwrap_or_default();
    let chosen: Vec<(&PurchaseLine, Decimal)> = match choice {
        Choice::Everything => purchase.lines.iter().map(|line| (line, left(line))).collect(),
        Choice::Lines(lines) => {
            let known = |no: &u32| purchase.lines.iter().any(|line| line.line_no == *no);
            if let Some(line_no) = lines.keys().find(|no| !known(no)) {
                return Err(RefundRefusal::NoSuchLine { line_no: *line_no });
            }
            let wanted = |line: &PurchaseLine| lines.get(&line.line_no).copied();
            purchase.lines.iter().filter_map(|line| Some((line, wanted(line)?))).collect()
        }
    };
    let is_named = matches!(choice, Choice::Lines(_));
    let mut lines = vec![];
    for (line, quantity) in chosen {
        if is_named {
            check_quantity(line, quantity, left(line))?;
        }
        if quantity > Decimal::ZERO {
            lines.push(part(line, before(line), quantity, purchase.settings.rounding)?);
        }
    }
    sum(purchase.total.currency(), lines)
}

fn check_quantity(line: &PurchaseLine, quantity: Decimal, left: Decimal) -> Result<(), RefundRefusal> {
    let line_no = line.line_no;
    let is_whole = quantity.fract().is_zero() || line.unit != PIECE;
    if quantity <= Decimal::ZERO || !is_whole || quantity.normalize().scale() > QUANTITY_PLACES {
        return Err(RefundRefusal::Quantity { line_no });
    }
    if quantity > left {
        return Err(RefundRefusal::ReturnedBefore { line_no, left: left.normalize() });
    }
    Ok(())
}

fn sum(currency: Currency, lines: Vec<RefundLine>) -> Result<Expected, RefundRefusal> {
    let total = |of: fn(&RefundLine) -> Money| Money::sum(currency, lines.iter().map(of));
    let amount = total(|line| line.amount)?;
    if !amount.is_positive() {
        return Err(RefundRefusal::Nothing);
    }
    let tax = total(|line| line.tax)?.checked_add(total(|line| line.tax_included)?)?;
    let deposits = total(|line| line.deposit)?;
    let sales = amount.checked_sub(tax)?.checked_sub(deposits)?;
    Ok(Expected { lines, amount, parts: RefundParts { sales, tax, deposits } })
}

/// What `quantity` more of a line comes to, when `before` of it has come back.
fn part(
    line: &PurchaseLine,
    before: Decimal,
    quantity: Decimal,
    rounding: Rounding,
) -> Result<RefundLine, RefundRefusal> {
    let share = Share::new(line, before, quantity, rounding)?;
    let mut taxes = Vec::with_capacity(line.taxes.len());
    for tax in &line.taxes {
        taxes.push(LineTax { amount: share.of(tax.amount)?, ..tax.clone() });
    }
    let currency = line.price.currency();
    let tax_where = |included: bool| {
        Money::sum(currency, taxes.iter().filter(|tax| tax.included == included).map(|tax| tax.amount))
    };
    let (tax, tax_included) = (tax_where(false)?, tax_where(true)?);
    let sales = share.of(line.price.checked_sub(line.discount)?.checked_sub(line.tax_included)?)?;
    let (promotions, deposit) = (share.of(line.discount)?, share.of(line.deposit)?);
    let goods = sales.checked_add(tax_included)?;
    Ok(RefundLine {
        line_no: line.line_no,
        name: line.name.clone(),
        quantity: quantity.normalize(),
        unit: line.unit.clone(),
        price: goods.checked_add(promotions)?,
        promotions,
        taxes,
        tax,
        tax_included,
        deposit,
        amount: goods.checked_add(tax)?.checked_add(deposit)?,
    })
}

/// From so much of a line to so much of it, in whole numbers of the same small unit.
struct Share {
    before: i128,
    after: i128,
    whole: i128,
    rounding: Rounding,
}

impl Share {
    fn new(line: &PurchaseLine, before: Decimal, more: Decimal, rounding: Rounding) -> Result<Self, MoneyError> {
        let after = before.checked_add(more).ok_or(MoneyError::Overflow)?;
        let places = [before, after, line.quantity].map(|it| it.normalize().scale()).into_iter().max().unwrap_or(0);
        let count = |quantity: Decimal| {
            let mut scaled = quantity;
            scaled.rescale(places);
            if scaled.scale() == places { Ok(scaled.mantissa()) } else { Err(MoneyError::Overflow) }
        };
        Ok(Self { before: count(before)?, after: count(after)?, whole: count(line.quantity)?, rounding })
    }

    fn of(&self, amount: Money) -> Result<Money, MoneyError> {
        let up_to = |count: i128| {
            let share = i128::from(amount.minor()).checked_mul(count)?;
            i64::try_from(round_ratio(share, self.whole, self.rounding)?).ok()
        };
        let minor = up_to(self.after).zip(up_to(self.before)).and_then(|(after, before)| after.checked_sub(before));
        Ok(Money::new(minor.ok_or(MoneyError::Overflow)?, amount.currency()))
    }
}
