//! A portal that is closed for a while.

pub(crate) const TITLE: &str = "This does not work right now";
pub(crate) const TEXT: &str = "Something we need is away. Try again in a few minutes.";
pub(crate) const MAINTENANCE: &str = "We are closed for maintenance";
pub(crate) const NOTHING_LOST: &str =
    "Nothing is lost, your card is not affected, and what you sent us before is kept.";
pub(crate) const STORES: &str = "The stores are open as always. Whoever needs help now finds somebody there.";
