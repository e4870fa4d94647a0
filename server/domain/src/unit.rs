//! Units of weight, and exact conversion between them.

use crate::reason::closed_list;

closed_list!(
    /// A unit of weight that a price can be per, and that a cart can measure in.
    WeightUnit {
        /// Avoirdupois pound: 0.45359237 kg.
        Lb = "lb",
        /// Avoirdupois ounce: a sixteenth of a pound.
        Oz = "oz",
        /// Kilogram.
        Kg = "kg",
        /// Gram.
        G = "g",
    }
);

/// Other spellings of the units, in lower case.
const SPELLINGS: [(&str, WeightUnit); 14] = [
    ("lbs", WeightUnit::Lb),
    ("pound", WeightUnit::Lb),
    ("pounds", WeightUnit::Lb),
    ("ounce", WeightUnit::Oz),
    ("ounces", WeightUnit::Oz),
    ("kgs", WeightUnit::Kg),
    ("kilo", WeightUnit::Kg),
    ("kilogram", WeightUnit::Kg),
    ("kilograms", WeightUnit::Kg),
    ("kilogramme", WeightUnit::Kg),
    ("gr", WeightUnit::G),
    ("gram", WeightUnit::G),
    ("grams", WeightUnit::G),
    ("gramme", WeightUnit::G),
];

impl WeightUnit {
    /// The unit a cart means, whatever its case and spelling. `None`: not a weight that is known here.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let own = Self::ALL.iter().find(|unit| text.eq_ignore_ascii_case(unit.as_str()));
        own.copied()
            .or_else(|| SPELLINGS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, unit)| *unit))
    }

    /// How many 625 ng it is: the largest weight of which all four units are whole multiples, so that no conversion loses
    /// anything.
    ///
    /// Source: the pound is 0.45359237 kg exactly (International Yard and Pound Agreement, 1959).
    #[must_use]
    pub const fn parts(self) -> i128 {
        match self {
            Self::Lb => 725_747_792,
            Self::Oz => 45_359_237,
            Self::Kg => 1_600_000_000,
            Self::G => 1_600_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_are_what_the_agreement_of_1959_says() {
        let nanograms = |unit: WeightUnit| unit.parts() * 625;
        assert_eq!(nanograms(WeightUnit::Kg), 1_000_000_000_000);
        assert_eq!(nanograms(WeightUnit::G), 1_000_000_000);
        assert_eq!(nanograms(WeightUnit::Lb), 453_592_370_000);
        assert_eq!(nanograms(WeightUnit::Oz) * 16, nanograms(WeightUnit::Lb));
    }

    #[test]
    fn units_are_read_in_any_case_and_spelling() {
        for (text, unit) in
            [("LB", WeightUnit::Lb), ("Ounces", WeightUnit::Oz), ("kg", WeightUnit::Kg), ("Gram", WeightUnit::G)]
        {
            assert_eq!(WeightUnit::read(text), Some(unit), "{text}");
        }
        assert_eq!(WeightUnit::read("stone"), None);
    }
}
