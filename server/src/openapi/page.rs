//! The description as a page: plain HTML, without a program, readable by eye and by ear.

use std::fmt::Write;

use serde_json::{Map, Value};

/// How deep a body is followed; ours have six levels.
const DEPTH_MAX: usize = 12;

/// The page.
pub(super) fn render(description: &Value) -> String {
    let mut html = String::from(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>What machines call - Storeside</title>\
         <link rel=\"stylesheet\" href=\"/pkg/storeside.css\"></head><body><main class=\"main\" id=\"main\">\
         <h1>What machines call</h1>",
    );
    let _ = write!(html, "<p class=\"lead\">{}</p>", escaped(&description["info"]["description"]));
    html.push_str("<p>For programs: <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>");
    for (path, methods) in entries(&description["paths"]) {
        for (method, operation) in entries(methods) {
            html.push_str(&operation_part(description, path, method, operation));
        }
    }
    html.push_str("</main></body></html>");
    html
}

fn operation_part(description: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut html = format!("<section><h2><code class=\"code\">{} {path}</code></h2>", method.to_uppercase());
    let _ = write!(html, "<p>{}</p>{}", escaped(&operation["summary"]), callers(description, operation));
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        html.push_str(&fields_table(description, "What is sent", body));
        if let Some(sample) = resolve(description, body).get("example") {
            let sample = serde_json::to_string_pretty(sample).unwrap_or_default();
            let _ = write!(html, "<h3>A sample</h3><pre tabindex=\"0\"><code>{}</code></pre>", escape(&sample));
        }
    }
    html.push_str("<h3>What is answered</h3><dl>");
    for (status, answer) in entries(&operation["responses"]) {
        let _ = write!(html, "<dt><strong>{status}</strong></dt><dd>{}</dd>", escaped(&answer["description"]));
    }
    html.push_str("</dl></section>");
    html
}

/// Which headers show who calls: the ways of which one is enough.
fn callers(description: &Value, operation: &Value) -> String {
    let schemes = &description["components"]["securitySchemes"];
    let header = |name: &str| {
        let scheme = &schemes[name];
        format!("<code class=\"code\">{}</code> ({})", escaped(&scheme["name"]), escaped(&scheme["description"]))
    };
    let ways = operation["security"].as_array().into_iter().flatten();
    let ways: Vec<String> =
        ways.map(|way| entries(way).map(|(name, _)| header(name)).collect::<Vec<_>>().join(" and ")).collect();
    if ways.is_empty() { String::new() } else { format!("<p>Who calls shows {}.</p>", ways.join(", or ")) }
}

fn fields_table(description: &Value, caption: &str, schema: &Value) -> String {
    let mut rows = String::new();
    add_fields(description, "", schema, DEPTH_MAX, &mut rows);
    format!(
        "<table class=\"table\"><caption>{caption}</caption><thead><tr><th scope=\"col\">Field</th><th scope=\"col\">What it \
         is</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}

/// A row for each field of an object, and below it those of what it holds.
fn add_fields(description: &Value, path: &str, schema: &Value, depth: usize, rows: &mut String) {
    let schema = resolve(description, schema);
    let required = schema["required"].as_array();
    for (name, field) in entries(&schema["properties"]) {
        let is_required = required.is_some_and(|it| it.iter().any(|it| it == name));
        let inner = resolve(description, field);
        let is_list = inner.get("items").is_some();
        let path = format!("{path}{name}{}", if is_list { "[]" } else { "" });
        let told = [field, inner].into_iter().find_map(|it| it["description"].as_str()).unwrap_or_default();
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><code class=\"code\">{}</code></th><td>{}{}. {}</td></tr>",
            escape(&path),
            if is_required { "Required: " } else { "" },
            escape(&kind(inner)),
            escape(told),
        );
        if depth > 0 {
            let held = if is_list { &inner["items"] } else { inner };
            add_fields(description, &format!("{path}."), held, depth - 1, rows);
        }
    }
}

/// What a reference stands for; of several, the one that is not nothing.
fn resolve<'d>(description: &'d Value, schema: &'d Value) -> &'d Value {
    let either = schema["oneOf"].as_array();
    let schema = either.and_then(|it| it.iter().find(|it| it["type"] != "null")).unwrap_or(schema);
    let name = schema["$ref"].as_str().and_then(|it| it.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &description["components"]["schemas"][name])
}

/// `text, at most 255 characters`.
fn kind(schema: &Value) -> String {
    if let Some(either) = schema["anyOf"].as_array() {
        return either.iter().map(kind).collect::<Vec<_>>().join(", or ");
    }
    let mut said = vec![match type_of(schema) {
        "string" => "text".to_owned(),
        "" => "anything".to_owned(),
        other => other.to_owned(),
    }];
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).filter(|it| !it.is_empty()).collect();
        said.push(format!("one of {}", words.join(", ")));
    }
    said.extend(schema["format"].as_str().map(str::to_owned));
    said.extend(schema["maxLength"].as_u64().map(|most| format!("at most {most} characters")));
    said.extend(schema["pattern"].as_str().map(|pattern| format!("like {pattern}")));
    said.join(", ")
}

/// Besides nothing.
fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|it| *it != "null").unwrap_or_default(),
        one => one.as_str().unwrap_or_default(),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

fn escaped(text: &Value) -> String {
    escape(text.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        render(&serde_json::to_value(super::super::describe()).unwrap())
    }

    #[test]
    fn every_address_and_every_field_of_it_is_on_the_page() {
        let page = page();
        for told in [
            "POST /v1/fraudandabuse/shopperauthorization",
            "POST /v1/order/purchases",
            "POST /v1/events",
            "GET /health/ready",
            "shopperInteraction.gateAuthenticationEvent.interactionType",
            "shoppingTrip.authEvents[].scanResult.type",
            "cartItems[].externalIdentifiers[].type",
            "one of SKU, SCANCODE",
            "Required: text, uuid",
            "x-storeside-gateway-secret",
            "x-api-key",
        ] {
            assert!(page.contains(told), "{told} is not on\n{page}");
        }
    }

    #[test]
    fn nothing_on_the_page_is_a_program_or_comes_from_elsewhere() {
        let page = page();
        for foreign in ["<script", "http://", "https://", " style=", "onclick"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
