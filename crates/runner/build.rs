//! Lists the Python code that ships inside the binary, so that it works without any installation.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Packages and data files under `python/` that workers need.
const SHIPPED: [&str; 4] = ["baton", "mage_ai", "base-set.txt", "optional-set.txt"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let python = manifest.join("../../python").canonicalize()?;
    let mut files = Vec::new();
    for name in SHIPPED {
        let path = python.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, &mut files)?;
    }
    files.sort();
    let mut code = String::from("pub(super) const FILES: &[(&str, &[u8])] = &[\n");
    for file in files {
        let relative = file.strip_prefix(&python).unwrap_or(&file);
        let (name, path) = (relative.display().to_string(), file.display().to_string());
        let _ = writeln!(code, "    ({name:?}, include_bytes!({path:?})),");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("library_files.rs"), code)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_code = path
            .extension()
            .is_some_and(|extension| extension == "py" || extension == "txt");
        if path.is_dir() && name != "__pycache__" && !name.starts_with('.') {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if is_code || name == "py.typed" {
            files.push(path);
        }
    }
    Ok(())
}
