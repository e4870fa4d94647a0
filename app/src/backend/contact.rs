//! Whom to ask.

/// A store and where somebody there answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The store's name.
    pub store_name: String,
    /// Where it is.
    pub address: String,
    /// An address or a telephone number.
    pub contact: String,
}
