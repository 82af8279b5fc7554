//! Use cases: what the command line and the server both call.
//!
//! From a request to a frozen plan, from a project to the processes that run its blocks, and the answers to what
//! running blocks ask. How a request came in, and how its result is shown, is the business of the crates above.

mod actor;
mod answers;
mod archive;
mod backup;
mod desk;
mod drivers;
mod failure;
mod host;
mod nested;
mod notices;
mod occasion;
mod planning;
mod projects;
mod remote_logs;
mod request;
mod retention;
mod secrets;
mod settings;
mod sources;
mod state;
mod usual;
mod why;
mod workers;

pub use actor::{Actor, Right};
pub use answers::{OnVariable, ProjectAnswers, VariableChange};
pub use archive::LARGEST_ARCHIVE;
pub use backup::{BackedUp, Restored, back_up, restore};
pub use baton_runner::TerminalSize;
pub use desk::ProjectDesk;
pub use drivers::Drivers;
pub use failure::{CANCELLED, FAILED, Failure, USAGE};
pub use host::{
    ArchivedFile, BOUNDS, BesideRuns, BlockChart, BlockResult, BlockText, Call, Called,
    ChangeOptions, ChartWish, Commit, CommitPage, Commits, ComparedBlock, Comparison, Consequences,
    DayOfRuns, Detail, Executed, Fate, FileBody, FileNews, FileNode, FileTree, Found, Host, Import,
    Inputs, IoProfile, IoProfiles, KeysOfFile, LARGEST_FILE, LogPage, LogQuery, MOST_COMMITS,
    MOST_RECORDS, MOST_TERMINALS, Measures, NotebookBlock, OpenTerminal, Operation, Outlook,
    Outputs, Picture, PipelineFacts, PipelinePage, PipelineQuery, PipelineTemplate,
    ProductFreshness, ProjectFacts, Shown, Stale, Taken, TerminalFacts, TerminalPlace, Wish,
    Writing, flat, scope_name,
};
pub use nested::{Beginning, ChildRuns, StartRuns, StartedBy, Starting, follow_host, told};
pub use occasion::moment;
pub use planning::{Planned, plan, plan_wanted};
pub use projects::{open_project, root_of};
pub use remote_logs::{LogOf, RemoteLogs};
pub use request::{RunRequest, WorkerOptions};
pub use retention::{Cleaned, KEPT, Keeping, parse_age};
pub use secrets::{Known, lookup};
pub use settings::{DATABASE_URL, database_url, home, variable};
pub use state::ProjectState;
pub use workers::{Workers, machine, processors};
