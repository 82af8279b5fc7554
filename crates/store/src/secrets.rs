//! Secrets of a project: values encrypted with a key file that only its owner reads.
//!
//! A sealed value is bound to its scope and name, so that rows cannot be exchanged in the database. It does not decide
//! who may read a secret, and it does not hide values in logs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use baton_base::files::FileError;
use baton_base::{Class, Diagnose};
use baton_model::{PipelineUuid, Timestamp};
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use crate::sql::values;
use crate::{Store, StoreError};

/// Bytes of a nonce: large enough that random ones do not repeat.
const NONCE: usize = 24;

/// Longest name, bytes.
const MAX_NAME: usize = 255;

/// An operation on secrets failed. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The database refused.
    #[error("use the stored secrets")]
    Store(#[from] StoreError),
    /// The key file cannot be read or made.
    #[error("use the key of the secrets")]
    KeyFile(#[source] FileError),
    /// The key file is gone, and there are secrets that only it opens.
    #[error("open the secrets: their key `{}` is missing", path.display())]
    NoKey {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others may read the key.
    #[error("use the key `{}`: other users may read it", path.display())]
    OpenKey {
        /// The key.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("use the key `{}`: it is damaged", path.display())]
    BadKey {
        /// The key.
        path: PathBuf,
    },
    /// The value was sealed with another key, or was changed.
    #[error("open the secret `{name}`: it was stored with another key, or is damaged")]
    Sealed {
        /// Its name.
        name: String,
    },
    /// There is one already.
    #[error("create the secret `{name}`: it exists already")]
    Exists {
        /// Its name.
        name: String,
    },
    /// Nobody could ask for a secret of this name.
    #[error("use `{name}` as the name of a secret")]
    BadName {
        /// The name that was given.
        name: String,
    },
    /// The system gives no random numbers.
    #[error("seal the secret `{name}`: the system gives no random numbers")]
    Random {
        /// Its name.
        name: String,
    },
}

impl Diagnose for SecretError {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::KeyFile(error) => error.class(),
            Self::NoKey { .. }
            | Self::BadKey { .. }
            | Self::Sealed { .. }
            | Self::Random { .. } => Class::External,
            Self::OpenKey { .. } => Class::Denied,
            Self::Exists { .. } => Class::Conflict,
            Self::BadName { .. } => Class::User,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::KeyFile(error) => return error.hint(),
            Self::NoKey { path } | Self::BadKey { path } => format!(
                "restore `{}` from a copy, or remove the secrets and set them again",
                path.display()
            ),
            Self::OpenKey { path } => format!("run `chmod 600 {}`", path.display()),
            Self::Sealed { name } => {
                format!("set it again: `baton secret PROJECT set {name}`")
            }
            Self::Exists { name } => format!(
                "use another name, or replace its value with `baton secret PROJECT set {name}`"
            ),
            Self::BadName { .. } => {
                "use a text of 1 to 255 characters on one line, without spaces around it".to_owned()
            }
            Self::Random { .. } => return None,
        })
    }
}

/// Who a secret is for. Each scope has names of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretScope {
    /// Every pipeline; what is meant when nothing is said.
    #[default]
    Global,
    /// The project, as code that came from Mage may say.
    Project,
    /// One pipeline.
    Pipeline(PipelineUuid),
}

impl SecretScope {
    fn column(&self) -> String {
        match self {
            Self::Global => "global".to_owned(),
            Self::Project => "project".to_owned(),
            Self::Pipeline(uuid) => format!("pipeline:{uuid}"),
        }
    }

    fn parse(column: &str) -> Self {
        match column {
            "global" => Self::Global,
            "project" => Self::Project,
            other => Self::Pipeline(PipelineUuid::new(
                other.strip_prefix("pipeline:").unwrap_or(other),
            )),
        }
    }
}

/// A secret without its value, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretName {
    /// Who it is for.
    pub scope: SecretScope,
    /// Its name.
    pub name: String,
    /// When its value was last set.
    pub updated_at: Timestamp,
}

/// The secrets of one project.
#[derive(Clone, Debug)]
pub struct Secrets {
    store: Store,
    key: PathBuf,
}

impl Secrets {
    /// The secrets in `store`, sealed with the key file at `key`, which is made with the first secret.
    pub fn new(store: Store, key: PathBuf) -> Self {
        Self { store, key }
    }

    /// Stores a secret, or replaces its value.
    pub async fn set(
        &self,
        scope: &SecretScope,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), SecretError> {
        self.write(
            "insert into secret (scope, name, sealed, created_at, updated_at)
             values ($1, $2, $3, $4, $4)
             on conflict (scope, name) do update set sealed = excluded.sealed,
                 updated_at = excluded.updated_at",
            (scope, name, value),
            now,
        )
        .await
        .map(drop)
    }

    /// Stores a secret whose name must be free in its scope.
    pub async fn create(
        &self,
        scope: &SecretScope,
        name: &str,
        value: &str,
        now: Timestamp,
    ) -> Result<(), SecretError> {
        let written = self
            .write(
                "insert into secret (scope, name, sealed, created_at, updated_at)
                 values ($1, $2, $3, $4, $4) on conflict (scope, name) do nothing",
                (scope, name, value),
                now,
            )
            .await?;
        if written == 0 {
            return Err(SecretError::Exists {
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    async fn write(
        &self,
        statement: &'static str,
        (scope, name, value): (&SecretScope, &str, &str),
        now: Timestamp,
    ) -> Result<u64, SecretError> {
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && name.trim() == name
            && !name.contains(char::is_control);
        if !is_name {
            return Err(SecretError::BadName {
                name: name.escape_debug().to_string(),
            });
        }
        let key = match read_key(&self.key)? {
            Some(key) => key,
            // A new key beside secrets that only the old one opens would hide that it is lost.
            None if self.any().await? => {
                return Err(SecretError::NoKey {
                    path: self.key.clone(),
                });
            }
            None => make_key(&self.key)?,
        };
        let scope = scope.column();
        let sealed = seal(&key, &scope, name, value)?;
        let values = values![scope, name, sealed, now];
        Ok(self.store.database.change(statement, values).await?)
    }

    /// The value of a secret; none when there is no such secret.
    pub async fn get(
        &self,
        scope: &SecretScope,
        name: &str,
    ) -> Result<Option<String>, SecretError> {
        let scope = scope.column();
        let sql = "select sealed from secret where scope = $1 and name = $2";
        let values = values![scope.as_str(), name];
        let found = self.store.database.fetch_first(sql, values).await?;
        let Some(row) = found else { return Ok(None) };
        let sealed = row.bytes("sealed")?;
        let key = read_key(&self.key)?.ok_or_else(|| SecretError::NoKey {
            path: self.key.clone(),
        })?;
        unseal(&key, &scope, name, &sealed).map(Some)
    }

    /// Removes a secret; false when there was none.
    pub async fn remove(&self, scope: &SecretScope, name: &str) -> Result<bool, SecretError> {
        let sql = "delete from secret where scope = $1 and name = $2";
        let values = values![scope.column(), name];
        Ok(self.store.database.change(sql, values).await? > 0)
    }

    /// Every secret without its value, by scope and name.
    pub async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        let sql = "select scope, name, updated_at from secret order by scope, name";
        let found = self.store.database.fetch(sql, values![]).await?;
        found
            .iter()
            .map(|row| {
                Ok(SecretName {
                    scope: SecretScope::parse(&row.text("scope")?),
                    name: row.text("name")?,
                    updated_at: row.moment("updated_at")?,
                })
            })
            .collect()
    }

    async fn any(&self) -> Result<bool, SecretError> {
        let sql = "select 1 from secret limit 1";
        let mut transaction = self.store.database.begin().await?;
        Ok(!transaction.fetch(sql, values![]).await?.is_empty())
    }
}

/// What a sealed value is bound to. Neither part holds a null character.
fn bound_to(scope: &str, name: &str) -> Vec<u8> {
    [scope.as_bytes(), name.as_bytes()].join(&0)
}

/// A nonce, then the encrypted value.
fn seal(key: &Key, scope: &str, name: &str, value: &str) -> Result<Vec<u8>, SecretError> {
    let random = |()| SecretError::Random {
        name: name.to_owned(),
    };
    let nonce = XNonce::try_generate().map_err(|_| random(()))?;
    let payload = Payload {
        msg: value.as_bytes(),
        aad: &bound_to(scope, name),
    };
    let sealed = XChaCha20Poly1305::new(key)
        .encrypt(&nonce, payload)
        .map_err(|_| random(()))?;
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed);
    Ok(bytes)
}

fn unseal(key: &Key, scope: &str, name: &str, bytes: &[u8]) -> Result<String, SecretError> {
    let open = || {
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: sealed,
            aad: &bound_to(scope, name),
        };
        let nonce = XNonce::try_from(nonce).ok()?;
        let value = XChaCha20Poly1305::new(key).decrypt(&nonce, payload).ok()?;
        String::from_utf8(value).ok()
    };
    open().ok_or_else(|| SecretError::Sealed {
        name: name.to_owned(),
    })
}

/// The key in the file; none without a file.
fn read_key(path: &Path) -> Result<Option<Key>, SecretError> {
    let failed = |source| SecretError::KeyFile(FileError::new("read", path, source));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if metadata.mode() & 0o077 != 0 {
        return Err(SecretError::OpenKey {
            path: path.to_owned(),
        });
    }
    let text = fs::read(path).map_err(failed)?;
    let bad = || SecretError::BadKey {
        path: path.to_owned(),
    };
    let digits = std::str::from_utf8(&text).map_err(|_| bad())?.trim_end();
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let mut key = Key::default();
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
    }
    Ok(Some(key))
}

/// Makes a key, unless another process was faster; then that one is the key.
fn make_key(path: &Path) -> Result<Key, SecretError> {
    let key = Key::try_generate().map_err(|_| SecretError::Random {
        name: "key".to_owned(),
    })?;
    let failed = |source| SecretError::KeyFile(FileError::new("write", path, source));
    let temporary = path.with_extension(format!("key.{}.tmp", std::process::id()));
    let write = || -> io::Result<()> {
        drop(fs::remove_file(&temporary));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        for byte in &key {
            write!(file, "{byte:02x}")?;
        }
        file.write_all(b"\n")?;
        file.sync_all()?;
        // A link appears whole, and not at all where there is a key already.
        match fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    };
    let written = write();
    drop(fs::remove_file(&temporary));
    written.map_err(failed)?;
    read_key(path)?.ok_or_else(|| SecretError::NoKey {
        path: path.to_owned(),
    })
}
