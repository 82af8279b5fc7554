//! The project's own `metadata.yaml` (spec 1.3).

use baton_model::{Map, ResourceSettings, RetrySettings};
use serde_json::Value;

use crate::logdestination::{self, LogDestination};
use crate::notifications;
use crate::reading::{self, Reader};
use crate::resources;
use crate::yaml::Node;

/// What a project says about itself. Every key is optional; all of them, known or not, are in `raw`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectSettings {
    /// Id that Mage gave the project at its first start.
    pub project_uuid: Option<String>,
    /// `standalone`, `main` or `sub`.
    pub project_type: Option<String>,
    /// Flags that are on or off.
    pub features: Map,
    /// Retries of every block that says nothing else.
    pub retry: RetrySettings,
    /// What blocks with the executor `k8s` reserve and may use, unless they say otherwise themselves.
    pub resources: ResourceSettings,
    /// Where Mage keeps its data.
    pub variables_dir: Option<String>,
    /// The bucket where Mage keeps block outputs; the placeholder of Mage's template is left out.
    pub remote_variables_dir: Option<String>,
    /// `notification_config` as it is.
    pub notifications: Map,
    /// Whether changes of triggers go into `triggers.yaml`, in every pipeline.
    pub saves_triggers: bool,
    /// `logging_config` as it is.
    pub logging: Map,
    /// The bucket that keeps the logs of runs, besides this machine.
    pub log_destination: Option<LogDestination>,
    /// Every key as it is, templates rendered.
    pub raw: Map,
}

impl ProjectSettings {
    pub(crate) fn read(root: &Node, reader: &mut Reader<'_>) -> Self {
        if root.is_null() {
            return Self::default();
        }
        if !reader.is_mapping(root, "the file") {
            return Self::default();
        }
        let pipelines = root.get("pipelines");
        Self {
            saves_triggers: saves_triggers(pipelines.and_then(|node| node.get("settings"))),
            project_uuid: reading::text(root, "project_uuid"),
            project_type: reading::text(root, "project_type"),
            features: reader.map(root, "features"),
            retry: reader.retry(root),
            resources: resources::read(root, "k8s_executor_config", None, reader),
            variables_dir: reading::text(root, "variables_dir"),
            remote_variables_dir: reading::text(root, "remote_variables_dir")
                .filter(|path| path != "s3://bucket/path_prefix"),
            notifications: notifications::map(root, reader),
            logging: reader.map(root, "logging_config"),
            log_destination: logdestination::read(root, reader),
            raw: match root.to_json() {
                Value::Object(map) => map,
                _ => Map::new(),
            },
        }
    }

    /// Whether the feature `name` is on.
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.get(name) == Some(&Value::Bool(true))
    }
}

/// `triggers.save_in_code_automatically` of the settings of a pipeline, or of all.
pub(crate) fn saves_triggers(settings: Option<&Node>) -> bool {
    settings
        .and_then(|settings| settings.get("triggers"))
        .and_then(|triggers| reading::flag(triggers, "save_in_code_automatically"))
        .unwrap_or(false)
}
