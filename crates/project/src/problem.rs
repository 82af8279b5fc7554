//! What can be wrong with a project: one rule for each kind of problem, with a stable code and a severity.
//!
//! `docs/reference/checks.md` explains every code; a test holds the two together.

use baton_model::{BlockUuid, PipelineUuid};
use serde::Serialize;

use crate::yaml::Mark;

/// Whether a problem makes a run fail for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A run that meets it fails.
    Error,
    /// A run that meets it may fail, or do something else than its author means.
    Warning,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident,)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that names it in output and documentation. Never changes.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

rules! {
    /// A file that cannot be read, or is not UTF-8.
    UnreadableFile = "unreadable-file" Error,
    /// A file that is not valid YAML.
    YamlSyntax = "yaml-syntax" Error,
    /// Valid YAML of the wrong shape: text where a list is due.
    YamlShape = "yaml-shape" Error,
    /// A key given twice in one mapping.
    DuplicateKey = "duplicate-key" Warning,
    /// A whole number beyond 64 bits, kept as text.
    LargeInteger = "large-integer" Warning,
    /// A template in `metadata.yaml`, `io_config.yaml` or an `executor_type` that cannot be rendered.
    BadTemplate = "bad-template" Error,
    /// An environment variable without a value and without a default.
    UnsetVariable = "unset-variable" Warning,
    /// A secret that does not exist.
    UnknownSecret = "unknown-secret" Error,
    /// A pipeline type that does not exist.
    UnknownPipelineType = "unknown-pipeline-type" Error,
    /// A block type that this version does not know.
    UnknownBlockType = "unknown-block-type" Warning,
    /// A language that this version does not know.
    UnknownLanguage = "unknown-language" Warning,
    /// Two blocks of a pipeline with one name.
    DuplicateBlock = "duplicate-block" Error,
    /// Blocks that wait for each other.
    DependencyCycle = "dependency-cycle" Error,
    /// An upstream block that the pipeline does not have.
    UnknownUpstream = "unknown-upstream" Warning,
    /// An upstream block that never runs.
    IdleUpstream = "idle-upstream" Error,
    /// A replicated block whose original the pipeline does not have.
    UnknownOriginal = "unknown-original" Error,
    /// A block without its file.
    MissingFile = "missing-file" Error,
    /// A Python file that does not compile.
    PythonSyntax = "python-syntax" Error,
    /// A block's file without a function that is decorated for the block's type.
    NoBlockFunction = "no-block-function" Error,
    /// A block's function that does not take as many inputs as the block has.
    WrongInputs = "wrong-inputs" Error,
    /// A connection profile that `io_config.yaml` does not have.
    UnknownProfile = "unknown-profile" Error,
    /// A schedule that is no cron expression and no known interval.
    BadCron = "bad-cron" Error,
    /// A trigger that lacks a required key, or a time trigger without an interval.
    IncompleteTrigger = "incomplete-trigger" Error,
    /// A trigger whose name another one of the pipeline has.
    DuplicateTrigger = "duplicate-trigger" Warning,
    /// A setting of a trigger, hook, form, pipeline or project whose value does not exist; it is passed over.
    BadSetting = "bad-setting" Warning,
    /// A key of a trigger that is almost that of a setting, or that is not read from the file.
    UnknownKey = "unknown-key" Warning,
    /// A trigger that takes places of a pool that the project does not declare, or more than the pool has.
    UnknownPool = "unknown-pool" Warning,
    /// A trigger or a hook that names a pipeline that the project does not have.
    UnknownPipeline = "unknown-pipeline" Error,
    /// A hook on something that never happens.
    UnsupportedHook = "unsupported-hook" Error,
    /// Pipelines whose triggers wait for each other.
    TriggerCycle = "trigger-cycle" Warning,
    /// A global data product that nobody has declared, or whose pipeline does not exist.
    UnknownProduct = "unknown-data-product" Error,
    /// A data file that the code reads and nobody has put there.
    MissingDataFile = "missing-data-file" Warning,
    /// A project that `settings.yaml` names and nobody has made.
    MissingProject = "missing-project" Warning,
    /// A folder of pipelines without the file that makes it a project.
    MissingMetadata = "missing-metadata" Warning,
    /// A line of `requirements.txt` that names no package.
    InvalidRequirement = "invalid-requirement" Warning,
}

/// Something wrong with a project, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Which rule it breaks: a word that `docs/reference/checks.md` explains.
    pub code: &'static str,
    /// The file, relative to the project, with `/`.
    pub file: String,
    /// Line, from 1; none when the problem is the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The pipeline concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineUuid>,
    /// The block concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<BlockUuid>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(rule: Rule, file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: rule.severity(),
            code: rule.code(),
            file: file.to_owned(),
            line: None,
            column: None,
            pipeline: None,
            block: None,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn at(mut self, mark: Mark) -> Self {
        self.line = Some(mark.line);
        self.column = Some(mark.column);
        self
    }

    pub(crate) fn at_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn pipeline(mut self, pipeline: &PipelineUuid) -> Self {
        self.pipeline = Some(pipeline.clone());
        self
    }

    pub(crate) fn block(mut self, block: &BlockUuid) -> Self {
        self.block = Some(block.clone());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether a run that meets it fails for certain.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `file:line:column`, as far as they are known.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            (Some(line), None) => format!("{}:{line}", self.file),
            _ => self.file.clone(),
        }
    }
}

/// Sorts by file and place, and drops what is there twice (a file that several blocks share).
pub(crate) fn arrange(problems: &mut Vec<Problem>) {
    let key = |problem: &Problem| {
        (
            problem.file.clone(),
            problem.line,
            problem.column,
            problem.severity,
            problem.code,
            problem.message.clone(),
            problem.pipeline.clone(),
            problem.block.clone(),
        )
    };
    problems.sort_by_cached_key(key);
    problems.dedup_by(|a, b| {
        a.file == b.file && a.line == b.line && a.code == b.code && a.message == b.message
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../../docs/reference/checks.md");
        for rule in Rule::ALL {
            let severity = match rule.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let row = format!("| `{}` | {severity} |", rule.code());
            assert!(page.contains(&row), "docs/reference/checks.md lacks {row}");
        }
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(
            rows,
            Rule::ALL.len(),
            "a row of docs/reference/checks.md has no rule"
        );
    }
}
