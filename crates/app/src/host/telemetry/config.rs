//! Where telemetry goes, as the environment says; without an address there is none.

use baton_model::Map;
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
    /// What the standard variables of OpenLineage say, and where they say nothing `transport` of `openlineage.yml`.
    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>, file: &Map) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OPENLINEAGE_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return None;
        }
        let transport = file.get("transport");
        let said = |pointer: &str| {
            let found = transport?.pointer(pointer)?.as_str();
            found.map(str::to_owned)
        };
        // Other kinds of transport need what Baton does not have.
        let is_http = said("/type").is_some_and(|kind| kind == "http");
        let base = variable("OPENLINEAGE_URL").or_else(|| said("/url").filter(|_| is_http))?;
        let path = variable("OPENLINEAGE_ENDPOINT").or_else(|| said("/endpoint"));
        let path = path.unwrap_or_else(|| "api/v1/lineage".to_owned());
        let namespace = variable("OPENLINEAGE_NAMESPACE");
        Some(Self {
            url: format!(
                "{}/{}",
                base.trim_end_matches('/'),
                path.trim_start_matches('/')
            ),
            key: variable("OPENLINEAGE_API_KEY").or_else(|| said("/auth/apiKey")),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
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
                Lineage::read(&variable, &Map::new()).map(|lineage| lineage.url),
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

    #[test]
    fn a_file_of_the_project_says_where_lineage_goes() {
        let read = |text: &str, url: Option<&str>| {
            let keys = baton_project::keys_of(text).unwrap();
            let variable =
                |name: &str| url.filter(|_| name == "OPENLINEAGE_URL").map(str::to_owned);
            Lineage::read(&variable, &keys).map(|lineage| (lineage.url, lineage.key))
        };
        let text = "transport:\n  type: http\n  url: http://m:5000\n  endpoint: own\n  auth: {type: api_key, apiKey: k3y}\n";
        let key = Some("k3y".to_owned());
        assert_eq!(
            read(text, None),
            Some(("http://m:5000/own".to_owned(), key.clone()))
        );
        assert_eq!(
            read(text, Some("http://e")),
            Some(("http://e/own".to_owned(), key))
        );
        assert_eq!(read("transport: {type: kafka, url: x}\n", None), None);
        assert_eq!(read("", None), None);
    }
}
