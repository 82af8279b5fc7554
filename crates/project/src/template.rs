//! Templates in `metadata.yaml`, `io_config.yaml` and `executor_type` (spec 1.5), rendered with minijinja so that
//! what comes out is what Jinja2 in Mage prints: `None`, `True`, and an unset variable as the text `None`.
//!
//! Text of SQL and YAML blocks is not rendered here; the worker does that with Jinja2 itself.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use baton_model::Map;
use minijinja::value::{Kwargs, Serde, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

/// Instructions that one text may take: opening a project must end.
const FUEL: u64 = 1_000_000;

type Source = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where templates take their values from.
#[derive(Clone)]
pub struct Lookup {
    environment: Source,
    secrets: Source,
}

impl Lookup {
    /// Takes environment variables from `environment`; there are no secrets.
    pub fn new(environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            environment: Arc::new(environment),
            secrets: Arc::new(|_| None),
        }
    }

    /// Takes environment variables from this process; there are no secrets.
    pub fn process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// An environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    /// Takes secrets from `secrets`.
    #[must_use]
    pub fn with_secrets(
        mut self,
        secrets: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookup")
    }
}

/// A rendered text, and what the rendering met.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text. May hold secrets: for reading values, not for showing.
    pub text: String,
    /// Environment variables without value and default, in the order they were asked for.
    pub unset: Vec<String>,
    /// Secrets that do not exist.
    pub unknown_secrets: Vec<String>,
}

/// A template that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("render the template in line {line}: {message}")]
pub struct TemplateError {
    /// Line, from 1.
    pub line: u32,
    /// What is wrong. Holds no value of a variable or secret.
    pub message: String,
}

#[derive(Default)]
struct Seen {
    unset: Vec<String>,
    unknown_secrets: Vec<String>,
    values: Vec<String>,
}

/// Renders a text. One without template syntax comes back as it is.
pub fn render(text: &str, lookup: &Lookup) -> Result<Rendered, TemplateError> {
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        return Ok(Rendered {
            text: text.to_owned(),
            ..Rendered::default()
        });
    }
    let seen = Arc::new(Mutex::new(Seen::default()));
    let environment = environment(lookup, &seen);
    let rendered = environment.render_str(text, ());
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    match rendered {
        Ok(text) => Ok(Rendered {
            text,
            unset: seen.unset,
            unknown_secrets: seen.unknown_secrets,
        }),
        Err(error) => Err(TemplateError {
            line: error
                .line()
                .and_then(|line| u32::try_from(line).ok())
                .unwrap_or(1),
            message: message(&error, &seen.values),
        }),
    }
}

/// Renders the text of a template with values for its placeholders; what is unknown is left empty.
pub(crate) fn render_values(
    text: &str,
    values: &std::collections::BTreeMap<&'static str, String>,
) -> Result<String, TemplateError> {
    let context = Value::from_pairs(values.iter().map(|(key, value)| (*key, value.clone())));
    let mut rendered = filled(text, context)?;
    // Jinja takes the last line break away.
    if text.ends_with('\n') && !rendered.ends_with('\n') {
        rendered.push('\n');
    }
    Ok(rendered)
}

/// Renders a text of a project with the variables of a run, such as the key of a pool.
pub fn render_variables(text: &str, variables: &Map) -> Result<String, TemplateError> {
    filled(text, Value::from(Serde(variables)))
}

fn filled(text: &str, context: Value) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let rendered = environment.render_str(text, context);
    rendered.map_err(|error| TemplateError {
        line: error
            .line()
            .and_then(|line| u32::try_from(line).ok())
            .unwrap_or(1),
        message: message(&error, &[]),
    })
}

/// What went wrong, unless the words would show a value.
fn message(error: &Error, values: &[String]) -> String {
    let text = match error.kind() {
        ErrorKind::OutOfFuel => "it takes too long".to_owned(),
        kind => match error.detail() {
            Some(detail) if kind == ErrorKind::InvalidOperation => detail.to_owned(),
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    if values
        .iter()
        .any(|value| !value.is_empty() && text.contains(value.as_str()))
    {
        return "an operation does not fit its value".to_owned();
    }
    text
}

fn environment(lookup: &Lookup, seen: &Arc<Mutex<Seen>>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(|out, _, value| {
        let mut text = String::new();
        print(&mut text, value, false);
        out.write_str(&text).map_err(Error::from)
    });
    environment.set_unknown_method_callback(|_, value, method, arguments| {
        string_method(value, method, arguments)
    });

    let (source, record) = (Arc::clone(&lookup.environment), Arc::clone(seen));
    environment.add_function(
        "env_var",
        move |name: &str, default: Option<Value>, options: Kwargs| -> Result<Value, Error> {
            let default = match default {
                Some(default) => Some(default),
                None => options.get::<Option<Value>>("default")?,
            };
            options.assert_all_used()?;
            let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(match (source(name), default) {
                (Some(value), _) => {
                    record.values.push(value.clone());
                    Value::from(value)
                }
                (None, Some(default)) => default,
                (None, None) => {
                    push_new(&mut record.unset, name);
                    Value::from(())
                }
            })
        },
    );
    let (source, record) = (Arc::clone(&lookup.secrets), Arc::clone(seen));
    // The scope arguments of Mage's function are accepted; there is one scope.
    let secret = move |name: &str, _scope: minijinja::value::Rest<Value>| {
        let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = source(name) {
            record.values.push(value.clone());
            Value::from(value)
        } else {
            push_new(&mut record.unknown_secrets, name);
            Value::from(())
        }
    };
    environment.add_function("mage_secret_var", secret);
    environment.add_function("json_value", json_value);
    for name in [
        "aws_secret_var",
        "azure_secret_var",
        "gcp_secret_var",
        "vault_secret_var",
    ] {
        environment.add_function(name, move |_: minijinja::value::Rest<Value>| {
            Err::<Value, Error>(failed(format!("`{name}` is not available")))
        });
    }
    environment
}

fn push_new(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

fn failed(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// `json_value(text, 'a.b[0].c')`. A text that is not JSON is given back, as in Mage: a secret may be plain or not.
fn json_value(text: &str, path: &str) -> Result<Value, Error> {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else {
        return Ok(Value::from(text));
    };
    let pointer: String = path
        .replace('[', ".")
        .replace(']', "")
        .split('.')
        .filter(|step| !step.is_empty())
        .fold(String::new(), |mut pointer, step| {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
            pointer
        });
    document
        .pointer(&pointer)
        .map(|found| Value::from(Serde(found)))
        .ok_or_else(|| failed(format!("`json_value` finds no `{path}`")))
}

/// The methods of Python's `str` that people use in configuration.
fn string_method(value: &Value, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let Some(text) = value.as_str() else {
        return Err(Error::from(ErrorKind::UnknownMethod));
    };
    let argument = |index: usize| arguments.get(index).and_then(Value::as_str);
    Ok(match (method, arguments.len()) {
        ("upper", 0) => Value::from(text.to_uppercase()),
        ("lower", 0) => Value::from(text.to_lowercase()),
        ("strip", 0) => Value::from(text.trim()),
        ("lstrip", 0) => Value::from(text.trim_start()),
        ("rstrip", 0) => Value::from(text.trim_end()),
        ("split", 0) => text.split_whitespace().map(Value::from).collect(),
        ("split", 1) => match argument(0).filter(|separator| !separator.is_empty()) {
            Some(separator) => text.split(separator).map(Value::from).collect(),
            None => return Err(failed("`split` needs a separator".to_owned())),
        },
        ("replace", 2) => match (argument(0), argument(1)) {
            (Some(from), Some(to)) => Value::from(text.replace(from, to)),
            _ => return Err(failed("`replace` needs two texts".to_owned())),
        },
        ("startswith", 1) => Value::from(argument(0).is_some_and(|start| text.starts_with(start))),
        ("endswith", 1) => Value::from(argument(0).is_some_and(|end| text.ends_with(end))),
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

/// Prints a value as Python does: `str()` outside, `repr()` inside lists and dictionaries.
fn print(out: &mut String, value: &Value, quoted: bool) {
    match value.kind() {
        ValueKind::Undefined => {}
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::String if quoted => {
            let text = value.as_str().unwrap_or_default();
            let quote = if text.contains('\'') && !text.contains('"') {
                '"'
            } else {
                '\''
            };
            out.push(quote);
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    c if c == quote => {
                        out.push('\\');
                        out.push(c);
                    }
                    c => out.push(c),
                }
            }
            out.push(quote);
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            print_all(out, value, |out, item| print(out, item, true));
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            print_all(out, value, |out, key| {
                print(out, key, true);
                out.push_str(": ");
                print(out, &value.get_item(key).unwrap_or_default(), true);
            });
            out.push('}');
        }
        _ => {
            // Writing to a string does not fail.
            let _written = write!(out, "{value}");
        }
    }
}

fn print_all(out: &mut String, values: &Value, mut print: impl FnMut(&mut String, &Value)) {
    for (index, value) in values.try_iter().into_iter().flatten().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(out, &value);
    }
}

/// The lines, from 1, in which a template asks for `name`. None of a comment of YAML: what is rendered there
/// reaches nobody.
pub(crate) fn lines_of(text: &str, name: &str) -> Vec<u32> {
    let forms = [format!("'{name}'"), format!("\"{name}\"")];
    let asks = |line: &str| {
        (line.contains("env_var") || line.contains("secret_var"))
            && forms.iter().any(|form| line.contains(form))
    };
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let lines = || text.lines().zip(1_u32..);
    if lines().any(|(line, _)| asks(line)) {
        let values = lines().filter(|(line, _)| asks(line) && !is_comment(line));
        return values.map(|(_, number)| number).collect();
    }
    // The name is put together somehow.
    let elsewhere = lines().find(|(line, _)| line.contains(name) && !is_comment(line));
    vec![elsewhere.map_or(1, |(_, number)| number)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup() -> Lookup {
        Lookup::new(|name| match name {
            "HOST" => Some("db.example".to_owned()),
            "PORT" => Some("5432".to_owned()),
            "JSON" => Some(r#"{"a": {"b": [5, true, null, "x"]}}"#.to_owned()),
            _ => None,
        })
        .with_secrets(|name| (name == "key").then(|| "hunter2".to_owned()))
    }

    #[test]
    fn text_renders_as_in_mage() {
        for (text, expected) in [
            ("no template: { a }", "no template: { a }"),
            (
                "{{ env_var('HOST') }}:{{ env_var(\"PORT\") }}",
                "db.example:5432",
            ),
            ("{{ env_var('NOPE') }}", "None"),
            ("{{ env_var('NOPE', 'here') }}", "here"),
            ("{{ env_var('NOPE', default='here') }}", "here"),
            ("{{ env_var('NOPE', None) }}", "None"),
            ("{{ env_var('NOPE', 5) }}", "5"),
            ("{{ env_var('HOST', 'no') | upper }}", "DB.EXAMPLE"),
            ("{{ env_var('HOST').split('.')[0] }}", "db"),
            ("{{ env_var('HOST').upper() }}", "DB.EXAMPLE"),
            ("{{ env_var('PORT') | int + 1 }}", "5433"),
            (
                "{% if env_var('HOST') == 'x' %}a{% else %}b{% endif %}",
                "b",
            ),
            ("{# gone #}x", "x"),
            (
                "{{ True }} {{ false }} {{ none }} {{ 1.0 }}",
                "True False None 1.0",
            ),
            ("{{ [1, 'a', None, \"it's\"] }}", "[1, 'a', None, \"it's\"]"),
            ("{{ {'a': True} }}", "{'a': True}"),
            ("{{ nothing }}|", "|"),
            ("{{ mage_secret_var('key') }}", "hunter2"),
            ("{{ mage_secret_var('gone') }}", "None"),
            ("{{ json_value(env_var('JSON'), 'a.b[0]') }}", "5"),
            ("{{ json_value(env_var('JSON'), 'a.b[1]') }}", "True"),
            (
                "{{ json_value(env_var('JSON'), 'a.b') }}",
                "[5, True, None, 'x']",
            ),
            ("{{ json_value(mage_secret_var('key'), 'a') }}", "hunter2"),
            ("<b> & {{ \"'\" }}", "<b> & '"),
        ] {
            assert_eq!(render(text, &lookup()).unwrap().text, expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_remembered_once() {
        let text =
            "{{ env_var('A') }}{{ env_var('A') }}{{ env_var('B', 1) }}{{ mage_secret_var('s') }}";
        let rendered = render(text, &lookup()).unwrap();
        assert_eq!(rendered.unset, ["A"]);
        assert_eq!(rendered.unknown_secrets, ["s"]);
    }

    #[test]
    fn errors_name_the_line_and_no_value() {
        for (text, line, words) in [
            ("a: 1\nb: {{ env_var('X' }}\n", 2, "syntax error"),
            ("a: 1\n\nb: {{ unknown('X') }}\n", 3, "unknown"),
            ("x: {{ aws_secret_var('a') }}", 1, "not available"),
            ("x: {{ mage_secret_var('key') | int }}", 1, "invalid float"),
            ("x: {{ json_value(env_var('JSON'), 'a.c') }}", 1, "a.c"),
            (
                "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
                1,
                "too long",
            ),
        ] {
            let error = render(text, &lookup()).err().unwrap();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn the_lines_of_a_name_are_found() {
        let text = "# env_var('A')\na: 1\nb: {{ env_var('A') }}\nc: {{ env_var(\"B\", 1) }}\n# {{ env_var('C') }}\nd: {{ env_var('D' ~ 'E') }}\n";
        assert_eq!(lines_of(text, "A"), [3]);
        assert_eq!(lines_of(text, "B"), [4]);
        assert_eq!(lines_of(text, "C"), [0; 0]);
        assert_eq!(lines_of(text, "DE"), [1]);
    }
}
