//! Development automation: `cargo xtask <command>`, one module per command.
//! Works offline and needs nothing but Cargo. Builds and tests are the business of the Makefile.

#![expect(
    clippy::print_stdout,
    reason = "the result of a command is what it prints"
)]

use std::process::ExitCode;

use workspace::Workspace;

mod licenses;
mod tidy;
mod workspace;

const USAGE: &str = "\
usage: cargo xtask <command>

  tidy       check the rules of the house: layers, purity, file sizes, module docs, names, paths, links
  licenses   check licences and banned crates, without network";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let report = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy::run(&Workspace::open()?)?,
        ["licenses"] => licenses::run(&Workspace::open()?)?,
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        _ => {
            println!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    for problem in &report.problems {
        println!("error: {problem}");
    }
    println!("{}", report.summary);
    Ok(if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What a command found.
#[derive(Debug, Default)]
struct Report {
    /// What makes the command fail.
    problems: Vec<String>,
    /// What somebody should look at.
    warnings: Vec<String>,
    /// The last line.
    summary: String,
}
