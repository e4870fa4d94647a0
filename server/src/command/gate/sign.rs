//! The sign for beside the gate.

use anyhow::Context;
use domain::gate::BALANCE_PATH;
use domain::receipt::Merchant;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of blank around the code. Source: ISO/IEC 18004, "quiet zone".
const QUIET: usize = 4;

/// The largest letters of the address, and how large those of one letter could be: a long address gets smaller ones.
const FONT_MAX: usize = 28;
const FONT_WIDTHS: usize = 900;

/// A sign that says where to pay what is open, as text and as a QR code.
///
/// # Errors
///
/// An address too long for a QR code.
pub(super) fn svg(merchant: &Merchant, portal: &str) -> anyhow::Result<String> {
    let address = format!("{portal}{BALANCE_PATH}");
    // A sign gets scratched: a quarter of it may be unreadable.
    let code = QrCode::with_error_correction_level(&address, EcLevel::Q);
    let code = code.context("STORESIDE_PUBLIC_URL is too long for a QR code")?;
    let width = code.width();
    let side = width.saturating_add(QUIET.saturating_mul(2));
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let squares: String = dark.map(|(at, _)| square(at, width)).collect();
    let shown = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let size = FONT_WIDTHS.checked_div(shown.chars().count()).unwrap_or(FONT_MAX).clamp(1, FONT_MAX);
    let [name, contact, address, shown] = [&merchant.name, &merchant.contact, &address, shown].map(escape);
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 850" role="img" aria-labelledby="title description">
  <title id="title">The gate stays closed? Pay open visits online.</title>
  <desc id="description">A QR code with the address {address}</desc>
  <rect width="600" height="850" fill="#fff"/>
  <g font-family="sans-serif" fill="#000" text-anchor="middle">
    <text x="300" y="80" font-size="44" font-weight="bold">The gate stays closed?</text>
    <text x="300" y="130" font-size="28">Scan to see and pay open visits,</text>
    <text x="300" y="166" font-size="28">then tap again.</text>
    <svg x="75" y="190" width="450" height="450" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path d="{squares}"/></svg>
    <text x="300" y="690" font-size="{size}">{shown}</text>
    <text x="300" y="750" font-size="24">{name}</text>
    <text x="300" y="786" font-size="24">Questions: {contact}</text>
  </g>
</svg>"##
    ))
}

fn square(at: usize, width: usize) -> String {
    let (x, y) = (at.checked_rem(width).unwrap_or(0), at.checked_div(width).unwrap_or(0));
    format!("M{} {}h1v1h-1z", x.saturating_add(QUIET), y.saturating_add(QUIET))
}

/// A text between tags or in an attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(name: &str) -> Merchant {
        Merchant {
            name: name.to_owned(),
            address: String::new(),
            tax_number: String::new(),
            contact: "help@example.com".to_owned(),
        }
    }

    #[test]
    fn a_sign_says_the_address_and_its_code_says_the_same() {
        let sign = svg(&merchant("Tea & <Ham>"), "https://shop.example").unwrap();
        assert!(sign.contains(">shop.example/balance</text>"), "{sign}");
        assert!(sign.contains("Tea &amp; &lt;Ham&gt;"), "{sign}");
        let code = QrCode::with_error_correction_level("https://shop.example/balance", EcLevel::Q).unwrap();
        let dark = code.to_colors().into_iter().filter(|color| *color == Color::Dark).count();
        assert_eq!(sign.matches("h1v1h-1z").count(), dark, "every dark square and no other");
        assert!(sign.contains("M4 4h1v1h-1z"), "the finder pattern begins behind the quiet zone");
    }

    #[test]
    fn an_address_that_no_code_holds_is_told() {
        let told = svg(&merchant("Tea"), &format!("https://{}", "x".repeat(3000))).unwrap_err();
        assert!(told.to_string().contains("STORESIDE_PUBLIC_URL"), "{told}");
    }
}
