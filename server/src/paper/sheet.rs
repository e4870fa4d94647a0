//! Pages that are filled from top to bottom. All lengths are hundredths of a point, from the left and from the top.

use super::typeface::Weight;

/// Points in hundredths of them.
pub(super) const fn pt(points: i32) -> i32 {
    points * 100
}

/// A page: as wide as A4 and as high as Letter, so that it fits on both.
pub(super) const WIDTH: i32 = pt(595);
pub(super) const HEIGHT: i32 = pt(792);

/// White on every side.
pub(super) const MARGIN: i32 = pt(48);

/// Where text ends on the right.
pub(super) const RIGHT: i32 = WIDTH - MARGIN;

/// Below it nothing is written but the page's number.
const BOTTOM: i32 = HEIGHT - pt(60);

/// Ordinary text.
pub(super) const TEXT: i32 = pt(10);

/// What is less important.
pub(super) const SMALL: i32 = 850;

/// Something on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A line of printable text, its baseline at `y`.
    Text { x: i32, y: i32, size: i32, weight: Weight, text: String },
    /// A line across the page.
    Rule { y: i32, thickness: i32 },
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: i32,
    pub(super) weight: Weight,
}

pub(super) const PLAIN: Style = Style { size: TEXT, weight: Weight::Plain };
pub(super) const BOLD: Style = Style { size: TEXT, weight: Weight::Bold };
pub(super) const QUIET: Style = Style { size: SMALL, weight: Weight::Plain };

impl Style {
    /// From one baseline to the next.
    pub(super) fn leading(self) -> i32 {
        self.size * 14 / 10
    }

    pub(super) fn width(self, text: &str) -> i32 {
        self.weight.typeface().width(text, self.size)
    }

    /// The text in lines no wider than `width`: broken at blanks, and inside a word only where it fits no line.
    pub(super) fn wrap(self, text: &str, width: i32) -> Vec<String> {
        let text = self.weight.typeface().printable(text);
        let mut lines = vec![String::new()];
        for word in text.split(' ').filter(|it| !it.is_empty()) {
            let line = lines.last().map_or("", String::as_str);
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer) <= width {
                lines.pop();
                lines.push(longer);
                continue;
            }
            if line.is_empty() {
                lines.pop();
            }
            lines.extend(self.pieces(word, width));
        }
        lines
    }

    fn pieces(self, word: &str, width: i32) -> Vec<String> {
        let mut pieces = vec![];
        let mut piece = String::new();
        for c in word.chars() {
            piece.push(c);
            if self.width(&piece) > width && piece.chars().count() > 1 {
                piece.pop();
                pieces.push(std::mem::take(&mut piece));
                piece.push(c);
            }
        }
        pieces.push(piece);
        pieces
    }
}

/// Pages that are being filled.
#[derive(Debug)]
pub(super) struct Sheets {
    pages: Vec<Vec<Mark>>,
    y: i32,
    /// Written again at the top of each page while a table runs.
    head: Option<fn(&mut Self)>,
}

impl Sheets {
    pub(super) fn new() -> Self {
        Self { pages: vec![vec![]], y: MARGIN, head: None }
    }

    /// Begins a table: its head is written now, and again on each page that it runs onto.
    pub(super) fn begin_table(&mut self, head: fn(&mut Self)) {
        head(self);
        self.head = Some(head);
    }

    pub(super) fn end_table(&mut self) {
        self.head = None;
    }

    /// Goes to a new page unless there is this much room.
    pub(super) fn room(&mut self, height: i32) {
        if self.y + height <= BOTTOM {
            return;
        }
        self.pages.push(vec![]);
        self.y = MARGIN;
        if let Some(head) = self.head {
            head(self);
        }
    }

    /// Leaves room before what comes next.
    pub(super) fn gap(&mut self, height: i32) {
        self.y += height;
    }

    /// Goes to the baseline of a line of this style.
    pub(super) fn line(&mut self, style: Style) {
        self.room(style.leading());
        self.y += style.leading();
    }

    pub(super) fn left(&mut self, x: i32, style: Style, text: &str) {
        let text = style.weight.typeface().printable(text);
        let y = self.y;
        self.put(Mark::Text { x, y, size: style.size, weight: style.weight, text });
    }

    /// Ends at `x`, as amounts do.
    pub(super) fn right(&mut self, x: i32, style: Style, text: &str) {
        let text = style.weight.typeface().printable(text);
        self.left(x - style.width(&text), style, &text);
    }

    pub(super) fn rule(&mut self, thickness: i32) {
        self.y += pt(4);
        let y = self.y;
        self.put(Mark::Rule { y, thickness });
        self.y += pt(2);
    }

    fn put(&mut self, mark: Mark) {
        self.pages.last_mut().expect("there is always a page").push(mark);
    }

    /// The pages, each with its number.
    pub(super) fn finish(mut self) -> Vec<Vec<Mark>> {
        let count = self.pages.len();
        for (number, page) in (1..).zip(&mut self.pages) {
            let text = format!("Page {number} of {count}");
            let x = RIGHT - QUIET.width(&text);
            page.push(Mark::Text { x, y: HEIGHT - pt(36), size: QUIET.size, weight: QUIET.weight, text });
        }
        self.pages
    }
}
