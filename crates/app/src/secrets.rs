//! The project's secrets as templates of its files need them: loaded before, since a template cannot wait.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use baton_base::Home;
use baton_project::Lookup;
use baton_store::{SecretError, SecretScope, Secrets, Store};

/// Secrets by name, and which of them were used. Has no `Debug`: the values are in it.
#[derive(Clone, Default)]
pub struct Known {
    values: Arc<BTreeMap<String, String>>,
    used: Arc<Mutex<BTreeSet<String>>>,
}

impl Known {
    /// Loads the secrets that are not of one pipeline. One that cannot be opened is as one that does not exist: who
    /// asks for it by name hears why.
    pub async fn load(secrets: &Secrets) -> Self {
        let mut values = BTreeMap::new();
        // The global one wins, since a template that names no scope means that.
        for scope in [SecretScope::Project, SecretScope::Global] {
            for secret in secrets.list().await.unwrap_or_default() {
                if secret.scope == scope
                    && let Ok(Some(value)) = secrets.get(&scope, &secret.name).await
                {
                    values.insert(secret.name, value);
                }
            }
        }
        Self {
            values: Arc::new(values),
            used: Arc::default(),
        }
    }

    /// Loads the secrets of the project at `path`, if there is a state of it. Makes none.
    pub async fn of_project(home: &Home, path: &Path) -> Result<Self, SecretError> {
        let Some(home) = home.existing_project(path) else {
            return Ok(Self::default());
        };
        let store = Store::open(&home.database()).await?;
        Ok(Self::load(&Secrets::new(store, home.secrets_key())).await)
    }

    /// The values that templates have taken so far.
    pub fn used(&self) -> Vec<String> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().cloned().collect()
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
