//! What a viewer can do about what is kept of them.

/// Can a viewer's data be erased?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Now.
    Ready,
    /// After signing in anew: the session is not young enough for something that cannot be undone.
    SignInFirst,
    /// When what is owed, charged, refunded or being paid is over.
    StillOpen,
    /// By whoever signs in with the address: a card that somebody knows proves too little.
    ByAddressOnly,
}
