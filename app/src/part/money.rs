//! Amounts and quantities as people read them: as the receipt has them, on paper and in mails as well.

pub(crate) use domain::receipt::word::{amount, quantity, unit_price};
