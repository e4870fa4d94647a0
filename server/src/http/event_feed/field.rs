//! Every field of an event's detail, however deep and however spelled, the shallowest first.

use std::collections::VecDeque;

use serde_json::{Map, Value};

/// Fields looked at. A detail with more is nobody's we know.
const FIELDS_MAX: usize = 2000;

/// One field: `{"payment": {"shoppingTripId": "…"}}` has `payment` and, inside, `shoppingTripId`.
#[derive(Debug, Clone)]
pub(super) struct Field<'v> {
    /// As it was sent.
    pub(super) key: &'v str,
    /// In one spelling: `shoppingTripId`, `shopping_trip_id` and `ShoppingTripID` are `shoppingtripid`.
    pub(super) word: String,
    /// The word of the object around it; empty for the outermost.
    pub(super) parent: String,
    pub(super) depth: usize,
    pub(super) value: &'v Value,
}

/// Only letters and digits, in lower case.
pub(super) fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// Objects, each with the word it goes by.
pub(super) type Objects<'v> = Vec<(String, &'v Map<String, Value>)>;

/// Every field and every object, by depth. What is inside a list goes by the list's own key.
pub(super) fn walk(detail: &Value) -> (Vec<Field<'_>>, Objects<'_>) {
    let (mut fields, mut objects) = (vec![], vec![]);
    let mut next = VecDeque::from([(String::new(), 0_usize, detail)]);
    while let Some((parent, depth, value)) = next.pop_front() {
        match value {
            Value::Object(object) => {
                objects.push((parent.clone(), object));
                for (key, value) in object.iter().take(FIELDS_MAX.saturating_sub(fields.len())) {
                    let word = word(key);
                    next.push_back((word.clone(), depth.saturating_add(1), value));
                    fields.push(Field { key, word, parent: parent.clone(), depth, value });
                }
            }
            Value::Array(items) => next.extend(items.iter().map(|item| (parent.clone(), depth, item))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    (fields, objects)
}

/// The one value that `fields` agree on under the first of `words` that has any that `read` takes. Two that differ are none:
/// what an event is about is not guessed.
pub(super) fn only<T: PartialEq>(
    fields: &[Field<'_>],
    words: &[(&str, &str)],
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    for (parent, word) in words {
        let named = fields.iter().filter(|it| it.word == *word && (parent.is_empty() || it.parent == *parent));
        let mut values = named.filter_map(|it| read(it.value.as_str()?));
        let Some(first) = values.next() else { continue };
        return values.all(|it| it == first).then_some(first);
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_at_any_depth_the_shallowest_first() {
        let detail = json!({ "a": [{ "trip_id": "deep" }], "Trip-ID": "near", "b": { "c": { "tripId": 1 } } });
        let (fields, objects) = walk(&detail);
        let found: Vec<_> =
            fields.iter().filter(|it| it.word == "tripid").map(|it| (it.depth, &it.parent[..])).collect();
        assert_eq!(found, [(0, ""), (1, "a"), (2, "c")]);
        assert_eq!(objects.len(), 4);
    }

    #[test]
    fn two_values_that_differ_are_none_and_the_same_twice_is_one() {
        let text = |it: &str| Some(it.to_owned());
        let found = |detail: Value| only(&walk(&detail).0, &[("", "tripid"), ("trip", "id")], text);
        assert_eq!(found(json!({ "tripId": "1", "x": { "trip_id": "1" } })).as_deref(), Some("1"));
        assert_eq!(found(json!({ "tripId": "1", "x": { "trip_id": "2" } })), None);
        assert_eq!(found(json!({ "trip": { "id": "3" }, "id": "4" })).as_deref(), Some("3"));
        assert_eq!(found(json!({ "tripId": 7 })), None);
    }
}
