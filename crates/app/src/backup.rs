//! Everything that is kept of a project as one file, and back again.
//!
//! The file is a tar archive: a copy of the database at one moment, the key of the secrets, the objects that the database
//! names, logs, and at its end a list of all of it with hashes. An archive without that list is not whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Home, iso, now};
use baton_model::ObjectHash;
use baton_products::Products;
use baton_scheduler::Lease;
use baton_store::Store;
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, Header};

use crate::failure::Failure;
use crate::settings;
use crate::state::ProjectState;

/// The number of the archive's form.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "state.db";
const KEY: &str = "secrets.key";
const AUDIT: &str = "audit.jsonl";

/// What an archive holds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    baton: String,
    created_at: String,
    /// Name of the project's folder.
    project: String,
    entries: BTreeMap<String, Entry>,
    /// Objects that the database names and that were not there, or not what they should be.
    lost: Vec<ObjectHash>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    hash: String,
}

/// What was backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Files in the archive.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were lost before.
    pub lost: Vec<ObjectHash>,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Name of the folder of the project that was backed up.
    pub project: String,
    /// When it was backed up.
    pub created_at: String,
    /// Files of the archive.
    pub files: usize,
}

/// Backs up the state of the project at `root` into the new file `to`. A server of the project goes on meanwhile.
pub async fn back_up(state: &ProjectState, root: &Path, to: &Path) -> Result<BackedUp, Failure> {
    refuse_server(state.elsewhere.is_some())?;
    if to.exists() {
        return Err(Failure::usage(
            format!("`{}` exists already", to.display()),
            "name a new file, or delete that one first",
        ));
    }
    let products = Products::open(&state.home.products())?;
    // Taken before the database is copied: what the copy names stays until it is in the archive.
    let held = products.hold()?;
    let folder = state
        .home
        .path()
        .join(format!(".backup-{}", std::process::id()));
    let copied = copy_database(state, &folder).await;
    let (state, to) = (state.clone(), to.to_owned());
    let name = root
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let written = match copied {
        Ok(objects) => {
            let folder = folder.clone();
            let write = move || write_archive(&state, &products, &folder, objects, &name, &to);
            let written = tokio::task::spawn_blocking(write).await;
            written.unwrap_or_else(|error| Err(Failure::bug(format!("it was cut short: {error}"))))
        }
        Err(failure) => Err(failure),
    };
    drop(held);
    // What cannot be deleted is found by whoever looks; the archive is as it should be.
    let _ = fs::remove_dir_all(&folder);
    written
}

/// The state of one database cannot be told from the outside when it is on a server, which this command or the servers of
/// the project were told to use.
fn refuse_server(elsewhere: bool) -> Result<(), Failure> {
    let told = settings::database_url().is_some_and(|url| !url.starts_with("sqlite:"));
    if !told && !elsewhere {
        return Ok(());
    }
    Err(Failure::usage(
        "the project's database is on a server, which this command does not copy",
        "copy it with the server's own tool (pg_dump), and the project's state folder with it",
    ))
}

/// Copies the database into `folder`, and gives the objects that the copy names.
async fn copy_database(state: &ProjectState, folder: &Path) -> Result<Vec<ObjectHash>, Failure> {
    let _ = fs::remove_dir_all(folder);
    files::create_folder(folder)?;
    let path = folder.join(DATABASE);
    state.store.snapshot(&path).await?;
    let copy = Store::open(&path).await?;
    let mut objects: Vec<ObjectHash> = copy.live_objects().await?.into_iter().collect();
    copy.close().await;
    objects.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    Ok(objects)
}

fn write_archive(
    state: &ProjectState,
    products: &Products,
    folder: &Path,
    objects: Vec<ObjectHash>,
    project: &str,
    to: &Path,
) -> Result<BackedUp, Failure> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let part = to.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let write = || -> Result<Manifest, Failure> {
        let failed = |error: io::Error| FileError::new("write", &part, error);
        // The key of the secrets is in it.
        let file = File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&part)
            .map_err(failed)?;
        let mut archive = Writing {
            tar: Builder::new(BufWriter::new(file)),
            manifest: Manifest {
                format: FORMAT,
                baton: env!("CARGO_PKG_VERSION").to_owned(),
                created_at: iso(now()),
                project: project.to_owned(),
                ..Manifest::default()
            },
        };
        archive.add(DATABASE, &folder.join(DATABASE))?;
        for (name, path) in [
            (KEY, state.home.secrets_key()),
            (AUDIT, state.home.path().join(AUDIT)),
        ] {
            if path.is_file() {
                archive.add(name, &path)?;
            }
        }
        for object in objects {
            let path = products.object_path(&object);
            let name = format!("objects/{}", object.as_str());
            // One that is damaged would be refused by whoever reads it, here and there.
            let is_whole = path.is_file() && archive.add(&name, &path)? == object.as_str();
            if !is_whole {
                archive.manifest.lost.push(object);
            }
        }
        let logs = state.home.log(0);
        let logs = logs.parent().unwrap_or(Path::new(""));
        for entry in fs::read_dir(logs).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_log(&name) {
                archive.add(&format!("logs/{name}"), &entry.path())?;
            }
        }
        let manifest = serde_json::to_vec(&archive.manifest);
        let text = manifest.map_err(|error| Failure::bug(format!("the list: {error}")))?;
        let mut header = header(text.len() as u64);
        let tar = &mut archive.tar;
        tar.append_data(&mut header, MANIFEST, text.as_slice())
            .map_err(failed)?;
        let mut inner = archive.tar.into_inner().map_err(failed)?;
        inner.flush().map_err(failed)?;
        inner.get_ref().sync_all().map_err(failed)?;
        fs::rename(&part, to).map_err(failed)?;
        Ok(archive.manifest)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    let manifest = written?;
    Ok(BackedUp {
        files: manifest.entries.len(),
        bytes: manifest.entries.values().map(|entry| entry.bytes).sum(),
        lost: manifest.lost,
    })
}

fn is_log(name: &str) -> bool {
    let number = name.strip_suffix(".jsonl");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(now() / 1_000_000).unwrap_or(0));
    header
}

/// An archive under way.
struct Writing {
    tar: Builder<BufWriter<File>>,
    manifest: Manifest,
}

impl Writing {
    /// Adds a file as long as it is now, and gives its hash. Whoever writes to it only makes it longer.
    fn add(&mut self, name: &str, path: &Path) -> Result<String, FileError> {
        let failed = |error| FileError::new("back up", path, error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut reader = Hashing::new(file.take(bytes));
        self.tar
            .append_data(&mut header(bytes), name, &mut reader)
            .map_err(failed)?;
        let hash = reader.hash();
        let entry = Entry {
            bytes,
            hash: hash.clone(),
        };
        self.manifest.entries.insert(name.to_owned(), entry);
        Ok(hash)
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R> Hashing<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
        }
    }

    fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Restores the archive `from` as the state of the project at `root`. State that is there already is replaced only with
/// `force`; until everything was verified it stays as it is.
pub async fn restore(
    home: &Home,
    root: &Path,
    from: &Path,
    force: bool,
) -> Result<Restored, Failure> {
    let place = home.project(root)?;
    refuse_server(place.elsewhere().exists())?;
    refuse_driven(place.path())?;
    if place.database().exists() && !force {
        return Err(Failure::conflict(
            format!("the project at `{}` has a state already", root.display()),
            "--force replaces it",
        ));
    }
    let folder = beside(place.path(), "restoring");
    let _ = fs::remove_dir_all(&folder);
    let unpacked = unpacked(from, &folder).await;
    let restored = match unpacked {
        Ok(manifest) => exchange(&folder, place.path()).map(|()| Restored {
            project: manifest.project,
            created_at: manifest.created_at,
            files: manifest.entries.len(),
        }),
        Err(failure) => Err(failure),
    };
    // After the exchange this is the state that was replaced.
    let _ = fs::remove_dir_all(&folder);
    restored
}

/// Nobody may be at work on a state that is to be replaced.
fn refuse_driven(state: &Path) -> Result<(), Failure> {
    let locks = fs::read_dir(state.join("locks"));
    for lock in locks.into_iter().flatten().flatten() {
        if Lease::is_held(&lock.path()) {
            return Err(Failure::conflict(
                "a server or a run of this project is at work",
                "stop it first",
            ));
        }
    }
    Ok(())
}

/// Unpacks an archive into `folder`, and compares all of it with what the archive says.
async fn unpacked(from: &Path, folder: &Path) -> Result<Manifest, Failure> {
    let (archive, to) = (from.to_owned(), folder.to_owned());
    let unpack = tokio::task::spawn_blocking(move || unpack(&archive, &to)).await;
    let manifest =
        unpack.unwrap_or_else(|error| Err(Failure::bug(format!("it was cut short: {error}"))))?;
    let store = Store::open(&folder.join(DATABASE)).await?;
    let objects = store.live_objects().await?;
    store.close().await;
    for object in objects {
        let name = format!("objects/{}", object.as_str());
        if !manifest.entries.contains_key(&name) && !manifest.lost.contains(&object) {
            return Err(damaged(from, &format!("`{name}` is not in it")));
        }
    }
    Ok(manifest)
}

fn unpack(from: &Path, folder: &Path) -> Result<Manifest, Failure> {
    let broken = |error: io::Error| damaged(from, &error.to_string());
    let file = File::open(from).map_err(|error| FileError::new("open", from, error))?;
    files::create_folder(folder)?;
    let mut archive = Archive::new(io::BufReader::new(file));
    let mut found = BTreeMap::new();
    let mut manifest = None;
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(damaged(from, &format!("`{name}` is no file")));
        }
        let mut reader = Hashing::new(entry);
        if name == MANIFEST {
            let mut text = Vec::new();
            reader.read_to_end(&mut text).map_err(broken)?;
            let read = serde_json::from_slice::<Manifest>(&text);
            let read = read.map_err(|error| damaged(from, &format!("its list: {error}")))?;
            manifest = Some(read);
            continue;
        }
        let Some(path) = place_of(folder, &name) else {
            return Err(damaged(from, &format!("`{name}` does not belong into it")));
        };
        if let Some(folder) = path.parent() {
            files::create_folder(folder)?;
        }
        let write = |reader: &mut Hashing<_>| -> io::Result<u64> {
            let mut file = File::options()
                .create_new(true)
                .write(true)
                .mode(0o600)
                .open(&path)?;
            io::copy(reader, &mut file)
        };
        let bytes = write(&mut reader).map_err(broken)?;
        let hash = reader.hash();
        found.insert(name, Entry { bytes, hash });
    }
    let manifest = manifest.ok_or_else(|| damaged(from, "it ends too soon"))?;
    if manifest.format > FORMAT {
        return Err(Failure::usage(
            format!(
                "`{}` was made by a newer Baton ({})",
                from.display(),
                manifest.baton
            ),
            "use that one",
        ));
    }
    for (name, entry) in &manifest.entries {
        if found.get(name) != Some(entry) {
            return Err(damaged(from, &format!("`{name}` is not what it was")));
        }
    }
    if found.len() != manifest.entries.len() {
        return Err(damaged(from, "there is more in it than it says"));
    }
    Ok(manifest)
}

/// Where a file of an archive goes; none for what is no part of a state.
fn place_of(folder: &Path, name: &str) -> Option<PathBuf> {
    if let Some(hash) = name.strip_prefix("objects/") {
        let is_hash = hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit());
        let products = folder.join("products");
        let products = Products::open(&products).ok().filter(|_| is_hash)?;
        return Some(products.object_path(&ObjectHash::new(hash.to_owned())));
    }
    match name {
        DATABASE | KEY | AUDIT => Some(folder.join(name)),
        _ => {
            let log = name.strip_prefix("logs/").filter(|log| is_log(log))?;
            Some(folder.join("logs").join(log))
        }
    }
}

fn damaged(from: &Path, why: &str) -> Failure {
    Failure {
        class: Class::External,
        exit: Class::External.exit_code(),
        ..Failure::usage(
            format!("`{}` is no whole backup: {why}", from.display()),
            "use another one; nothing was changed",
        )
    }
}

/// A name for a folder beside a state.
fn beside(state: &Path, what: &str) -> PathBuf {
    let own = state.file_name().unwrap_or_default().to_string_lossy();
    state.with_file_name(format!("{own}.{what}-{}", std::process::id()))
}

/// Puts the new state in the place of the old one, in one step where the system can do that.
fn exchange(new: &Path, old: &Path) -> Result<(), Failure> {
    // A crash after this shows the new state whole.
    rustix::fs::sync();
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let failed = |error| FileError::new("replace", old, error);
    let aside = beside(old, "replaced");
    fs::rename(old, &aside).map_err(failed)?;
    if let Err(error) = fs::rename(new, old) {
        fs::rename(&aside, old).map_err(failed)?;
        return Err(failed(error).into());
    }
    fs::remove_dir_all(&aside).map_err(failed)?;
    Ok(())
}
