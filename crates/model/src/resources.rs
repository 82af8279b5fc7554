//! Processors and memory: what blocks reserve and may use, and what the machine has.

use serde::{Deserialize, Serialize};

/// Processors and memory that are set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// Thousandths of a processor.
    #[serde(default)]
    pub cpu: u64,
    /// Bytes of memory.
    #[serde(default)]
    pub memory: u64,
}

impl Reserved {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
        }
    }

    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it fits into `whole`.
    pub fn fits(&self, whole: Self) -> bool {
        self.cpu <= whole.cpu && self.memory <= whole.memory
    }
}

/// What runs may reserve on a machine; none is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Thousandths of a processor.
    pub cpu: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

/// What one level of metadata says about processors and memory (spec 12.6); unset fields fall back to the level above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceSettings {
    /// Thousandths of a processor that are set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<u64>,
    /// Bytes of memory that are set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<u64>,
    /// Thousandths of a processor that may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<u64>,
    /// Bytes of memory that may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
}

impl ResourceSettings {
    /// These settings, completed by those of the level above.
    #[must_use]
    pub fn or(self, above: Self) -> Self {
        Self {
            cpu_request: self.cpu_request.or(above.cpu_request),
            memory_request: self.memory_request.or(above.memory_request),
            cpu_limit: self.cpu_limit.or(above.cpu_limit),
            memory_limit: self.memory_limit.or(above.memory_limit),
        }
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is set aside.
    pub fn reserved(&self) -> Reserved {
        Reserved {
            cpu: self.cpu_request.unwrap_or_default(),
            memory: self.memory_request.unwrap_or_default(),
        }
    }
}

/// Thousandths of a processor in a text such as `2`, `0.5` or `500m`.
pub fn parse_cpu(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, factor) = match text.strip_suffix('m') {
        Some(number) => (number, 1.0),
        None => (text, 1000.0),
    };
    whole(number, factor)
}

/// Bytes in a text such as `512MB`, `1.5 GiB`, `2Gi` or `1000000`. Decimal and binary units are told apart.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" | "ki" => 1024.0,
        "mib" | "mi" => 1024.0 * 1024.0,
        "gib" | "gi" => 1024.0 * 1024.0 * 1024.0,
        "tib" | "ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    whole(number, factor)
}

fn whole(number: &str, factor: f64) -> Option<u64> {
    let number = number.parse::<f64>().ok()? * factor;
    (number.is_finite() && number >= 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_units() {
        for (text, expected) in [
            ("1000", Some(1000)),
            ("512MB", Some(512_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("512Mi", Some(536_870_912)),
            ("2g", Some(2_000_000_000)),
            ("", None),
            ("much", None),
            ("5 parsecs", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn processors_whole_and_in_parts() {
        for (text, expected) in [
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("250m", Some(250)),
            ("-1", None),
            ("inf", None),
            ("all", None),
        ] {
            assert_eq!(parse_cpu(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_level_completes_the_one_below() {
        let block = ResourceSettings {
            cpu_request: Some(500),
            ..ResourceSettings::default()
        };
        let pipeline = ResourceSettings {
            cpu_request: Some(2000),
            memory_request: Some(7),
            ..ResourceSettings::default()
        };
        let expected = Reserved {
            cpu: 500,
            memory: 7,
        };
        assert_eq!(block.or(pipeline).reserved(), expected);
    }
}
