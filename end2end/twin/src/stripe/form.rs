//! Stripe's way of writing nested fields: `line_items[0][price_data][unit_amount]=1032`.

/// The fields of a form or a query, by the whole of their bracketed names.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// `prefix[KEY]`, each key with its value.
    pub(super) fn map(&self, prefix: &str) -> Vec<(String, String)> {
        let inner = |name: &str| Some(name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        self.0.iter().filter_map(|(name, value)| Some((inner(name)?, value.clone()))).collect()
    }

    /// Whether `expand[]` asks for this field whole.
    pub(super) fn expands(&self, field: &str) -> bool {
        self.0.iter().any(|(name, value)| name.starts_with("expand[") && value == field)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = |bytes: &[u8]| u8::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok();
        match (first, tail.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_are_read_by_their_whole_name() {
        let fields = Fields::read(
            "line_items[0][price_data][unit_amount]=1032&metadata%5Bpayoff%5D=a%20b+c&expand[0]=x.y&odd=%zz",
        );
        assert_eq!(fields.number("line_items[0][price_data][unit_amount]"), Some(1032));
        assert_eq!(fields.map("metadata"), [("payoff".to_owned(), "a b c".to_owned())]);
        assert!(fields.expands("x.y") && !fields.expands("x"));
        assert_eq!(fields.get("odd"), Some("%zz"));
    }
}
