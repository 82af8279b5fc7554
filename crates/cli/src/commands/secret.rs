//! `baton secret`: sets, lists and removes the secrets of a project. Values are read from standard input, never from
//! arguments, which other users of the machine can see; and they are never shown.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use baton_base::{iso, now};
use baton_model::{PipelineUuid, Timestamp};
use baton_store::{SecretScope, Secrets};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;

use super::state::State;
use crate::args::{SecretArgs, SecretCommand};
use crate::failure::Failure;
use crate::terminal::{Paint, say, tell};

/// Longest value, bytes.
const MOST: u64 = 1024 * 1024;

/// Does what was asked for.
pub(crate) fn run(args: &SecretArgs) -> Result<ExitCode, Failure> {
    let state = State::open(&args.project)?;
    let secrets = state.secrets();
    match &args.command {
        SecretCommand::Set {
            name,
            value_from_stdin,
            pipeline,
        } => {
            let value = read_value(name, *value_from_stdin)?;
            let scope = scope_of(pipeline.as_deref());
            state.block_on(secrets.set(&scope, name, &value, Timestamp(now())))?;
            tell(&format!("the secret `{name}` is set"));
        }
        SecretCommand::List { json } => list(&state, &secrets, *json)?,
        SecretCommand::Remove { name, pipeline } => {
            let scope = scope_of(pipeline.as_deref());
            if !state.block_on(secrets.remove(&scope, name))? {
                return Err(Failure::usage(
                    format!("there is no secret `{name}`"),
                    "`baton secret PROJECT list` shows the names",
                ));
            }
            tell(&format!("the secret `{name}` is removed"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn scope_of(pipeline: Option<&str>) -> SecretScope {
    pipeline.map_or(SecretScope::Global, |uuid| {
        SecretScope::Pipeline(PipelineUuid::from(uuid))
    })
}

fn list(state: &State, secrets: &Secrets, json: bool) -> Result<(), Failure> {
    let all = state.block_on(secrets.list())?;
    if all.is_empty() && !json {
        say("no secrets yet");
        return Ok(());
    }
    let name_width = |names: &mut dyn Iterator<Item = &str>| {
        names
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0)
            .max(4)
    };
    let width = name_width(&mut all.iter().map(|secret| secret.name.as_str()));
    if !json {
        let head = format!("{:width$}  {:24}  {}", "NAME", "SET", "SCOPE");
        say(&Paint::stdout().bold(&head));
    }
    for secret in all {
        let (entity, pipeline) = match &secret.scope {
            SecretScope::Global => ("global", None),
            SecretScope::Project => ("project", None),
            SecretScope::Pipeline(uuid) => ("pipeline", Some(uuid)),
        };
        if json {
            say(&json!({
                "name": secret.name, "entity": entity, "pipeline": pipeline,
                "updated_at": iso(secret.updated_at.0),
            })
            .to_string());
            continue;
        }
        let scope = pipeline.map_or(entity.to_owned(), |uuid| format!("pipeline {uuid}"));
        say(&format!(
            "{:width$}  {:24}  {scope}",
            secret.name,
            iso(secret.updated_at.0)
        ));
    }
    Ok(())
}

/// The value: from the prompt on a terminal, else all of standard input without its last line break.
fn read_value(name: &str, from_stdin: bool) -> Result<String, Failure> {
    let stdin = io::stdin();
    let mut value = String::new();
    let read = if stdin.is_terminal() && !from_stdin {
        tell(&format!("Value of `{name}` (is not shown):"));
        let echo = Quiet::start();
        let read = stdin.lock().take(MOST + 1).read_line(&mut value);
        drop(echo);
        read
    } else {
        stdin.lock().take(MOST + 1).read_to_string(&mut value)
    };
    let wrong = |message: &str, hint: &str| Err(Failure::usage(message, hint));
    if read.is_err() {
        return wrong(
            "the value cannot be read: it is not UTF-8 text",
            "encode bytes as text, with base64 for instance",
        );
    }
    if value.len() as u64 > MOST {
        return wrong(
            "the value is larger than 1 MiB",
            "keep it in a file instead",
        );
    }
    let text = value.strip_suffix('\n').unwrap_or(&value);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return wrong(
            "the value is empty",
            "type it at the prompt, or pass it on standard input: `printf %s \"$VALUE\" | baton secret ...`",
        );
    }
    Ok(text.to_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Quiet(rustix::termios::Termios);

impl Quiet {
    fn start() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
