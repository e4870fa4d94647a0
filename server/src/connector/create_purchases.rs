//! Create Purchases: Amazon sends what a shopper took, we answer with our purchase.
//!
//! Sources: <https://developer.amazon.com/docs/physicalstores/create_purchases.html> and
//! <https://developer.amazon.com/docs/physicalstores/create_purchases_test_cases.html> (its cases 3.1 to 3.35 are the
//! limits checked here). Only the shape is judged: an article nobody knows is a bad cart, not a bad request.

use std::collections::HashSet;

use domain::cart::{
    AuthEvent, Cart, CartItem, CartItemKind, CartReceived, ExternalIdentifier, IdentifierKind, PayloadKind,
    QUANTITY_CHARS_MAX, Quantity, Scan,
};
use domain::id::{GateEventId, ID_CHARS_MAX, InstrumentId, PurchaseId, StoreId, TripId};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use uuid::Uuid;

use super::field::{self, Digits, Fields, Problems};
use super::openapi;

/// Longest spelling of a kind of scan; the pages show `SHOPPER` and say that there are more.
const SCAN_KIND_CHARS_MAX: usize = 64;

const ITEM_KINDS: [(&str, CartItemKind); 2] = [("SKU", CartItemKind::Sku), ("SCANCODE", CartItemKind::Scancode)];

const PAYLOAD_KINDS: [(&str, PayloadKind); 2] =
    [("FINANCIAL", PayloadKind::Financial), ("SCAN_CODE", PayloadKind::ScanCode)];

const LOCATIONS: [(&str, &str); 3] = [("ENTRY", "ENTRY"), ("EXIT", "EXIT"), ("MANUAL_IN_STORE", "MANUAL_IN_STORE")];

const IDENTIFIER_KINDS: [(&str, IdentifierKind); 6] = [
    ("UPC", IdentifierKind::Upc),
    ("EAN", IdentifierKind::Ean),
    ("EAN8", IdentifierKind::Ean8),
    ("GTIN", IdentifierKind::Gtin),
    ("PLU", IdentifierKind::Plu),
    ("ISBN", IdentifierKind::Isbn),
];

/// What a shopper took, and when and how they came in. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatePurchasesRequest, example = json!({
    "requestId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "idempotentShoppingTripId": "11111111-2222-3333-4444-555555555555",
    "storeId": "TEST_STORE_001",
    "shoppingTrip": {
        "startTime": "2024-03-22T17:00:00Z",
        "endTime": "2024-03-22T17:09:39Z",
        "authEvents": [{
            "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "timestamp": "2024-03-22T17:00:00Z",
            "location": "ENTRY",
            "payloadType": "FINANCIAL"
        }]
    },
    "cartItems": [{ "id": "SKU-001", "type": "SKU", "quantity": { "value": "1.0", "unit": "unit" } }]
}))]
pub(super) struct Request {
    /// Made anew by Amazon for each request.
    #[schema(value_type = String, format = "uuid")]
    request_id: Option<String>,
    /// The visit. The same one again gets the same answer, whatever else is in the request.
    #[schema(value_type = String, max_length = 255, pattern = "^[0-9a-zA-Z_-]+$")]
    idempotent_shopping_trip_id: Option<String>,
    /// The store, as Amazon names it.
    #[schema(value_type = String, max_length = 255, pattern = "^[0-9a-zA-Z_-]+$")]
    store_id: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = ShoppingTrip, required = true)]
    shopping_trip: Option<ShoppingTrip>,
    /// What was taken. None at all is an empty cart.
    #[serde(default, deserialize_with = "field::objects")]
    #[schema(value_type = Vec<WireItem>, required = true)]
    cart_items: Option<Vec<WireItem>>,
    /// The payment instrument.
    #[serde(default, deserialize_with = "field::object")]
    shopper_identity: Option<Named>,
    #[schema(max_length = 255)]
    shopper_device_id: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    payment_source: Option<Named>,
}

/// An object with nothing but an id.
#[derive(Debug, Deserialize, ToSchema)]
struct Named {
    #[schema(max_length = 255)]
    id: Option<String>,
}

/// One visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShoppingTrip {
    /// Between the years 2000 and 2099, with or without fractions, at any offset; so are all times.
    #[schema(value_type = String, format = DateTime)]
    start_time: Option<String>,
    /// Not before `startTime`.
    #[schema(value_type = String, format = DateTime)]
    end_time: Option<String>,
    /// How people came in; several are a group.
    #[serde(default, deserialize_with = "field::objects")]
    #[schema(value_type = Vec<WireAuthEvent>, min_items = 1, required = true)]
    auth_events: Option<Vec<WireAuthEvent>>,
}

/// How somebody came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthEvent)]
struct WireAuthEvent {
    /// The gate's event id.
    #[schema(value_type = String, format = "uuid")]
    id: Option<String>,
    #[schema(schema_with = openapi::optional_time)]
    timestamp: Option<String>,
    #[schema(schema_with = location_words)]
    location: Option<String>,
    /// A card, or a code in an app.
    #[schema(schema_with = payload_words, required = true)]
    payload_type: Option<String>,
    /// What the code stood for; the number of a loyalty account is found by it.
    #[serde(default, deserialize_with = "field::object")]
    scan_result: Option<ScanResult>,
}

/// Whom a scanned code stands for.
#[derive(Debug, Deserialize, ToSchema)]
struct ScanResult {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: Option<String>,
    /// A word in capitals, like `SHOPPER`.
    #[schema(value_type = String, pattern = "^[A-Z_]{1,64}$")]
    r#type: Option<String>,
}

/// One line of a cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartItem)]
struct WireItem {
    /// An article nobody knows is no mistake of the request.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: Option<String>,
    #[schema(schema_with = item_words, required = true)]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "field::object")]
    #[schema(value_type = WireQuantity, required = true)]
    quantity: Option<WireQuantity>,
    #[serde(default, deserialize_with = "field::objects")]
    external_identifiers: Option<Vec<WireIdentifier>>,
    /// Not twice in a cart.
    #[schema(max_length = 255)]
    line_item_id: Option<String>,
}

/// How much of it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Quantity)]
struct WireQuantity {
    /// A string here, a number in the gate's cart hint; both are taken.
    #[schema(schema_with = openapi::quantity, required = true)]
    value: Option<Digits>,
    /// `unit`, or a weight like `lb`; one that nobody knows is no mistake of the request.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    unit: Option<String>,
}

/// A number that is printed on the article.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ExternalIdentifier)]
struct WireIdentifier {
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    id: Option<String>,
    /// Named `externalIdentifierType` in the gate's cart hint.
    #[schema(schema_with = identifier_words, required = true)]
    r#type: Option<String>,
}

fn item_words() -> Schema {
    openapi::words(ITEM_KINDS.map(|(word, _)| word))
}

fn payload_words() -> Schema {
    openapi::words(PAYLOAD_KINDS.map(|(word, _)| word))
}

fn location_words() -> Schema {
    openapi::optional_words(LOCATIONS.map(|(word, _)| word))
}

fn identifier_words() -> Schema {
    openapi::words(IDENTIFIER_KINDS.map(|(word, _)| word))
}

/// Reads one request of Amazon's.
///
/// # Errors
///
/// Names every field that is missing or cannot be used.
pub fn parse(body: &[u8]) -> Result<CartReceived, Problems> {
    let wire: Request = field::read(body)?;
    field::check(|fields| cart_received(fields, &wire))
}

/// A cart by itself, as a file has it: `cartItems`, and whatever else of a request is there.
#[derive(Debug)]
pub struct CartAlone {
    /// What was taken.
    pub cart: Cart,
    /// `storeId`.
    pub store: Option<StoreId>,
    /// `shoppingTrip.startTime`.
    pub started_at: Option<time::OffsetDateTime>,
}

/// Reads the cart of a request that may lack everything else.
///
/// # Errors
///
/// Names every field of a cart line that is missing or cannot be used.
pub fn parse_cart(body: &[u8]) -> Result<CartAlone, Problems> {
    let wire: Request = field::read(body)?;
    field::check(|fields| {
        let items = fields.required("cartItems", &wire.cart_items).and_then(|it| cart_items(fields, it));
        let store = fields.optional_text("storeId", &wire.store_id, StoreId::new);
        let visit = wire.shopping_trip.as_ref();
        let started_at = visit
            .and_then(|it| fields.inside("shoppingTrip").optional_text("startTime", &it.start_time, field::timestamp));
        Some(CartAlone { cart: Cart { items: items? }, store, started_at })
    })
}

fn cart_received(fields: &mut Fields<'_>, wire: &Request) -> Option<CartReceived> {
    let request_id = fields.text("requestId", &wire.request_id, uuid);
    let trip = fields.text("idempotentShoppingTripId", &wire.idempotent_shopping_trip_id, TripId::new);
    let store = fields.text("storeId", &wire.store_id, StoreId::new);
    let visit = fields
        .required("shoppingTrip", &wire.shopping_trip)
        .and_then(|it| shopping_trip(&mut fields.inside("shoppingTrip"), it));
    let items = fields.required("cartItems", &wire.cart_items).and_then(|it| cart_items(fields, it));
    let instrument = wire.shopper_identity.as_ref().and_then(|it| {
        let mut fields = fields.inside("shopperIdentity");
        fields.optional_text("id", &it.id, InstrumentId::new)
    });
    let device = fields.optional_text("shopperDeviceId", &wire.shopper_device_id, id_text);
    let payment_source = wire.payment_source.as_ref().and_then(|it| {
        let mut fields = fields.inside("paymentSource");
        fields.optional_text("id", &it.id, id_text)
    });
    let Visit { started_at, ended_at, auth_events } = visit?;
    Some(CartReceived {
        request_id: request_id?,
        trip: trip?,
        store: store?,
        started_at,
        ended_at,
        auth_events,
        cart: Cart { items: items? },
        instrument,
        device,
        payment_source,
    })
}

fn id_text(text: &str) -> Result<String, String> {
    field::short_text(text, ID_CHARS_MAX)
}

/// Only the written form with hyphens, which is the one in all samples.
fn uuid(text: &str) -> Result<Uuid, &'static str> {
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    Uuid::try_parse(text).ok().filter(|_| hyphenated).ok_or("must be a UUID")
}

struct Visit {
    started_at: time::OffsetDateTime,
    ended_at: time::OffsetDateTime,
    auth_events: Vec<AuthEvent>,
}

fn shopping_trip(fields: &mut Fields<'_>, wire: &ShoppingTrip) -> Option<Visit> {
    let started_at = fields.text("startTime", &wire.start_time, field::timestamp);
    let ended_at = fields.text("endTime", &wire.end_time, field::timestamp);
    if let (Some(started_at), Some(ended_at)) = (started_at, ended_at)
        && ended_at < started_at
    {
        fields.refuse("endTime", "must not be before startTime");
    }
    let events = fields.required("authEvents", &wire.auth_events)?;
    if events.is_empty() {
        fields.refuse("authEvents", "must have at least one entry");
    }
    let mut auth_events = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        auth_events.push(auth_event(&mut fields.item("authEvents", index), event));
    }
    let auth_events = auth_events.into_iter().collect::<Option<_>>()?;
    Some(Visit { started_at: started_at?, ended_at: ended_at?, auth_events })
}

fn auth_event(fields: &mut Fields<'_>, wire: &WireAuthEvent) -> Option<AuthEvent> {
    // Kept as it is written: the gate's event has the same id, as a text.
    let id = fields.text("id", &wire.id, |text| {
        uuid(text)?;
        GateEventId::new(text).map_err(|_| "must be a UUID")
    });
    let at = fields.optional_text("timestamp", &wire.timestamp, field::timestamp);
    let location = fields.optional_text("location", &wire.location, |text| field::one_of(text, &LOCATIONS));
    let payload_kind = fields.text("payloadType", &wire.payload_type, |text| field::one_of(text, &PAYLOAD_KINDS));
    let scan = wire.scan_result.as_ref().and_then(|it| {
        let mut fields = fields.inside("scanResult");
        let id = fields.text("id", &it.id, id_text);
        let kind = fields.text("type", &it.r#type, scan_kind);
        Some(Scan { id: id?, kind: kind? })
    });
    Some(AuthEvent { id: id?, at, location: location.map(str::to_owned), payload_kind: payload_kind?, scan })
}

fn scan_kind(text: &str) -> Result<String, &'static str> {
    let spelled = (1..=SCAN_KIND_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if spelled { Ok(text.to_owned()) } else { Err("must be a word in capitals, like SHOPPER") }
}

fn cart_items(fields: &mut Fields<'_>, wire: &[WireItem]) -> Option<Vec<CartItem>> {
    let mut line_item_ids = HashSet::new();
    let mut items = Vec::with_capacity(wire.len());
    for (index, item) in wire.iter().enumerate() {
        let mut fields = fields.item("cartItems", index);
        let item = cart_item(&mut fields, item);
        let line_item_id = item.as_ref().and_then(|it| it.line_item_id.clone());
        if line_item_id.is_some_and(|id| !line_item_ids.insert(id)) {
            fields.refuse("lineItemId", "is on another line of this cart too");
        }
        items.push(item);
    }
    items.into_iter().collect()
}

fn cart_item(fields: &mut Fields<'_>, wire: &WireItem) -> Option<CartItem> {
    let id = fields.text("id", &wire.id, id_text);
    let kind = fields.text("type", &wire.r#type, |text| field::one_of(text, &ITEM_KINDS));
    let quantity =
        fields.required("quantity", &wire.quantity).and_then(|it| quantity(&mut fields.inside("quantity"), it));
    let mut external_identifiers = vec![];
    for (index, identifier) in wire.external_identifiers.iter().flatten().enumerate() {
        let mut fields = fields.item("externalIdentifiers", index);
        let id = fields.text("id", &identifier.id, id_text);
        let kind = fields.text("type", &identifier.r#type, |text| field::one_of(text, &IDENTIFIER_KINDS));
        external_identifiers.extend(id.zip(kind).map(|(id, kind)| ExternalIdentifier { kind, id }));
    }
    let line_item_id = fields.optional_text("lineItemId", &wire.line_item_id, id_text);
    Some(CartItem { id: id?, kind: kind?, quantity: quantity?, external_identifiers, line_item_id })
}

fn quantity(fields: &mut Fields<'_>, wire: &WireQuantity) -> Option<Quantity> {
    let value = fields
        .required("value", &wire.value)
        .and_then(|it| quantity_value(it).map_err(|problem| fields.refuse("value", problem)).ok());
    let unit = fields.text("unit", &wire.unit, id_text);
    Some(Quantity { value: value?, unit: unit? })
}

fn quantity_value(digits: &Digits) -> Result<Decimal, String> {
    let digits = match digits {
        Digits::Text(text) => field::short_text(text, QUANTITY_CHARS_MAX)?,
        Digits::Number(number) => number.clone(),
    };
    let value = field::decimal(&digits).ok_or("must be a decimal number, like 1.0")?;
    if value < Decimal::ZERO {
        return Err("must not be negative".to_owned());
    }
    Ok(value)
}

/// The body of a 201.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatePurchasesAnswer)]
pub struct Answer {
    /// Empty for an empty cart, for which there is no purchase.
    purchase_id: String,
}

/// What Amazon hears of a purchase.
#[must_use]
pub fn answer(purchase: Option<PurchaseId>) -> Answer {
    Answer { purchase_id: purchase.map(|id| id.to_string()).unwrap_or_default() }
}

#[cfg(test)]
mod tests;
