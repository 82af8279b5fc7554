//! Where telemetry goes, as the environment says; without an address there is none.

use percent_encoding::percent_decode_str;

/// A collector of OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Otlp {
    pub(super) traces: Option<String>,
    pub(super) logs: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) resource: Vec<(String, String)>,
}

/// Where lineage goes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Lineage {
    pub(super) url: String,
    pub(super) key: Option<String>,
    pub(super) namespace: String,
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(text.trim())
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

impl Otlp {
    /// What the standard variables of OpenTelemetry say, and Mage's `OTEL_EXPORTER_HTTP_OTLP_ENDPOINT`.
    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let base = variable("OTEL_EXPORTER_OTLP_ENDPOINT")
            .or_else(|| variable("OTEL_EXPORTER_HTTP_OTLP_ENDPOINT"));
        let address = |name: &str, path: &str| {
            variable(name).or_else(|| {
                let base = base.as_deref()?.trim_end_matches('/');
                Some(format!("{base}/v1/{path}"))
            })
        };
        let traces = address("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "traces");
        let logs = address("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "logs");
        if traces.is_none() && logs.is_none() {
            return None;
        }
        let mut resource = pairs(&variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
        let name = variable("OTEL_SERVICE_NAME");
        if name.is_some() || !resource.iter().any(|(key, _)| key == "service.name") {
            resource.retain(|(key, _)| key != "service.name");
            let name = name.unwrap_or_else(|| "baton".to_owned());
            resource.push(("service.name".to_owned(), name));
        }
        Some(Self {
            traces,
            logs,
            headers: pairs(&variable("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default()),
            resource,
        })
    }
}

impl Lineage {
    /// What the standard variables of OpenLineage say.
    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OPENLINEAGE_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return None;
        }
        let base = variable("OPENLINEAGE_URL")?;
        let path = variable("OPENLINEAGE_ENDPOINT").unwrap_or_else(|| "api/v1/lineage".to_owned());
        Some(Self {
            url: format!(
                "{}/{}",
                base.trim_end_matches('/'),
                path.trim_start_matches('/')
            ),
            key: variable("OPENLINEAGE_API_KEY"),
            namespace: variable("OPENLINEAGE_NAMESPACE").unwrap_or_else(|| "default".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where_telemetry_goes() {
        let read = |set: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            (
                Otlp::read(&variable),
                Lineage::read(&variable).map(|lineage| lineage.url),
            )
        };
        assert_eq!(read(&[]), (None, None));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).0, None);
        let (otlp, lineage) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l/own"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x=1"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,env=prod"),
            ("OTEL_SERVICE_NAME", "flows"),
            ("OPENLINEAGE_URL", "http://m:5000/"),
        ]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Otlp {
            traces: Some("http://c:4318/v1/traces".to_owned()),
            logs: Some("http://l/own".to_owned()),
            headers: vec![pair("api-key", "a b"), pair("x", "1")],
            resource: vec![pair("env", "prod"), pair("service.name", "flows")],
        };
        assert_eq!(otlp, Some(expected));
        assert_eq!(lineage.as_deref(), Some("http://m:5000/api/v1/lineage"));
        let off = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
            ("OTEL_SDK_DISABLED", "true"),
        ];
        assert_eq!(read(&off).0, None);
    }
}
