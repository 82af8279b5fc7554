//! Which file a block runs (spec 1.2).
//!
//! The order: the original of a replicated block; `configuration.file_path`; the default folder, name and
//! extension; `configuration.file_source.path`. Mage's own runs ignore the last one, so the default file wins where
//! both exist, and `file_source` counts where Mage would find nothing. In a project of a platform (`settings.yaml`)
//! `file_source` comes first, and is relative to the platform's folder.

use std::path::{Component, Path};

use baton_model::{Block, BlockKind, Language, Pipeline};
use serde_json::Value;

/// The file that a block runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFile {
    /// Path relative to the project, with `/`; starts with `..` for a file of a neighbouring project.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// What led to it.
    pub origin: Origin,
}

/// What led to a block's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The block's type, name and language.
    Default,
    /// `configuration.file_path`.
    FilePath,
    /// `configuration.file_source.path`.
    FileSource,
}

/// The block whose file `block` runs: itself, or the original at the end of a chain of replicas.
/// None when the chain leads nowhere.
pub(crate) fn original<'a>(pipeline: &'a Pipeline, block: &'a Block) -> Option<&'a Block> {
    let mut current = block;
    // A chain longer than the pipeline is a circle.
    for _ in 0..=pipeline.blocks.len() {
        match &current.replicated {
            None => return Some(current),
            Some(uuid) => current = pipeline.block(uuid)?,
        }
    }
    None
}

/// The file of `block` in the project at `root`; none for a block that has no file.
pub(crate) fn resolve(
    root: &Path,
    base: &Path,
    pipeline: &Pipeline,
    block: &Block,
) -> Option<BlockFile> {
    let block = original(pipeline, block).unwrap_or(block);
    if block.kind == BlockKind::GlobalDataProduct {
        return None;
    }
    let source = block
        .configuration
        .get("file_source")
        .and_then(|source| source.get("path"))
        .and_then(Value::as_str);
    if root != base
        && let Some(path) = source.and_then(|path| below_base(root, base, path))
    {
        return Some(found_file(path, Origin::FileSource));
    }
    let file_path = block.configuration.get("file_path").and_then(Value::as_str);
    if let Some(path) = file_path.filter(|path| !path.is_empty()) {
        // The file of a dbt block is relative to the folder of all dbt projects in older files.
        let folders: &[&str] = if block.kind == BlockKind::Dbt {
            &["", "dbt/"]
        } else {
            &[""]
        };
        let found = folders
            .iter()
            .find_map(|folder| existing(root, &format!("{folder}{path}")));
        if let Some(path) = found {
            return Some(found_file(path, Origin::FilePath));
        }
    }
    let default = default_path(block);
    if is_file(root, &default) {
        return Some(found_file(default, Origin::Default));
    }
    if let Some(path) = source.and_then(|path| existing(root, path)) {
        return Some(found_file(path, Origin::FileSource));
    }
    let (path, origin) = match file_path.filter(|path| !path.is_empty()) {
        Some(path) => (path.to_owned(), Origin::FilePath),
        None => (default, Origin::Default),
    };
    Some(BlockFile {
        path,
        exists: false,
        origin,
    })
}

fn found_file(path: String, origin: Origin) -> BlockFile {
    BlockFile {
        path,
        exists: true,
        origin,
    }
}

/// `<folder of the type>/<name>.<extension of the language>`.
pub(crate) fn default_path(block: &Block) -> String {
    let folder = match (&block.kind, &block.language) {
        // A dbt block that holds a command, not a model.
        (BlockKind::Dbt, Language::Yaml) => "dbts".to_owned(),
        (BlockKind::Other(name), _) => format!("{name}s"),
        (kind, _) => kind.folder().unwrap_or_default().to_owned(),
    };
    match block.language.extension() {
        Some(extension) => format!("{folder}/{}.{extension}", block.uuid),
        None => format!("{folder}/{}", block.uuid),
    }
}

fn is_file(root: &Path, path: &str) -> bool {
    is_inside(path) && root.join(path).is_file()
}

/// Whether a relative path stays inside the project or the folder that holds it.
fn is_inside(path: &str) -> bool {
    let mut depth = 1_i32;
    for component in Path::new(path).components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// The file that a configured path means, relative to the project. Such a path may be relative to the
/// project or to the folder that holds it, or be absolute in the container where the project was written:
/// then the longest end of it that exists in the project counts.
fn existing(root: &Path, path: &str) -> Option<String> {
    let path = path.trim();
    if path.is_empty() {
        return None;
    }
    if let Ok(inside) = Path::new(path).strip_prefix(root) {
        let inside = slashed(inside);
        return is_file(root, &inside).then_some(inside);
    }
    let relative = path.trim_start_matches('/');
    if relative.len() == path.len() && is_file(root, path) {
        return Some(slashed(Path::new(path)));
    }
    let mut rest = relative;
    while let Some((_, shorter)) = rest.split_once('/') {
        // An end without a folder says too little.
        if !shorter.contains('/') {
            break;
        }
        if is_file(root, shorter) {
            return Some(shorter.to_owned());
        }
        rest = shorter;
    }
    // A file of a neighbouring project.
    let beside = format!("../{relative}");
    (relative.len() == path.len() && is_file(root, &beside)).then_some(beside)
}

/// The file that a path below a platform's folder means, relative to the project at `root`. The path may begin
/// with the platform's own name.
fn below_base(root: &Path, base: &Path, path: &str) -> Option<String> {
    let path = path.trim();
    let own = base.file_name().and_then(|name| name.to_str());
    let stripped = path
        .split_once('/')
        .filter(|(first, _)| Some(*first) == own)
        .map(|(_, rest)| rest);
    let file = [Some(path), stripped].into_iter().flatten().find(|path| {
        let plain = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        plain && base.join(path).is_file()
    })?;
    let file = base.join(file);
    if let Ok(inside) = file.strip_prefix(root) {
        return Some(slashed(inside));
    }
    let up = root.strip_prefix(base).ok()?.components().count();
    Some(format!(
        "{}{}",
        "../".repeat(up),
        slashed(file.strip_prefix(base).ok()?)
    ))
}

/// A path with `/`, without `.` components.
fn slashed(path: &Path) -> String {
    path.components()
        .filter(|component| *component != Component::CurDir)
        .map(|component| component.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Lookup;

    #[test]
    fn projects_of_a_platform_share_files() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap().join("hub");
        for file in [
            "unit/a/custom/x.py",
            "unit/b/custom/x.py",
            "unit/b/custom/y.py",
        ] {
            let path = base.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let check = |source: &str, expected: &str| {
            let text = format!(
                "blocks:\n- {{uuid: x, type: custom, configuration: {{file_source: {{path: {source}}}}}}}\n"
            );
            let file = crate::pipeline::read(&"p".into(), "p", &text, &Lookup::new(|_| None));
            let block = file.pipeline.blocks.last().unwrap();
            let found = resolve(&base.join("unit/a"), &base, &file.pipeline, block).unwrap();
            assert_eq!(
                (found.path.as_str(), found.exists),
                (expected, true),
                "{source}"
            );
        };
        check("unit/a/custom/x.py", "custom/x.py");
        check("unit/b/custom/y.py", "../../unit/b/custom/y.py");
        check("hub/unit/b/custom/x.py", "../../unit/b/custom/x.py");
        check("unit/gone/custom/y.py", "custom/x.py");
        check("../hub/unit/b/custom/y.py", "custom/x.py");
    }

    #[test]
    fn every_way_to_a_file_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("shop");
        for file in [
            "shop/data_loaders/load.py",
            "shop/data_loaders/sales/eu/load.py",
            "shop/custom/only.py",
            "shop/lib/shared.py",
            "shop/dbt/demo/models/x.sql",
            "shop/ais/think.yaml",
            "other/custom/far.py",
            "secret.py",
        ] {
            let path = root.parent().unwrap().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::write(
            root.parent().unwrap().parent().unwrap().join("outside.py"),
            "",
        )
        .ok();
        let check = |entry: &str, expected: Option<(&str, bool)>| {
            let text = format!(
                "blocks:\n- {{uuid: load, type: data_loader}}\n- {{uuid: r1, type: data_loader, replicated_block: load}}\n- {{uuid: c1, type: custom, replicated_block: c2}}\n- {{uuid: c2, type: custom, replicated_block: c1}}\n- {{{entry}}}\n"
            );
            let file = crate::pipeline::read(&"p".into(), "p", &text, &Lookup::new(|_| None));
            let block = file.pipeline.blocks.last().unwrap();
            let found = resolve(&root, &root, &file.pipeline, block);
            assert_eq!(
                found.as_ref().map(|file| (file.path.as_str(), file.exists)),
                expected,
                "{entry}"
            );
        };
        check(
            "uuid: sales/eu/load, type: data_loader",
            Some(("data_loaders/sales/eu/load.py", true)),
        );
        check(
            "uuid: gone, type: data_loader, language: sql",
            Some(("data_loaders/gone.sql", false)),
        );
        check(
            "uuid: x, type: data_loader, replicated_block: load",
            Some(("data_loaders/load.py", true)),
        );
        check(
            "uuid: x, type: data_loader, replicated_block: r1",
            Some(("data_loaders/load.py", true)),
        );
        check(
            "uuid: x, type: custom, replicated_block: c1",
            Some(("custom/x.py", false)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_path: lib/shared.py}",
            Some(("lib/shared.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_path: ./lib/shared.py}",
            Some(("lib/shared.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_path: lib/gone.py}",
            Some(("lib/gone.py", false)),
        );
        check(
            "uuid: only, type: custom, configuration: {file_path: lib/gone.py}",
            Some(("custom/only.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: lib/shared.py}}",
            Some(("lib/shared.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: shop/lib/shared.py}}",
            Some(("lib/shared.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: /home/src/shop/lib/shared.py}}",
            Some(("lib/shared.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: other/custom/far.py}}",
            Some(("../other/custom/far.py", true)),
        );
        check(
            "uuid: only, type: custom, configuration: {file_source: {path: lib/shared.py}}",
            Some(("custom/only.py", true)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: ../../outside.py}}",
            Some(("custom/x.py", false)),
        );
        check(
            "uuid: x, type: custom, configuration: {file_source: {path: /etc/hostname}}",
            Some(("custom/x.py", false)),
        );
        check(
            "uuid: demo/models/x, type: dbt, language: sql, configuration: {file_path: demo/models/x.sql}",
            Some(("dbt/demo/models/x.sql", true)),
        );
        check(
            "uuid: run, type: dbt, language: yaml",
            Some(("dbts/run.yaml", false)),
        );
        check(
            "uuid: think, type: ai, language: yaml",
            Some(("ais/think.yaml", true)),
        );
        check("uuid: g, type: global_data_product", None);
        let absolute = format!(
            "uuid: x, type: custom, configuration: {{file_path: {}}}",
            root.join("lib/shared.py").display()
        );
        check(&absolute, Some(("lib/shared.py", true)));
    }
}
