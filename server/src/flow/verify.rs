//! What a long verification tells while it runs.

/// What was verified so far, or what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<V> {
    /// So much is done of so much.
    Step {
        /// Done.
        done: u64,
        /// Of how much, as far as is known.
        of: u64,
    },
    /// A violation. Told at once and not kept: there may be more of them than memory.
    Found(V),
}
