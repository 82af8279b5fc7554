//! `executor_config` of blocks and pipelines, and `k8s_executor_config` of the project: what a block reserves, and what
//! it may use (spec 12.6).
//!
//! Quantities are those of Kubernetes. An executor of type `ecs` has its own units under `cpu` and `memory`: 1,024 a
//! processor, and MiB.

use baton_model::{ResourceSettings, parse_cpu, parse_size};

use crate::problem::Rule;
use crate::reading::Reader;
use crate::yaml::Node;

/// The settings under `key`. What is no quantity is passed over, with a warning.
pub(crate) fn read(
    node: &Node,
    key: &str,
    executor: Option<&str>,
    reader: &mut Reader<'_>,
) -> ResourceSettings {
    let Some(config) = node.get(key).filter(|config| !config.is_null()) else {
        return ResourceSettings::default();
    };
    let nested = ["container", "container_config"]
        .into_iter()
        .filter_map(|key| config.get(key)?.get("resources"));
    let mut places = vec![Place {
        requests: config.get("resource_requests"),
        limits: config.get("resource_limits"),
    }];
    places.extend(nested.map(|resources| Place {
        requests: resources.get("requests"),
        limits: resources.get("limits"),
    }));
    let mut found = ResourceSettings::default();
    for place in places {
        found = found.or(ResourceSettings {
            cpu_request: quantity(place.requests, "cpu", parse_cpu, reader),
            memory_request: quantity(place.requests, "memory", parse_size, reader),
            cpu_limit: quantity(place.limits, "cpu", parse_cpu, reader),
            memory_limit: quantity(place.limits, "memory", parse_size, reader),
        });
    }
    if executor == Some("ecs") {
        let units = |text: &str| Some(text.trim().parse::<u64>().ok()?.saturating_mul(1000) / 1024);
        let mebibytes = |text: &str| text.trim().parse::<u64>().ok()?.checked_mul(1 << 20);
        found = found.or(ResourceSettings {
            cpu_request: quantity(Some(config), "cpu", units, reader),
            memory_request: quantity(Some(config), "memory", mebibytes, reader),
            ..ResourceSettings::default()
        });
    }
    found
}

/// Where a configuration keeps its quantities.
struct Place<'n> {
    requests: Option<&'n Node>,
    limits: Option<&'n Node>,
}

fn quantity(
    node: Option<&Node>,
    key: &str,
    parse: impl Fn(&str) -> Option<u64>,
    reader: &mut Reader<'_>,
) -> Option<u64> {
    let value = node?.get(key).filter(|value| !value.is_null())?;
    let text = value.text();
    let parsed = text.as_deref().and_then(&parse);
    if parsed.is_none() {
        let text = text.unwrap_or_default();
        let problem = reader.problem(
            Rule::BadSetting,
            value.mark,
            format!("`{key}: {text}` is no quantity; it is passed over"),
        );
        problem.hint = Some(if key == "cpu" {
            "write for instance 2, 0.5 or 500m".to_owned()
        } else {
            "write for instance 512Mi or 2Gi".to_owned()
        });
    }
    // Nothing is neither reserved nor a limit.
    parsed.filter(|number| *number > 0)
}
