//! The file of loyalty accounts.

use domain::id::{EmailAddress, LoyaltyNumber};
use domain::loyalty::LoyaltyAccount;

use super::{Cells, Column};

/// Its columns.
pub const COLUMNS: &[Column] =
    &[Column::required("loyalty_number"), Column::required("email"), Column::optional("ended")];

/// Reads one account. What is wrong with an address is told without the address.
pub fn read(cells: &mut Cells<'_>) -> Option<LoyaltyAccount> {
    let number = cells.required("loyalty_number", 255);
    let number = number.and_then(|text| {
        let number = LoyaltyNumber::new(text).ok();
        if number.is_none() {
            cells.refuse("loyalty_number", "has a character that is not allowed");
        }
        number
    });
    let email = cells.read("email", |text| EmailAddress::new(text).map_err(|error| error.to_string()));
    let ended = cells.yes("ended");
    Some(LoyaltyAccount { number: number?, email, ended })
}
