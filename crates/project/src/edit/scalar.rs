//! Scalars: what a plain scalar means to PyYAML (YAML 1.1), and how a value is written so that PyYAML, and
//! readers of YAML 1.2 as well, read it back unchanged.

/// The value of a scalar.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    /// Nothing, `~`, `null`.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// A whole number that fits.
    Int(i128),
    /// A number with a fraction, by its bits, so that not-a-number equals itself.
    Float(u64),
    /// Text.
    Text(String),
    /// A date, a huge number, a value with a tag, ... kept as it is spelled.
    Other(String),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes where that is safe.
    Plain,
    /// `'...'`
    Single,
    /// `"..."`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Scalar {
    /// What a plain scalar means.
    pub(super) fn resolve(plain: &str) -> Self {
        match plain {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                return Self::Bool(true);
            }
            "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                return Self::Bool(false);
            }
            "=" | "<<" => return Self::Other(plain.to_owned()),
            _ => {}
        }
        if let Some(number) = integer(plain) {
            number
        } else if let Some(number) = float(plain) {
            Self::Float(number.to_bits())
        } else if is_sexagesimal_float(plain) || is_timestamp(plain) {
            Self::Other(plain.to_owned())
        } else {
            Self::Text(plain.to_owned())
        }
    }

    /// The scalar of a JSON value; none for lists and maps.
    pub(super) fn from_json(value: &serde_json::Value) -> Option<Self> {
        Some(match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(whole) => Self::Int(whole),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN).to_bits()),
            },
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
        })
    }

    /// The scalar on one line. `style` is followed where it can hold the value; `flow` says that it stands
    /// between brackets.
    pub(super) fn inline(&self, style: Style, flow: bool) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(bits) => float_text(f64::from_bits(*bits)),
            Self::Other(text) => text.clone(),
            Self::Text(text) => {
                if text.chars().any(needs_escape) {
                    double_quoted(text)
                } else {
                    match style {
                        Style::Double => double_quoted(text),
                        Style::Single => single_quoted(text),
                        _ if is_plain_safe(text, flow) => text.clone(),
                        _ => single_quoted(text),
                    }
                }
            }
        }
    }

    /// Header and lines of a literal block (`|`), where the value is text that one can hold.
    pub(super) fn literal(&self) -> Option<(&'static str, Vec<&str>)> {
        let Self::Text(text) = self else { return None };
        let (header, content) = match text.strip_suffix('\n') {
            Some(content) => ("|", content),
            None => ("|-", text.as_str()),
        };
        let fits = text.contains('\n')
            && !content.is_empty()
            && !content.starts_with([' ', '\t', '\n'])
            && !content.ends_with('\n')
            && !content.chars().any(|c| c != '\n' && needs_escape(c))
            // A line of blanks only could be taken for the end of the block.
            && content.split('\n').all(|line| line.is_empty() || !line.trim().is_empty());
        fits.then(|| (header, content.split('\n').collect()))
    }
}

/// Whether `text` without quotes is read as this text: by YAML 1.1, by 1.2, inside brackets if `flow`.
fn is_plain_safe(text: &str, flow: bool) -> bool {
    const STARTS: &str = "#,[]{}&*!|>'\"%@`";
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let needs_neighbour = matches!(first, '-' | '?' | ':');
    let misread_start = STARTS.contains(first)
        || text.starts_with("---")
        || text.starts_with("...")
        || (needs_neighbour && chars.next().is_none_or(|c| c == ' ' || flow));
    let misread_body = text.trim() != text
        || text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || (flow && text.contains([',', '[', ']', '{', '}', '?', ':']));
    !misread_start && !misread_body && !is_ambiguous(text)
}

/// Whether some reader would take the plain `text` for a bool, a number, a date, ...
fn is_ambiguous(text: &str) -> bool {
    const NUMERIC: &str = "0123456789abcdefABCDEFxXoOtTzZ_:.+- ";
    let number_like = text.chars().any(|c| c.is_ascii_digit())
        && text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        && text.chars().all(|c| NUMERIC.contains(c));
    let special = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    number_like
        || matches!(
            special.as_str(),
            "y" | "n" | ".inf" | ".nan" | "inf" | "infinity" | "nan"
        )
        || !matches!(Scalar::resolve(text), Scalar::Text(_))
}

/// Whether a character can stand only in `"..."`, as an escape.
fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        )
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if needs_escape(c) => {
                let escape = format!("\\u{:04X}", u32::from(c));
                out.push_str(&escape);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A float as YAML 1.1 wants it: with a point, and with a sign in the exponent.
fn float_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let plain = format!("{value:?}");
    let Some((mantissa, exponent)) = plain.split_once('e') else {
        return plain;
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Splits an optional sign off.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn all(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

fn integer(plain: &str) -> Option<Scalar> {
    let (negative, digits) = sign(plain);
    let clean = |text: &str| text.replace('_', "");
    let value = if let Some(bits) = digits.strip_prefix("0b") {
        all(bits, |c| matches!(c, '0' | '1' | '_')).then(|| i128::from_str_radix(&clean(bits), 2))
    } else if let Some(hex) = digits.strip_prefix("0x") {
        all(hex, |c| c.is_ascii_hexdigit() || c == '_')
            .then(|| i128::from_str_radix(&clean(hex), 16))
    } else if digits == "0" {
        Some(Ok(0))
    } else if let Some(octal) = digits.strip_prefix('0') {
        all(octal, |c| matches!(c, '0'..='7' | '_')).then(|| i128::from_str_radix(&clean(octal), 8))
    } else if digits.starts_with(|c: char| c.is_ascii_digit()) {
        let mut parts = digits.split(':');
        let head = parts.next().unwrap_or_default();
        let parts: Vec<&str> = parts.collect();
        (all(head, |c| c.is_ascii_digit() || c == '_') && parts.iter().all(|p| is_sixtieth(p)))
            .then(|| {
                let mut value: i128 = clean(head).parse()?;
                for part in parts {
                    value = value
                        .saturating_mul(60)
                        .saturating_add(part.parse::<i128>()?);
                }
                Ok(value)
            })
    } else {
        None
    };
    Some(match value? {
        Ok(value) => Scalar::Int(if negative { -value } else { value }),
        Err(_) => Scalar::Other(plain.to_owned()),
    })
}

/// A part of a number to the base of 60.
fn is_sixtieth(text: &str) -> bool {
    match text.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    }
}

fn float(plain: &str) -> Option<f64> {
    match plain {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    let (_, digits) = sign(plain);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digit = |c: char| c.is_ascii_digit();
    let valid_mantissa = if whole.is_empty() {
        plain.starts_with('.')
            && fraction.starts_with(digit)
            && all(fraction, |c| digit(c) || c == '_')
    } else {
        whole.starts_with(digit)
            && all(whole, |c| digit(c) || c == '_')
            && fraction.chars().all(|c| digit(c) || c == '_')
    };
    let valid_exponent =
        exponent.is_none_or(|e| e.starts_with(['+', '-']) && all(sign(e).1, digit));
    if !(valid_mantissa && valid_exponent) {
        return None;
    }
    plain.replace('_', "").parse().ok()
}

fn is_sexagesimal_float(plain: &str) -> bool {
    let (_, digits) = sign(plain);
    let Some((whole, fraction)) = digits.split_once('.') else {
        return false;
    };
    let mut parts = whole.split(':');
    let head = parts.next().unwrap_or_default();
    let mut parts = parts.peekable();
    head.starts_with(|c: char| c.is_ascii_digit())
        && all(head, |c| c.is_ascii_digit() || c == '_')
        && parts.peek().is_some()
        && parts.all(is_sixtieth)
        && fraction.chars().all(|c| c.is_ascii_digit() || c == '_')
}

fn is_timestamp(plain: &str) -> bool {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let (date, time) = match plain.find(['T', 't', ' ', '\t']) {
        Some(at) => (&plain[..at], Some(&plain[at..])),
        None => (plain, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let Some(time) = time else {
        return digits(year, 4, 4) && digits(month, 2, 2) && digits(day, 2, 2);
    };
    if !(digits(year, 4, 4) && digits(month, 1, 2) && digits(day, 1, 2)) {
        return false;
    }
    let time = match time.strip_prefix(['T', 't']) {
        Some(time) => time,
        None => time.trim_start_matches([' ', '\t']),
    };
    let parts: Vec<&str> = time.splitn(3, ':').collect();
    let [hour, minute, rest] = parts.as_slice() else {
        return false;
    };
    if !(digits(hour, 1, 2) && digits(minute, 2, 2)) {
        return false;
    }
    let Some((second, rest)) = rest.split_at_checked(2) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let zone = zone.trim_start_matches([' ', '\t']);
    digits(second, 2, 2)
        && match zone {
            "" => zone.len() == rest.len() || rest.starts_with('.'),
            "Z" => true,
            offset => {
                offset
                    .strip_prefix(['+', '-'])
                    .is_some_and(|offset| match offset.split_once(':') {
                        Some((hour, minute)) => digits(hour, 1, 2) && digits(minute, 2, 2),
                        None => digits(offset, 1, 2),
                    })
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_pyyaml_reads() {
        let text = |t: &str| Scalar::Text(t.to_owned());
        let other = |t: &str| Scalar::Other(t.to_owned());
        for (plain, expected) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("Null", Scalar::Null),
            ("nULL", text("nULL")),
            ("on", Scalar::Bool(true)),
            ("No", Scalar::Bool(false)),
            ("y", text("y")),
            ("1_000", Scalar::Int(1000)),
            ("0o17", text("0o17")),
            ("017", Scalar::Int(15)),
            ("08", text("08")),
            ("0x1F", Scalar::Int(31)),
            ("0b101", Scalar::Int(5)),
            ("1:30", Scalar::Int(90)),
            ("1:60", text("1:60")),
            ("-12", Scalar::Int(-12)),
            ("+", text("+")),
            ("1e5", text("1e5")),
            ("1.5e5", text("1.5e5")),
            ("1.5e+5", Scalar::Float(150_000f64.to_bits())),
            ("1.", Scalar::Float(1f64.to_bits())),
            ("-.5", text("-.5")),
            (".5", Scalar::Float(0.5f64.to_bits())),
            ("1:30.5", other("1:30.5")),
            ("2024-01-01", other("2024-01-01")),
            ("2024-1-1", text("2024-1-1")),
            ("2024-1-1 1:02:03", other("2024-1-1 1:02:03")),
            ("2024-01-01T10:00:00Z", other("2024-01-01T10:00:00Z")),
            (
                "2024-01-01 10:00:00.5 +02:00",
                other("2024-01-01 10:00:00.5 +02:00"),
            ),
            ("2024-01-01 10:00", text("2024-01-01 10:00")),
            ("=", other("=")),
            ("load_a", text("load_a")),
        ] {
            assert_eq!(Scalar::resolve(plain), expected, "{plain}");
        }
    }

    #[test]
    fn text_is_quoted_where_a_reader_would_misread_it() {
        for (value, block, flow) in [
            ("eu", "eu", "eu"),
            ("a/b c", "a/b c", "a/b c"),
            ("yes", "'yes'", "'yes'"),
            ("y", "'y'", "'y'"),
            ("", "''", "''"),
            ("~", "'~'", "'~'"),
            ("1_000", "'1_000'", "'1_000'"),
            ("1e5", "'1e5'", "'1e5'"),
            ("0o17", "'0o17'", "'0o17'"),
            ("2024-01-01", "'2024-01-01'", "'2024-01-01'"),
            ("a: b", "'a: b'", "'a: b'"),
            ("a:b", "a:b", "'a:b'"),
            ("a, b", "a, b", "'a, b'"),
            ("a #b", "'a #b'", "'a #b'"),
            ("it's", "it's", "it's"),
            ("'a", "'''a'", "'''a'"),
            ("- a", "'- a'", "'- a'"),
            ("-a", "-a", "'-a'"),
            ("---x", "'---x'", "'---x'"),
            ("{{ x }}", "'{{ x }}'", "'{{ x }}'"),
            (" a", "' a'", "' a'"),
            ("@daily", "'@daily'", "'@daily'"),
            ("* * *", "'* * *'", "'* * *'"),
            ("a\tb", "\"a\\tb\"", "\"a\\tb\""),
            ("é\u{2028}", "\"é\\u2028\"", "\"é\\u2028\""),
        ] {
            let scalar = Scalar::Text(value.to_owned());
            assert_eq!(scalar.inline(Style::Plain, false), block, "{value}");
            assert_eq!(scalar.inline(Style::Plain, true), flow, "{value} in flow");
        }
    }

    #[test]
    fn floats_keep_a_point_and_a_signed_exponent() {
        for (value, expected) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e20, "1.0e+20"),
            (1.5e-9, "1.5e-9"),
        ] {
            assert_eq!(float_text(value), expected);
            assert_eq!(
                Scalar::resolve(expected),
                Scalar::Float(f64::to_bits(value))
            );
        }
    }
}
