//! What those who call a trigger may say, and which events it answers to.

use std::collections::BTreeMap;

use baton_model::{Accepted, Map, TriggerSettings};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

/// Something about a variable that is not as the trigger wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The variable.
    pub variable: String,
    /// What is wrong with it: goes after the name of the variable.
    pub text: String,
}

/// Whether a pattern takes an event: every key of the pattern is in the event, and every list of the pattern holds the
/// event's value, or one of its values where that is a list too. What the pattern does not name is not looked at.
pub fn matches(pattern: &Map, event: &Value) -> bool {
    pattern.iter().all(|(key, wanted)| {
        let Some(found) = event.get(key) else {
            return false;
        };
        match wanted {
            Value::Object(pattern) => matches(pattern, found),
            Value::Array(accepted) => match found {
                Value::Array(values) => values.iter().any(|value| accepted.contains(value)),
                value => accepted.contains(value),
            },
            value => value == found,
        }
    })
}

/// Checks what a caller wants to set. Anything may be set where a trigger lists nothing.
pub fn accept(settings: &TriggerSettings, variables: &Map) -> Result<(), Vec<Complaint>> {
    if settings.accepts.is_empty() {
        return Ok(());
    }
    let mut complaints = Vec::new();
    let mut complain = |variable: &str, text: String| {
        complaints.push(Complaint {
            variable: variable.to_owned(),
            text,
        });
    };
    for variable in variables.keys() {
        if !settings.accepts.contains_key(variable) {
            let known: Vec<&str> = settings.accepts.keys().map(String::as_str).collect();
            let text = format!("may not be set here; what may: {}", known.join(", "));
            complain(variable, text);
        }
    }
    for (variable, accepted) in &settings.accepts {
        match variables.get(variable) {
            None if accepted.required => complain(variable, "must be given".to_owned()),
            None => {}
            Some(value) => {
                if let Some(text) = objection(accepted, value) {
                    complain(variable, text);
                }
            }
        }
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints)
    }
}

/// Checks what was chosen in forms. The rules of a variable are ways in which its value may be right; without any, all are.
/// An empty text is no choice.
pub fn accept_chosen(
    rules: &BTreeMap<String, Vec<Accepted>>,
    variables: &Map,
) -> Result<(), Vec<Complaint>> {
    let mut complaints = Vec::new();
    for (variable, ways) in rules {
        let given = variables.get(variable);
        let given = given.filter(|value| !value.is_null() && value.as_str() != Some(""));
        let text = match given {
            None => ways
                .iter()
                .any(|way| way.required)
                .then(|| "must be given".to_owned()),
            Some(value) => {
                let objections = ways.iter().map(|way| objection(way, value));
                let all: Option<Vec<String>> = objections.collect();
                all.filter(|all| !all.is_empty())
                    .map(|all| all.join(", or "))
            }
        };
        complaints.extend(text.map(|text| Complaint {
            variable: variable.clone(),
            text,
        }));
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints)
    }
}

/// What is wrong with a value.
fn objection(accepted: &Accepted, value: &Value) -> Option<String> {
    if let Some(kind) = accepted.kind.as_deref()
        && !is_of(kind, value)
    {
        return Some(format!("must be {}, not {value}", with_article(kind)));
    }
    if !accepted.options.is_empty() && !accepted.options.contains(value) {
        let options: Vec<String> = accepted.options.iter().map(Value::to_string).collect();
        return Some(format!(
            "must be one of {}, not {value}",
            options.join(", ")
        ));
    }
    let (size, unit) = match value {
        Value::Number(number) => (number.as_f64()?, ""),
        Value::String(text) => (text.chars().count() as f64, " characters"),
        Value::Array(items) => (items.len() as f64, " items"),
        Value::Object(map) => (map.len() as f64, " items"),
        Value::Null | Value::Bool(_) => return None,
    };
    if let Some(min) = accepted.min.filter(|min| size < *min) {
        return Some(format!("must be at least {min}{unit}, not {size}"));
    }
    if let Some(max) = accepted.max.filter(|max| size > *max) {
        return Some(format!("must be at most {max}{unit}, not {size}"));
    }
    None
}

fn is_of(kind: &str, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "float" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "dictionary" => value.is_object(),
        "date" => text.is_some_and(|text| text.parse::<NaiveDate>().is_ok()),
        "datetime" => text.is_some_and(|text| {
            DateTime::parse_from_rfc3339(text).is_ok()
                || text.parse::<NaiveDateTime>().is_ok()
                || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok()
        }),
        // A kind that nobody knows keeps nothing out.
        _ => true,
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "integer" => "an integer".to_owned(),
        "float" => "a number".to_owned(),
        "date" => "a date such as 2024-05-01".to_owned(),
        "datetime" => "a moment such as 2024-05-01T06:00:00Z".to_owned(),
        kind => format!("a {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map {
        let Value::Object(map) = value else {
            panic!("an object")
        };
        map
    }

    #[test]
    fn patterns_take_part_of_an_event() {
        let event = json!({
            "source": "aws.s3", "detail": {"bucket": {"name": "landing"}, "tags": ["a", "b"], "size": 3, "more": null},
        });
        let takes = |pattern: Value| matches(&map(pattern), &event);
        assert!(takes(json!({})));
        assert!(takes(json!({"source": ["aws.s3", "aws.ec2"]})));
        assert!(takes(
            json!({"detail": {"bucket": {"name": ["landing"]}, "size": [3]}})
        ));
        assert!(takes(json!({"detail": {"tags": ["b", "c"]}})));
        assert!(takes(json!({"detail": {"more": [null]}})));
        assert!(takes(json!({"source": "aws.s3"})));
        assert!(!takes(json!({"source": ["aws.ec2"]})));
        assert!(!takes(json!({"source": []})));
        assert!(!takes(json!({"detail": {"bucket": {"owner": ["me"]}}})));
        assert!(!takes(json!({"source": {"name": ["landing"]}})));
        assert!(!takes(json!({"detail": {"size": ["3"]}})));
    }

    #[test]
    fn callers_set_what_they_may() {
        let settings = TriggerSettings::of(&map(json!({"accepts": {
            "day": {"type": "date", "required": true},
            "at": {"type": "datetime"},
            "rows": {"type": "integer", "min": 1, "max": 10},
            "mode": {"options": ["full", "part"]},
            "name": {"type": "string", "max": 3},
            "any": {},
        }})));
        let complaints = |variables: Value| -> Vec<String> {
            match accept(&settings, &map(variables)) {
                Ok(()) => Vec::new(),
                Err(complaints) => complaints
                    .into_iter()
                    .map(|complaint| format!("{} {}", complaint.variable, complaint.text))
                    .collect(),
            }
        };
        let none: [&str; 0] = [];
        assert_eq!(
            complaints(
                json!({"day": "2024-05-01", "at": "2024-05-01 06:00:00", "rows": 10, "mode": "part", "any": [1]})
            ),
            none
        );
        assert_eq!(
            complaints(json!({"rows": 11, "mode": "none", "name": "über", "dya": 1})),
            [
                "dya may not be set here; what may: any, at, day, mode, name, rows",
                "day must be given",
                "mode must be one of \"full\", \"part\", not \"none\"",
                "name must be at most 3 characters, not 4",
                "rows must be at most 10, not 11",
            ]
        );
        assert_eq!(
            complaints(json!({"day": "soon", "rows": "3", "at": 5})),
            [
                "at must be a moment such as 2024-05-01T06:00:00Z, not 5",
                "day must be a date such as 2024-05-01, not \"soon\"",
                "rows must be an integer, not \"3\"",
            ]
        );
        let open = TriggerSettings::default();
        assert_eq!(accept(&open, &map(json!({"whatever": 1}))), Ok(()));
    }
}
