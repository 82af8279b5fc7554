//! `cargo xtask licenses`: licences, banned crates and double generations, without network.
//! Licences are read of every package that this platform compiles; bans cover the whole lock file.

use std::collections::BTreeMap;

use crate::Report;
use crate::workspace::{Package, Workspace};

/// Licences that fit Apache-2.0 and ask for nothing but their text.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, each with the reason.
const BANNED: &[(&str, &str)] = &[
    (
        "aws-lc-sys",
        "needs CMake and minutes of C; TLS comes with `ring`",
    ),
    (
        "datafusion",
        "ten minutes of release build and 108 MB; SQL runs in DuckDB, in a worker",
    ),
    (
        "libduckdb-sys",
        "17 minutes of C++; DuckDB is a wheel in the workers' environment",
    ),
    (
        "native-tls",
        "the system's TLS differs from machine to machine",
    ),
    (
        "openssl-sys",
        "needs the system's OpenSSL; TLS comes with `rustls`",
    ),
    ("pyo3", "user code never runs in the server process"),
    (
        "serde_yaml",
        "deprecated; `yaml_serde` is its maintained successor",
    ),
    ("time", "dates are `chrono`'s, as in Arrow"),
];

/// Families of which one version may exist: two would compile the slowest crates twice and could not share data.
const ONE_GENERATION: &[&str] = &["arrow", "object_store", "parquet", "rustls", "tokio"];

/// Checks the dependency graph.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Report> {
    let packages = workspace.packages()?;
    let locked = locked(workspace.text("Cargo.lock")?);
    let mut report = Report::default();
    for package in packages.iter().filter(|package| package.source.is_some()) {
        report.problems.extend(license_problem(package));
    }
    report.problems.extend(bans(&locked));
    report.problems.extend(generations(&locked));
    let twice = locked
        .values()
        .filter(|versions| versions.len() > 1)
        .count();
    report.summary = format!(
        "licenses: {} packages compiled here, {} locked, {twice} in several versions, {} errors",
        packages.len(),
        locked.len(),
        report.problems.len()
    );
    Ok(report)
}

fn license_problem(package: &Package) -> Option<String> {
    let Package { name, version, .. } = package;
    match package.license.as_deref() {
        Some(expression) => match allowed(expression) {
            Some(true) => None,
            Some(false) => Some(format!(
                "{name} {version}: licence `{expression}` is not allowed"
            )),
            None => Some(format!(
                "{name} {version}: licence `{expression}` cannot be read"
            )),
        },
        None => Some(format!("{name} {version}: names no licence")),
    }
}

/// Names and versions in a lock file.
fn locked(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        let value = |key: &str| Some(line.strip_prefix(key)?.trim_matches('"'));
        if let Some(value) = value("name = ") {
            name = value;
        } else if let Some(version) = value("version = ")
            && !name.is_empty()
        {
            found.entry(name).or_default().push(version);
            name = "";
        }
    }
    found
}

fn bans(locked: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    BANNED
        .iter()
        .filter(|(name, _)| locked.contains_key(name))
        .map(|(name, reason)| {
            format!("{name}: banned ({reason}); `cargo tree -i {name}` shows why it is here")
        })
        .collect()
}

fn generations(locked: &BTreeMap<&str, Vec<&str>>) -> Vec<String> {
    locked
        .iter()
        .filter(|(name, versions)| {
            let family = ONE_GENERATION
                .iter()
                .any(|family| *name == family || name.starts_with(&format!("{family}-")));
            family && versions.len() > 1
        })
        // Small adapters such as `tokio-util` are numbered on their own and cost little.
        .filter(|(name, _)| !name.starts_with("tokio-"))
        .map(|(name, versions)| {
            format!("{name}: more than one generation ({})", versions.join(", "))
        })
        .collect()
}

/// Whether an SPDX expression can be met with allowed licences; none when it is no expression.
fn allowed(expression: &str) -> Option<bool> {
    // Old manifests write `/` for OR.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words)?;
    words.next().is_none().then_some(met)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words) -> Option<bool> {
    let mut met = all_of(words)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words)?;
    }
    Some(met)
}

fn all_of(words: &mut Words) -> Option<bool> {
    let mut met = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words)?;
    }
    Some(met)
}

fn one(words: &mut Words) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let met = any_of(words)?;
        return words.next_if_eq(&")").map(|_| met);
    }
    if matches!(word, ")" | "OR" | "AND" | "WITH") {
        return None;
    }
    let license = if words.next_if_eq(&"WITH").is_some() {
        format!("{word} WITH {}", words.next()?)
    } else {
        word.to_owned()
    };
    Some(ALLOWED.contains(&license.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_understood() {
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("Apache-2.0 / MIT", Some(true)),
            ("GPL-3.0", Some(false)),
            ("GPL-3.0 OR MIT", Some(true)),
            ("GPL-3.0 AND MIT", Some(false)),
            ("MIT OR GPL-3.0 AND ISC", Some(true)),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", Some(true)),
            ("(MIT OR ISC) AND GPL-3.0", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-2.0 WITH Classpath-exception-2.0", Some(false)),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT ISC", None),
            ("", None),
        ] {
            assert_eq!(allowed(expression), expected, "{expression}");
        }
    }

    #[test]
    fn bans_and_generations_come_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"arrow-array\"\nversion = \"59.0.0\"\n\n\
            [[package]]\nname = \"arrow-array\"\nversion = \"60.1.0\"\n\n\
            [[package]]\nname = \"serde_yaml\"\nversion = \"0.9.0\"\n\n\
            [[package]]\nname = \"syn\"\nversion = \"1.0.0\"\n\n\
            [[package]]\nname = \"syn\"\nversion = \"2.0.0\"\n";
        let locked = locked(lock);
        assert_eq!(locked.len(), 3);
        assert_eq!(
            generations(&locked),
            ["arrow-array: more than one generation (59.0.0, 60.1.0)"]
        );
        assert!(bans(&locked)[0].starts_with("serde_yaml: banned"));
        assert_eq!(bans(&locked).len(), 1);
    }
}
