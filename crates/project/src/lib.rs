//! A Mage project on disk: reading it, checking it, and making a new one.
//!
//! The only crate that knows the files of a project (spec sections 1.1 to 1.13). A broken project yields a value and
//! a list of problems; opening and checking execute nothing and write nothing.

mod blockfile;
mod blocktemplate;
mod check;
mod document;
pub mod edit;
mod globalproducts;
mod hooks;
mod imports;
mod interactions;
mod logdestination;
mod nearby;
mod needs;
mod new;
mod notifications;
mod path;
mod pipeline;
mod platform;
mod problem;
mod profiles;
mod project;
mod reading;
mod requirements;
mod resources;
mod scaffold;
mod settings;
pub mod source;
mod stamp;
pub mod template;
mod triggers;
mod triggersettings;
pub mod watch;
pub mod yaml;

pub use blockfile::{BlockFile, Origin};
pub use blocktemplate::{BlockTemplate, block_templates, custom_block_templates};
pub use check::{check, check_text};
pub use document::{PipelineDocument, keys_of};
pub use globalproducts::{GlobalDataProducts, adjusted};
pub use hooks::{
    GlobalHook, GlobalHooks, HOOKED, HookCondition, HookOperation, HookOutput, HookStage,
    HookStrategy, HookTarget,
};
pub use imports::{Imports, Sources};
pub use interactions::{
    BlockInteraction, InputKind, Interaction, InteractionInput, InteractionPermission,
    InteractionVariable, LayoutCell, PipelineInteractions, ValueKind, VariableOverride,
};
pub use logdestination::{LogBucket, LogDestination};
pub use new::{
    BlockReport, BlockRequest, NewError, NewPipeline, clean_name, new_block, new_pipeline,
    pipeline_from,
};
pub use notifications::{
    Alert, Email, Hidden, MessageTemplate, Notifications, Opsgenie, PagerDuty,
};
pub use path::{PathEntry, PathError, ProjectPath};
pub use pipeline::PipelineFile;
pub use platform::{Member, Platform, PlatformError};
pub use problem::{Problem, Rule, Severity};
pub use profiles::{Profile, Profiles};
pub use project::{OpenError, PipelineError, Project, has_pipeline};
pub use requirements::Requirement;
pub use scaffold::{InitError, InitReport, init};
pub use settings::ProjectSettings;
pub use stamp::{PipelineStamp, Stamp};
pub use template::Lookup;
pub use triggers::{INTERVALS, Trigger, Triggers, interval_problem};
