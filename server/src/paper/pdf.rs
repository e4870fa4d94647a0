//! Pages of text and lines as a file.

use std::collections::BTreeSet;

use lopdf::{Document, Object, StringFormat};
use printpdf::{
    FontId, Line, LinePoint, Mm, Op, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, Point, Pt, TextItem,
    TextMatrix, to_lopdf_doc,
};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use sha2::{Digest, Sha256};

use super::sheet::{HEIGHT, MARGIN, Mark, RIGHT, WIDTH};
use super::typeface::Weight;
use domain::receipt::word;

/// The pages as a PDF. The same pages are the same bytes.
pub(super) fn write(pages: &[Vec<Mark>]) -> Vec<u8> {
    let mut pdf = PdfDocument::new(word::RECEIPT);
    for weight in Weight::ALL {
        let used: BTreeSet<char> = pages.iter().flatten().flat_map(|mark| characters(mark, weight)).collect();
        let font = PdfFont::new(weight.typeface().part(used.into_iter()));
        pdf.resources.fonts.map.insert(font_id(weight), font);
    }
    let ops = |page: &Vec<Mark>| page.iter().flat_map(ops).collect();
    let size = |length: i32| Mm::from(points(length));
    pdf.pages = pages.iter().map(|page| PdfPage::new(size(WIDTH), size(HEIGHT), ops(page))).collect();
    let mut file = to_lopdf_doc(&pdf, &PdfSaveOptions::default(), &mut vec![]);
    describe(&mut file, pages);
    file.compress();
    let mut bytes = vec![];
    file.save_to(&mut bytes).expect("memory takes what is written to it");
    bytes
}

fn characters(mark: &Mark, of: Weight) -> Vec<char> {
    match mark {
        Mark::Text { weight, text, .. } if *weight == of => text.chars().collect(),
        Mark::Text { .. } | Mark::Rule { .. } => vec![],
    }
}

/// printpdf names fonts by chance; a name of ours is read as one of its own.
fn font_id(weight: Weight) -> FontId {
    let name: StrDeserializer<'_, serde::de::value::Error> = match weight {
        Weight::Plain => "Plain".into_deserializer(),
        Weight::Bold => "Bold".into_deserializer(),
    };
    FontId::deserialize(name).expect("a font's name is a text")
}

/// The file's own number is one of chance, and its dates are those of 1970: one is made of the content, the others are left out.
fn describe(file: &mut Document, pages: &[Vec<Mark>]) {
    let number = Sha256::digest(format!("{pages:?}"))[..16].to_vec();
    let number = Object::String(number, StringFormat::Hexadecimal);
    file.trailer.set("ID", Object::Array(vec![number.clone(), number]));
    if let Ok(info) = file.trailer.get(b"Info").and_then(Object::as_reference)
        && let Ok(info) = file.get_dictionary_mut(info)
    {
        for dated in ["CreationDate", "ModDate", "GTS_PDFXVersion", "Identifier"] {
            info.remove(dated.as_bytes());
        }
    }
    if let Ok(catalog) = file.catalog_mut() {
        catalog.set("Lang", Object::string_literal("en"));
    }
}

fn ops(mark: &Mark) -> Vec<Op> {
    match mark {
        Mark::Text { x, y, size, weight, text } => vec![
            Op::StartTextSection,
            Op::SetFont { font: PdfFontHandle::External(font_id(*weight)), size: points(*size) },
            Op::SetTextMatrix { matrix: TextMatrix::Translate(points(*x), points(HEIGHT - *y)) },
            Op::ShowText { items: vec![TextItem::Text(text.clone())] },
            Op::EndTextSection,
        ],
        Mark::Rule { y, thickness } => {
            let point = |x| LinePoint { p: Point { x: points(x), y: points(HEIGHT - *y) }, bezier: false };
            let line = Line { points: vec![point(MARGIN), point(RIGHT)], is_closed: false };
            vec![Op::SetOutlineThickness { pt: points(*thickness) }, Op::DrawLine { line }]
        }
    }
}

/// Lengths here are at most a page, in hundredths of a point: an `f32` has them to a thousandth.
fn points(hundredths: i32) -> Pt {
    Pt(f32::from(i16::try_from(hundredths / 100).unwrap_or(i16::MAX))
        + f32::from(i16::try_from(hundredths % 100).unwrap_or_default()) / 100.0)
}
