//! Load for a Storeside on this machine: open loops at a fixed rate, bursts, many at once, and the benches of `make bench`.
//!
//! What is measured is what Amazon and shoppers see: HTTP in, the answer out. Latency counts from the moment at which a call *should*
//! have begun, so that a server that stalls is charged for everyone who had to wait meanwhile (no coordinated omission).
//!
//! **Invariant**: depends on neither `domain` nor `server`, as the twin does; goes to loopback only; ends by itself.

pub mod arrival;
pub mod bench;
pub mod body;
pub mod memory;
pub mod operation;
pub mod report;
pub mod run;
pub mod shopper;
pub mod target;
