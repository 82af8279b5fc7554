//! What somebody may have meant who named a project or a pipeline that is not there.

use std::fs;
use std::path::{Path, PathBuf};

use baton_model::PipelineUuid;

use crate::project::METADATA;

/// Projects above a folder, or right below it.
pub(crate) fn near(root: &Path) -> Vec<PathBuf> {
    if let Some(above) = root
        .ancestors()
        .skip(1)
        .find(|folder| folder.join(METADATA).is_file() && folder.join("pipelines").is_dir())
    {
        return vec![above.to_owned()];
    }
    let mut below: Vec<PathBuf> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join(METADATA).is_file() && path.join("pipelines").is_dir())
        .collect();
    below.sort();
    below
}

/// The pipeline whose name is most like `name`, if any is much like it.
pub(crate) fn similar(name: &str, known: &[PipelineUuid]) -> Option<PipelineUuid> {
    known
        .iter()
        .map(|uuid| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &uuid.as_str().to_lowercase()),
                uuid,
            )
        })
        .filter(|(distance, _)| *distance <= name.chars().count() / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, uuid)| uuid.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found() {
        let known: Vec<PipelineUuid> = ["daily_sales", "hourly", "x"]
            .map(PipelineUuid::from)
            .to_vec();
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(
                similar(name, &known),
                expected.map(PipelineUuid::from),
                "{name}"
            );
        };
        check("daily_sale", Some("daily_sales"));
        check("Hourly", Some("hourly"));
        check("hourli", Some("hourly"));
        check("weather", None);
    }
}
