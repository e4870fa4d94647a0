//! What `make bench` and `make soak` measure: the real programs on a durable database of their own, and beside them, in the same run,
//! pgbench with the very statements that they sent. The milliseconds are this machine's; the ratios are the criterion.

pub mod baseline;
pub mod decline;
pub mod fill;
pub mod gate;
pub mod lookup;
pub mod portal;
pub mod recording;
pub mod rows;
pub mod sign_in;
pub mod soak;
pub mod stage;
pub mod trips;
pub mod verdict;
