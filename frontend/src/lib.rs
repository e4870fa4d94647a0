//! What the browser runs: it brings the islands of `app` to life. Nothing else.

use wasm_bindgen::prelude::wasm_bindgen;

// The islands are found by name when a page starts; this keeps them in.
pub use app::island;

/// Called by the page once the program has arrived.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
