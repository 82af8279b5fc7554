//! `logging_config` of a project, as far as it says where logs are kept besides this machine.

use baton_model::Map;
use serde_json::Value;

use crate::notifications::Hidden;
use crate::problem::Rule;
use crate::reading::Reader;
use crate::yaml::Node;

/// A bucket that keeps the logs of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDestination {
    /// Name of the bucket.
    pub bucket: String,
    /// What stands before every key; may be empty.
    pub prefix: String,
    /// Whose bucket it is, and how it opens.
    pub kind: LogBucket,
}

/// Whose bucket it is, and how it opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogBucket {
    /// Amazon's S3, or what speaks its protocol. What is not given comes from the environment or the machine.
    S3 {
        /// Both parts of the key.
        keys: Option<(Hidden, Hidden)>,
        /// Address of a store that is not Amazon's.
        endpoint: Option<String>,
        /// Name of the region.
        region: Option<String>,
    },
    /// Google Cloud Storage.
    Gcs {
        /// File with the key of a service account; without it, what the machine has.
        credentials: Option<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    S3,
    Gcs,
}

/// Values of `logging_config.type`. Mage writes local files where there is none.
const KINDS: &[(Kind, &str)] = &[(Kind::File, "file"), (Kind::S3, "s3"), (Kind::Gcs, "gcs")];

/// Reads `logging_config` of the project's file.
pub(crate) fn read(root: &Node, reader: &mut Reader<'_>) -> Option<LogDestination> {
    let config = root.get("logging_config").filter(|node| !node.is_null())?;
    let kind = reader.word(config, "type", KINDS)?;
    if kind == Kind::File {
        return None;
    }
    let map = reader.map(config, "destination_config");
    let Some(bucket) = text(&map, "bucket") else {
        let type_of = if kind == Kind::S3 { "s3" } else { "gcs" };
        let words = format!("`logging_config` has the type `{type_of}` and names no bucket");
        let problem = reader.problem(Rule::BadSetting, config.mark, words);
        problem.hint = Some("write `bucket` under `destination_config`".to_owned());
        return None;
    };
    let hidden = |key| text(&map, key).map(Hidden::new);
    Some(LogDestination {
        bucket,
        prefix: text(&map, "prefix").unwrap_or_default(),
        kind: match kind {
            Kind::Gcs => LogBucket::Gcs {
                credentials: text(&map, "path_to_credentials"),
            },
            Kind::S3 | Kind::File => LogBucket::S3 {
                keys: hidden("aws_access_key_id").zip(hidden("aws_secret_access_key")),
                endpoint: text(&map, "endpoint_url"),
                region: text(&map, "region_name").or_else(|| text(&map, "aws_region")),
            },
        },
    })
}

fn text(map: &Map, key: &str) -> Option<String> {
    let text = map.get(key).and_then(Value::as_str)?.trim();
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(yaml: &str) -> (Option<LogDestination>, Vec<String>) {
        let mut reader = Reader::new("metadata.yaml", None);
        let document = reader.parse(yaml).unwrap();
        let found = read(&document.root, &mut reader);
        let problems = reader.problems.into_iter();
        (found, problems.map(|problem| problem.message).collect())
    }

    #[test]
    fn a_bucket_is_named_with_what_opens_it() {
        let s3 = "logging_config:\n  type: s3\n  level: INFO\n  destination_config:\n    bucket: b\n    prefix: p\n    \
                  aws_access_key_id: id\n    aws_secret_access_key: key\n    endpoint_url: http://host\n";
        let (found, problems) = of(s3);
        assert_eq!(problems, [""; 0]);
        let hidden = |text: &str| Hidden::new(text.to_owned());
        assert_eq!(
            found.unwrap(),
            LogDestination {
                bucket: "b".to_owned(),
                prefix: "p".to_owned(),
                kind: LogBucket::S3 {
                    keys: Some((hidden("id"), hidden("key"))),
                    endpoint: Some("http://host".to_owned()),
                    region: None,
                },
            }
        );
        let gcs = "logging_config:\n  type: gcs\n  destination_config: {bucket: b, path_to_credentials: k.json}\n";
        let kind = of(gcs).0.unwrap().kind;
        let credentials = Some("k.json".to_owned());
        assert_eq!(kind, LogBucket::Gcs { credentials });
    }

    #[test]
    fn local_files_need_nothing_and_mistakes_are_told() {
        for nothing in [
            "a: 1\n",
            "logging_config:\n",
            "logging_config: {type: file}\n",
            "logging_config: {level: INFO}\n",
        ] {
            assert_eq!(of(nothing), (None, Vec::new()), "{nothing}");
        }
        for (wrong, told) in [
            ("logging_config: {type: ftp}\n", "`type` cannot be `ftp`"),
            (
                "logging_config: {type: s3}\n",
                "`logging_config` has the type `s3` and names no bucket",
            ),
        ] {
            assert_eq!(of(wrong), (None, vec![told.to_owned()]));
        }
    }
}
