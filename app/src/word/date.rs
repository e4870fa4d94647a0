//! Moments in words: as the receipt has them, on paper and in mails as well.

pub(crate) use domain::receipt::word::{day, moment};
