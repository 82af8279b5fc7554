//! Dependencies between our crates point one way: down.

use super::Finding;
use crate::workspace::Package;

/// Every crate with its layer. A crate may depend on crates of lower layers only.
const LAYERS: &[(&str, u8)] = &[
    ("baton-model", 0),
    ("baton-base", 0),
    ("baton-engine", 1),
    ("baton-project", 1),
    ("baton-store", 1),
    ("baton-products", 1),
    ("baton-connector", 1),
    ("baton-connectors", 2),
    ("baton-runner", 2),
    ("baton-sync", 3),
    ("baton-stream", 3),
    ("baton-scheduler", 4),
    ("baton-app", 5),
    ("baton-server", 6),
    ("baton-cli", 7),
];

/// Checks what the members of the workspace declare.
pub(super) fn check(members: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in members {
        let path = format!(
            "crates/{}/Cargo.toml",
            package.name.trim_start_matches("baton-")
        );
        let mut finding = |message| findings.push(Finding::new("layers", &path, None, message));
        // Automation stands beside the house: it depends on no crate of ours, and none depends on it.
        let own = if package.name == "baton-xtask" {
            0
        } else if let Some(layer) = layer(&package.name) {
            layer
        } else {
            finding(format!(
                "`{}` has no layer; a new crate needs a reason and a line in tidy/layers.rs",
                package.name
            ));
            continue;
        };
        for dependency in package.dependencies.iter().map(|found| &found.name) {
            if dependency.starts_with("baton-")
                && layer(dependency).is_none_or(|below| below >= own)
            {
                finding(format!(
                    "`{}` (layer {own}) must not depend on `{dependency}`",
                    package.name
                ));
            }
        }
    }
    findings
}

fn layer(name: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, layer)| *layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn found(name: &str, dependencies: &[&str]) -> usize {
        let dependencies = dependencies
            .iter()
            .map(|name| Dependency {
                name: (*name).to_owned(),
            })
            .collect();
        check(&[Package {
            name: name.to_owned(),
            version: String::new(),
            license: None,
            source: None,
            dependencies,
        }])
        .len()
    }

    #[test]
    fn only_lower_layers_are_allowed() {
        for (name, dependencies, expected) in [
            ("baton-engine", &["baton-model", "serde_json"][..], 0),
            ("baton-engine", &["baton-store"], 1),
            ("baton-model", &["baton-base"], 1),
            ("baton-store", &["baton-scheduler", "baton-cli"], 2),
            ("baton-cli", &["baton-engine", "baton-scheduler"], 0),
            ("baton-cli", &["baton-xtask"], 1),
            ("baton-xtask", &["baton-model"], 1),
            ("baton-novelty", &[], 1),
        ] {
            assert_eq!(
                found(name, dependencies),
                expected,
                "{name} {dependencies:?}"
            );
        }
    }
}
