//! The project's secrets as templates of its files need them: loaded before, since a template cannot wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use baton_base::Home;
use baton_model::Map;
use baton_project::Lookup;
use baton_store::{SecretError, SecretScope, Secrets, Store};
use serde_json::Value;

use crate::settings;

/// Secrets by name, and which of them were used. Has no `Debug`: the values are in it.
#[derive(Clone, Default)]
pub struct Known {
    values: Arc<BTreeMap<String, String>>,
    /// The values of all secrets, those of single pipelines too.
    all: Arc<Vec<String>>,
    used: Arc<Mutex<BTreeSet<String>>>,
}

impl Known {
    /// Loads the secrets; templates take those that are not of one pipeline. One that cannot be opened is as one that does not exist: who
    /// asks for it by name hears why.
    pub async fn load(secrets: &Secrets) -> Self {
        let mut values = BTreeMap::new();
        let mut all = Vec::new();
        for secret in secrets.list().await.unwrap_or_default() {
            let Ok(Some(value)) = secrets.get(&secret.scope, &secret.name).await else {
                continue;
            };
            all.push(value.clone());
            match secret.scope {
                // The global one wins, since a template that names no scope means that.
                SecretScope::Global => {
                    values.insert(secret.name, value);
                }
                SecretScope::Project => {
                    values.entry(secret.name).or_insert(value);
                }
                SecretScope::Pipeline(_) => {}
            }
        }
        Self {
            values: Arc::new(values),
            all: Arc::new(all),
            used: Arc::default(),
        }
    }

    /// Loads the secrets of the project at `path`, if there is a state of it. Makes none.
    pub async fn of_project(home: &Home, path: &Path) -> Result<Self, SecretError> {
        let (store, home) = if let Some(url) = settings::database_url() {
            let store = Store::connect(&url).await?;
            let database = store.path().to_string_lossy().into_owned();
            match home.project_on(path, &database) {
                Ok(home) => (store, home),
                // Whoever needs the folder says what is wrong with it.
                Err(_) => return Ok(Self::default()),
            }
        } else if let Some(home) = home.existing_project(path) {
            (Store::open(&home.database()).await?, home)
        } else {
            return Ok(Self::default());
        };
        Ok(Self::load(&Secrets::new(store, home.secrets_key())).await)
    }

    /// The values that stand in these variables: a run that a block started may have been handed a secret.
    pub fn within(&self, variables: &Map) -> Vec<String> {
        let mut texts = Vec::new();
        variables
            .values()
            .for_each(|value| texts_of(value, &mut texts));
        let is_there = |secret: &&String| texts.iter().any(|text| text.contains(secret.as_str()));
        let secrets = self.all.iter().filter(|secret| !secret.is_empty());
        secrets.filter(is_there).cloned().collect()
    }

    /// The values that templates have taken so far.
    pub fn used(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().cloned().collect()
    }
}

/// Every text in a value.
fn texts_of<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Value::Object(map) => map.values().for_each(|item| texts_of(item, texts)),
        _ => {}
    }
}

/// Where templates take their values from: the environment of this process, and these secrets.
pub fn lookup(known: &Known) -> Lookup {
    let known = known.clone();
    Lookup::process().with_secrets(move |name| {
        let value = known.values.get(name)?;
        let mut used = known.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(value.clone());
        Some(value.clone())
    })
}
