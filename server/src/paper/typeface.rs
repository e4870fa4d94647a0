//! The two typefaces of a receipt, embedded whole in the program and in part in each file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use printpdf::{FontMetrics, ParsedFont};
use subsetter::GlyphRemapper;

/// DejaVu Sans Condensed: Latin, Greek and Cyrillic letters and all signs of currencies. Its license lies beside it.
static PLAIN: LazyLock<Typeface> =
    LazyLock::new(|| Typeface::read("DejaVuSansCondensed", include_bytes!("../../font/DejaVuSansCondensed.ttf")));

/// The same, bold.
static BOLD: LazyLock<Typeface> = LazyLock::new(|| {
    Typeface::read("DejaVuSansCondensed-Bold", include_bytes!("../../font/DejaVuSansCondensed-Bold.ttf"))
});

/// What stands for a character that the typeface does not have.
const REPLACEMENT: char = '?';

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Plain,
    Bold,
}

impl Weight {
    pub(super) const ALL: [Self; 2] = [Self::Plain, Self::Bold];

    pub(super) fn typeface(self) -> &'static Typeface {
        match self {
            Self::Plain => &PLAIN,
            Self::Bold => &BOLD,
        }
    }
}

/// A typeface that was read once.
pub(super) struct Typeface {
    name: &'static str,
    bytes: &'static [u8],
    parsed: ParsedFont,
}

impl Typeface {
    fn read(name: &'static str, bytes: &'static [u8]) -> Self {
        let parsed = ParsedFont::from_bytes(bytes, 0, &mut vec![]).expect("the typefaces are files of ours");
        Self { name, bytes, parsed }
    }

    /// The text as it can be printed: blanks of any kind are blanks, what only steers a screen is left out, and what the typeface does
    /// not have is replaced.
    pub(super) fn printable(&self, text: &str) -> String {
        let printed = text.chars().filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if c.is_control() || is_invisible(c) => None,
            c if self.parsed.lookup_glyph_index(c.into()).is_some_and(|glyph| glyph != 0) => Some(c),
            _ => Some(REPLACEMENT),
        });
        printed.collect()
    }

    /// How wide a printable text is at a size in hundredths of a point, in hundredths of a point.
    pub(super) fn width(&self, text: &str, size: i32) -> i32 {
        let glyphs = text.chars().filter_map(|c| self.parsed.lookup_glyph_index(c.into()));
        let units: i64 = glyphs.filter_map(|glyph| self.parsed.get_glyph_width(glyph)).map(i64::from).sum();
        i32::try_from(units * i64::from(size) / i64::from(self.parsed.units_per_em)).unwrap_or(i32::MAX)
    }

    /// The typeface with the glyphs of these characters and no others.
    pub(super) fn part(&self, characters: impl Iterator<Item = char>) -> ParsedFont {
        let mut glyphs = GlyphRemapper::new();
        let (mut codes, mut widths) = (BTreeMap::new(), BTreeMap::new());
        for character in characters {
            let Some(glyph) = self.parsed.lookup_glyph_index(character.into()) else { continue };
            let part = glyphs.remap(glyph);
            codes.insert(u32::from(character), part);
            widths.insert(part, self.parsed.get_glyph_width(glyph).unwrap_or_default());
        }
        let bytes = subsetter::subset(self.bytes, 0, &glyphs).expect("the typefaces are files of ours");
        let FontMetrics { ascent, descent } = self.parsed.font_metrics;
        let metrics = FontMetrics { ascent, descent };
        // The six letters say that it is a part (ISO 32000-1, 9.6.4); which ones does not matter within a file.
        let name = Some(format!("RECEIP+{}", self.name));
        let upem = self.parsed.units_per_em;
        let mut font = ParsedFont::with_glyph_data(bytes, 0, name, codes, widths, upem, metrics);
        font.pdf_font_metrics = self.parsed.pdf_font_metrics.clone();
        font
    }
}

/// Joiners, and marks that turn the direction of what follows: on paper they would hide or reorder text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}
