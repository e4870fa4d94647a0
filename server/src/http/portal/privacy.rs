//! Erasing one's data in the words of pages.

use app::backend::privacy::Erasure;
use app::error::UiError;
use time::Duration;

use super::unavailable;
use crate::flow::erase::EraseError;

/// How young a sign-in must be for what cannot be undone. The page says ten minutes.
pub(super) const FRESH_FOR: Duration = Duration::minutes(10);

pub(super) fn erasure(checked: Result<(), EraseError>, is_fresh: bool) -> Result<Erasure, UiError> {
    match checked {
        Ok(()) if is_fresh => Ok(Erasure::Ready),
        Ok(()) => Ok(Erasure::SignInFirst),
        Err(EraseError::StillOpen) => Ok(Erasure::StillOpen),
        Err(EraseError::NotByAddress) => Ok(Erasure::ByAddressOnly),
        Err(EraseError::Store(error)) => Err(unavailable(&error)),
    }
}

pub(super) fn not_erased(error: &EraseError) -> UiError {
    match error {
        EraseError::StillOpen | EraseError::NotByAddress => UiError::Changed,
        EraseError::Store(error) => unavailable(error),
    }
}
