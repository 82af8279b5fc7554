//! What a plain scalar means under the rules of YAML 1.1 as PyYAML applies them (spec 1.7: Mage reads with PyYAML).
//!
//! The rules that surprise: `yes`, `on` and `off` are booleans; `010` is eight and `0o10` is text; `1:30` is ninety;
//! `1e3` is text because a float needs a dot and its exponent a sign; dates are dates.

use chrono::{NaiveDate, NaiveTime};
use serde_json::{Number, Value};

use super::TextOf;

/// What a plain scalar turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    /// A value that JSON holds.
    Value(Value),
    /// A value that JSON holds only as text.
    Typed(String, TextOf),
    /// A whole number that needs more than 64 bits; the text is kept.
    LargeInteger,
    /// It has the form of a date or time, but no such moment exists.
    NoSuchDate,
}

/// Resolves a plain scalar.
pub(crate) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Value(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Value(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Value(Value::Bool(false));
        }
        _ => {}
    }
    // Every number and date starts with one of these; most scalars of a project are words.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return Scalar::Value(Value::String(text.to_owned()));
    }
    float(text)
        .or_else(|| integer(text))
        .or_else(|| timestamp(text))
        .unwrap_or_else(|| Scalar::Value(Value::String(text.to_owned())))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(allowed)
}

fn is_digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// `:59`, `:5:30`, ...: groups below sixty, at least one.
fn is_sexagesimal_tail(text: &str) -> bool {
    let mut groups = text.split(':');
    groups.next() == Some("")
        && text.len() > 1
        && groups.all(|group| match group.as_bytes() {
            [one] => one.is_ascii_digit(),
            [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
            _ => false,
        })
}

fn integer(text: &str) -> Option<Scalar> {
    let (negative, body) = split_sign(text);
    let (digits, radix) = if let Some(rest) = body.strip_prefix("0b") {
        (rest, 2)
    } else if let Some(rest) = body.strip_prefix("0x") {
        (rest, 16)
    } else if body.len() > 1 && body.starts_with('0') {
        (&body[1..], 8)
    } else {
        (body, 10)
    };
    if radix == 10 {
        if !body.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let end = body.find(':').unwrap_or(body.len());
        let (head, tail) = body.split_at(end);
        if !all(head, is_digit_or_underscore) {
            return None;
        }
        if !tail.is_empty() {
            if head.starts_with('0') || !is_sexagesimal_tail(tail) {
                return None;
            }
            return Some(whole(negative, sexagesimal(&body.replace('_', ""))));
        }
    } else {
        let fits = |byte: u8| byte == b'_' || char::from(byte).is_digit(radix);
        if digits.is_empty() || !all(digits, fits) {
            return None;
        }
    }
    let digits = digits.replace('_', "");
    if digits.is_empty() {
        // `0_` is zero; `0b_` makes PyYAML fail, and is text here.
        return (radix == 8).then(|| Scalar::Value(Value::from(0)));
    }
    Some(whole(negative, u128::from_str_radix(&digits, radix).ok()))
}

fn sexagesimal(text: &str) -> Option<u128> {
    text.split(':').try_fold(0_u128, |total, group| {
        let group: u128 = group.parse().ok()?;
        total.checked_mul(60)?.checked_add(group)
    })
}

fn whole(negative: bool, magnitude: Option<u128>) -> Scalar {
    let number = magnitude.and_then(|magnitude| {
        if negative {
            let value = i128::try_from(magnitude).ok()?;
            i64::try_from(-value).ok().map(Number::from)
        } else {
            u64::try_from(magnitude).ok().map(Number::from)
        }
    });
    number.map_or(Scalar::LargeInteger, |number| {
        Scalar::Value(Value::Number(number))
    })
}

fn float(text: &str) -> Option<Scalar> {
    let (negative, body) = split_sign(text);
    let signed = body.len() != text.len();
    match body {
        // JSON has no such numbers; Python's `float()` reads these texts.
        ".inf" | ".Inf" | ".INF" => {
            let name = if negative { "-inf" } else { "inf" };
            return Some(Scalar::Typed(name.to_owned(), TextOf::Float));
        }
        ".nan" | ".NaN" | ".NAN" if !signed => {
            return Some(Scalar::Typed("nan".to_owned(), TextOf::Float));
        }
        _ => {}
    }
    let dot = body.find('.')?;
    let (head, tail) = (&body[..dot], &body[dot + 1..]);
    let number = if head.is_empty() {
        if signed || !tail.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let fraction = strip_exponent(tail)?;
        all(fraction, is_digit_or_underscore).then(|| body.replace('_', ""))?
    } else if !head.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    } else if let Some(colon) = head.find(':') {
        let (first, rest) = head.split_at(colon);
        let plain = all(first, is_digit_or_underscore) && all(tail, is_digit_or_underscore);
        if !plain || !is_sexagesimal_tail(rest) {
            return None;
        }
        let whole = sexagesimal(&head.replace('_', ""))?;
        format!("{whole}.{}", tail.replace('_', ""))
    } else {
        let fraction = strip_exponent(tail)?;
        let plain = all(head, is_digit_or_underscore) && all(fraction, is_digit_or_underscore);
        plain.then(|| body.replace('_', ""))?
    };
    let value: f64 = number.parse().ok()?;
    let value = if negative { -value } else { value };
    // An exponent beyond the range of a double is infinite, in Python too.
    Some(if let Some(number) = Number::from_f64(value) {
        Scalar::Value(Value::Number(number))
    } else {
        let name = if value < 0.0 { "-inf" } else { "inf" };
        Scalar::Typed(name.to_owned(), TextOf::Float)
    })
}

/// The digits before an exponent; none when there is something else than `e`, a sign and digits behind them.
fn strip_exponent(tail: &str) -> Option<&str> {
    let Some(at) = tail.find(['e', 'E']) else {
        return Some(tail);
    };
    let exponent = &tail[at + 1..];
    let digits = exponent.strip_prefix(['-', '+'])?;
    (!digits.is_empty() && all(digits, |byte| byte.is_ascii_digit())).then(|| &tail[..at])
}

/// Takes one or two digits, or exactly two.
fn take_digits(text: &str, exactly_two: bool) -> Option<(u32, &str)> {
    let count = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if count == 0 || (exactly_two && count != 2) {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn timestamp(text: &str) -> Option<Scalar> {
    let year: i32 = text
        .get(..4)
        .filter(|year| all(year, |b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    let (month, rest) = take_digits(text[4..].strip_prefix('-')?, false)?;
    let (day, rest) = take_digits(rest.strip_prefix('-')?, false)?;
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| year > 0);
    if rest.is_empty() {
        // A date without a time needs all its digits.
        return (text.len() == 10).then(|| {
            date.map_or(Scalar::NoSuchDate, |date| {
                Scalar::Typed(date.format("%Y-%m-%d").to_string(), TextOf::Date)
            })
        });
    }
    let blank = rest.trim_start_matches([' ', '\t']);
    let rest = if blank.len() < rest.len() {
        blank
    } else {
        rest.strip_prefix(['T', 't'])?
    };
    let (hour, rest) = take_digits(rest, false)?;
    let (minute, rest) = take_digits(rest.strip_prefix(':')?, true)?;
    let (second, rest) = take_digits(rest.strip_prefix(':')?, true)?;
    let (micros, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let end = rest.bytes().take_while(u8::is_ascii_digit).count();
            let digits: String = rest[..end]
                .chars()
                .chain("000000".chars())
                .take(6)
                .collect();
            (digits.parse().ok()?, &rest[end..])
        }
    };
    let offset = offset(rest.trim_start_matches([' ', '\t']))?;
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micros);
    let (Some(date), Some(time), Some(offset)) = (date, time, offset) else {
        return Some(Scalar::NoSuchDate);
    };
    let fraction = match micros {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    let moment = date.and_time(time).format("%Y-%m-%dT%H:%M:%S");
    let iso = format!("{moment}{fraction}{offset}");
    Some(Scalar::Typed(iso, TextOf::DateTime))
}

/// The offset from UTC at the end of a time: outer none for another text, inner none for an offset of a day or more.
#[expect(
    clippy::option_option,
    reason = "no offset, a wrong one and other text are three answers"
)]
fn offset(text: &str) -> Option<Option<String>> {
    match text {
        "" => return Some(Some(String::new())),
        "Z" => return Some(Some("+00:00".to_owned())),
        _ => {}
    }
    let sign = text
        .chars()
        .next()
        .filter(|sign| matches!(sign, '+' | '-'))?;
    let (hours, rest) = take_digits(&text[1..], false)?;
    let minutes = match rest.strip_prefix(':') {
        None if rest.is_empty() => 0,
        None => return None,
        Some(rest) => {
            let (minutes, rest) = take_digits(rest, true)?;
            if !rest.is_empty() {
                return None;
            }
            minutes
        }
    };
    let total = hours * 60 + minutes;
    Some((total < 24 * 60).then(|| {
        // Python prints an offset of zero with a plus.
        let sign = if total == 0 { '+' } else { sign };
        format!("{sign}{:02}:{:02}", total / 60, total % 60)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        let found = match resolve(text) {
            Scalar::Typed(text, _) => Value::String(text),
            Scalar::Value(value) => value,
            other => panic!("{text:?} is {other:?}"),
        };
        assert_eq!(found, *expected, "{text:?}");
    }

    #[test]
    fn scalars_mean_what_pyyaml_makes_of_them() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("nULL", json!("nULL")),
            ("None", json!("None")),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("oN", json!("oN")),
            ("0", json!(0)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("1_000", json!(1000)),
            ("010", json!(8)),
            ("-010", json!(-8)),
            ("089", json!("089")),
            ("0o17", json!("0o17")),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("0_", json!(0)),
            ("1:30", json!(90)),
            ("190:20:30", json!(685_230)),
            ("1:60", json!("1:60")),
            ("-", json!("-")),
            ("--1", json!("--1")),
            (
                "18446744073709551615",
                json!(18_446_744_073_709_551_615_u64),
            ),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("+.5", json!("+.5")),
            ("1e3", json!("1e3")),
            ("1.0e3", json!("1.0e3")),
            ("1.0e+3", json!(1000.0)),
            ("6.8523015e+5", json!(685_230.15)),
            ("190:20:30.15", json!(685_230.15)),
            ("-.inf", json!("-inf")),
            (".nan", json!("nan")),
            ("-.nan", json!("-.nan")),
            ("0.9.47", json!("0.9.47")),
            ("1.2.3.4", json!("1.2.3.4")),
            ("2024-01-01", json!("2024-01-01")),
            ("2024-1-1", json!("2024-1-1")),
            ("2024-1-1 5:06:07", json!("2024-01-01T05:06:07")),
            ("2024-01-01T05:06:07Z", json!("2024-01-01T05:06:07+00:00")),
            (
                "2024-01-01 05:06:07.5 -03:30",
                json!("2024-01-01T05:06:07.500000-03:30"),
            ),
            ("2024-01-01 05:06", json!("2024-01-01 05:06")),
            ("2024-01-01x", json!("2024-01-01x")),
            ("@daily", json!("@daily")),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn texts_know_what_they_stand_for() {
        for (text, of) in [
            ("2024-01-01", TextOf::Date),
            ("2024-01-01 05:06:07", TextOf::DateTime),
            (".nan", TextOf::Float),
            ("-.inf", TextOf::Float),
        ] {
            let Scalar::Typed(_, found) = resolve(text) else {
                panic!("{text} is no more than text");
            };
            assert_eq!(found, of, "{text}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_said() {
        assert_eq!(resolve("18446744073709551616"), Scalar::LargeInteger);
        assert_eq!(resolve("-9223372036854775809"), Scalar::LargeInteger);
        assert_eq!(resolve(&"9".repeat(60)), Scalar::LargeInteger);
        assert_eq!(resolve("2024-02-30"), Scalar::NoSuchDate);
        assert_eq!(resolve("2024-01-01 25:00:00"), Scalar::NoSuchDate);
        assert_eq!(resolve("2024-01-01 05:00:00 +25"), Scalar::NoSuchDate);
    }
}
