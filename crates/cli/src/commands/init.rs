//! `baton init`: a project with a small pipeline that runs.

use std::process::ExitCode;

use crate::args::InitArgs;
use crate::failure::Failure;
use crate::terminal::{Paint, say};

/// Makes the project and says how to go on.
pub(crate) fn run(args: &InitArgs) -> Result<ExitCode, Failure> {
    let report = baton_project::init(&args.path, baton_base::now())?;
    let paint = Paint::stdout();
    let path = args.path.display();
    say(&format!(
        "Made the project {} ({} files)",
        paint.bold(&path.to_string()),
        report.written.len()
    ));
    say("");
    say("Run its pipeline:");
    say(&format!("  baton run {path} {}", report.pipeline));
    say("Look at what a block produced:");
    say(&format!(
        "  baton output {path} {} {}",
        report.pipeline, report.block
    ));
    Ok(ExitCode::SUCCESS)
}
