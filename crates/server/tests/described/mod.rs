//! Compares what goes over the wire with what the description of the API says of it.
//!
//! It knows only the words that the description uses, and fails on others. Fields that an answer has and the
//! description has not are an error, too: that is more than a validator of JSON schemas would say.

use std::sync::OnceLock;

use baton_server::{ROUTES, openapi};
use serde_json::{Map, Value};

static DOCUMENT: OnceLock<Value> = OnceLock::new();

/// Words that say nothing about what is valid.
const REMARKS: [&str; 7] = [
    "description",
    "title",
    "format",
    "default",
    "minimum",
    "maximum",
    "minLength",
];

/// What is wrong with a value, and where in it.
fn errors(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = match schema {
        Value::Bool(true) => return Vec::new(),
        Value::Object(schema) => schema,
        other => return vec![format!("{place}: {other} is no schema")],
    };
    let mut found = Vec::new();
    for (word, said) in schema {
        match word.as_str() {
            "$ref" => {
                let target = said.as_str().unwrap().trim_start_matches('#');
                let target = document.pointer(target).unwrap();
                found.extend(errors(document, target, value, place));
            }
            "anyOf" | "oneOf" => {
                let choices = said.as_array().unwrap().iter();
                let tried: Vec<_> = choices
                    .map(|choice| errors(document, choice, value, place))
                    .collect();
                if tried.iter().all(|errors| !errors.is_empty()) {
                    found.push(format!("{place}: nothing fits: {tried:?}"));
                }
            }
            "type" => found.extend(kind_error(said, value, place)),
            "enum" if !said.as_array().unwrap().contains(value) => {
                found.push(format!("{place}: {value} is none of {said}"));
            }
            "const" if said != value => found.push(format!("{place}: {value} is not {said}")),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(
                    items.flat_map(|(at, item)| {
                        errors(document, said, item, &format!("{place}/{at}"))
                    }),
                );
            }
            "required" => {
                let names = said.as_array().unwrap().iter().filter_map(Value::as_str);
                let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                found.extend(missing.map(|name| format!("{place}: `{name}` is missing")));
            }
            // The fields come below; the rest was met above, or is not looked at.
            "properties" | "additionalProperties" | "enum" | "const" | "minItems" | "maxItems" => {}
            remark if REMARKS.contains(&remark) => {}
            unknown => found.push(format!("{place}: this test does not know `{unknown}`")),
        }
    }
    if let (Some(fields), Some(value)) = (schema.get("properties"), value.as_object()) {
        let fields = fields.as_object().unwrap();
        let others = schema.get("additionalProperties");
        found.extend(field_errors(document, fields, others, value, place));
    }
    found
}

fn field_errors(
    document: &Value,
    fields: &Map<String, Value>,
    others: Option<&Value>,
    value: &Map<String, Value>,
    place: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in value {
        let place = format!("{place}/{name}");
        match fields.get(name).or(others) {
            Some(schema) => found.extend(errors(document, schema, value, &place)),
            None => found.push(format!("{place} is not described")),
        }
    }
    found
}

fn kind_error(kinds: &Value, value: &Value, place: &str) -> Option<String> {
    let fits = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let kinds_of = kinds
        .as_array()
        .map_or(vec![kinds], |kinds| kinds.iter().collect());
    let fits = kinds_of.iter().filter_map(|kind| kind.as_str()).any(fits);
    (!fits).then(|| format!("{place}: {value} is not of type {kinds}"))
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut given = path.split('/');
    let fits = pattern
        .split('/')
        .map(|part| (part, given.next()))
        .all(|(part, given)| given.is_some_and(|given| part.starts_with('{') || part == given));
    fits && given.next().is_none()
}

/// Fails where what was sent and answered is not what the description says. What was sent may have more fields.
pub(crate) fn check(method: &str, uri: &str, sent: Option<&Value>, status: u16, answer: &Value) {
    let path = uri.split('?').next().unwrap_or(uri);
    // A fixed part counts more than a place.
    let route = ROUTES
        .iter()
        .filter(|access| access.method == method && fits(access.path, path))
        .min_by_key(|access| access.path.matches('{').count());
    let Some(access) = route.filter(|access| access.path != "/api/openapi.json") else {
        return;
    };
    let document = DOCUMENT.get_or_init(openapi);
    let operation = &document["paths"][access.path][method.to_lowercase()];
    let json = |part: &str| operation.pointer(&format!("{part}/content/application~1json/schema"));
    let what = format!("{method} {uri}");
    let is_error = status >= 400 && access.path != "/ready";
    let answered = json(if is_error {
        "/responses/default"
    } else {
        "/responses/200"
    });
    if let Some(schema) = answered.filter(|_| !answer.is_string()) {
        let errors = errors(document, schema, answer, "");
        assert!(
            errors.is_empty(),
            "{what}: the answer: {errors:#?}\n{answer}"
        );
    }
    if let (Some(schema), Some(sent), false) = (json("/requestBody"), sent, is_error) {
        let mut errors = errors(document, schema, sent, "");
        errors.retain(|error| !error.ends_with("is not described"));
        assert!(
            errors.is_empty(),
            "{what}: what was sent: {errors:#?}\n{sent}"
        );
    }
}
