//! What the gate needs when Postgres is away: the balances as they were known last, the answers given lately, and a journal of the
//! decisions that no row keeps yet.
//!
//! **Invariant**: nothing here answers a tap or writes a row. A flow decides; this room remembers.

pub mod answers;
pub mod breaker;
pub mod journal;
pub mod last_known;
pub mod listener;
