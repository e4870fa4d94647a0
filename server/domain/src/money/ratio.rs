//! Whole-number arithmetic under money: a rounded fraction, and a split that loses nothing.

use super::Rounding;

/// `numerator / denominator` to a whole number. Neither is negative. `None` for a denominator of zero.
pub(crate) fn round_ratio(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i128> {
    // Division of 64 bits is several times faster, and nearly always enough.
    let (quotient, remainder) = match (u64::try_from(numerator), u64::try_from(denominator)) {
        (Ok(numerator), Ok(denominator)) => {
            (numerator.checked_div(denominator)?.into(), i128::from(numerator.checked_rem(denominator)?))
        }
        _ => (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?),
    };
    let up = match remainder.cmp(&denominator.checked_sub(remainder)?) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => match rounding {
            Rounding::HalfUp => true,
            Rounding::HalfDown => false,
            Rounding::HalfEven => quotient & 1 == 1,
        },
    };
    if up { quotient.checked_add(1) } else { Some(quotient) }
}

/// Splits `amount` in proportion to `weights`, none of them negative, by largest remainder: each part is rounded down, and the
/// units left over go to the largest remainders, the earlier part first where they are equal. All weights zero: the first part
/// gets everything. `None` past 128 bits.
pub(crate) fn apportion(amount: i64, weights: &[i128]) -> Option<Vec<i64>> {
    let total = weights.iter().try_fold(0_i128, |sum, weight| sum.checked_add(*weight))?;
    if total == 0 || weights.len() == 1 {
        let rest = std::iter::repeat_n(0, weights.len().saturating_sub(1));
        return Some(weights.first().map(|_| amount).into_iter().chain(rest).collect());
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = amount;
    for (index, weight) in weights.iter().enumerate() {
        let share = i128::from(amount).checked_mul(*weight)?;
        let (part, remainder) = divide(share, total)?;
        left = left.checked_sub(part)?;
        parts.push(part);
        if remainder > 0 {
            remainders.push((std::cmp::Reverse(remainder), index));
        }
    }
    let extra = usize::try_from(left).ok()?;
    if extra > 0 && extra < remainders.len() {
        remainders.select_nth_unstable(extra.checked_sub(1)?);
    }
    for (_, index) in remainders.iter().take(extra) {
        let part = parts.get_mut(*index)?;
        *part = part.checked_add(1)?;
    }
    Some(parts)
}

/// Rounded down, with what is left.
fn divide(share: i128, total: i128) -> Option<(i64, i128)> {
    if let (Ok(share), Ok(total)) = (u64::try_from(share), u64::try_from(total)) {
        return Some((share.checked_div(total)?.try_into().ok()?, share.checked_rem(total)?.into()));
    }
    Some((i64::try_from(share.checked_div_euclid(total)?).ok()?, share.checked_rem_euclid(total)?))
}
