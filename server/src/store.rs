//! Rows. The only place with SQL: every function borrows a connection, so that the caller owns the transaction, and a function
//! that locks says so in its name. A row becomes a value of `domain` here or nowhere.

use sqlx::error::DatabaseError;

pub mod alert;
pub mod attempt;
pub mod audit;
pub mod audit_seal;
pub mod budget;
pub mod canary;
pub mod card_facts;
pub mod cart;
pub mod catalog;
pub mod debt;
pub mod debt_event;
pub mod dispute;
pub mod figures;
pub mod gate;
pub mod gate_away;
pub mod gate_decision;
pub mod gate_listing;
pub mod instrument;
pub mod ledger;
pub mod line_identification;
pub mod loyalty_account;
pub mod money_law;
pub mod outbox;
pub mod pause;
pub mod payment_event;
pub mod payment_link;
pub mod payoff;
pub mod personal;
pub mod promotion;
pub mod purchase;
pub mod refund;
pub mod refund_habit;
pub mod refund_line;
pub mod refund_review;
pub mod renewal;
pub mod rule_part;
pub mod rule_set;
pub mod security_event;
pub mod session;
pub mod settings;
pub mod shopper;
pub mod sign_in_code;
pub mod staff;
pub mod stripe_event;
pub mod tax_rate;
pub mod trip;
pub mod viewer;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

/// Why rows could not be read or written. Never shown to anybody outside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no, or was not there.
    #[error("the database did not answer as asked")]
    Query(#[from] sqlx::Error),
    /// A row that no code of ours writes.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
}

/// What every function of this room answers.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Is the database away, or about to go, so that another question would fare no better?
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            // Class 57 is an operator's intervention, 53 no room for one more connection (PostgreSQL, appendix A).
            Self::Query(sqlx::Error::Database(error)) => {
                DatabaseError::code(error.as_ref()).is_some_and(|code| code.starts_with("57") || code.starts_with("53"))
            }
            Self::Query(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed,
            ) => true,
            Self::Query(_) | Self::Corrupt(_) => false,
        }
    }

    /// The name of the constraint that refused a write. Outcomes are told apart by it, never by a message.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Query(sqlx::Error::Database(error)) => DatabaseError::constraint(error.as_ref()),
            Self::Query(_) | Self::Corrupt(_) => None,
        }
    }
}

/// Reads back a word, an id or an amount that this program wrote.
pub(crate) fn read<T, E>(value: std::result::Result<T, E>, what: &'static str) -> Result<T> {
    value.map_err(|_| StoreError::Corrupt(what))
}
