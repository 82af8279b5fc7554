//! Plays every script of `tests/transcripts/` against the engine and compares what is decided.
//!
//! A line that starts with `> ` is a step of the script, the indented lines below it are what follows from
//! it; `#` starts a comment. `UPDATE=1 cargo test -p baton-engine --test it transcripts` writes the files anew.
//!
//! Steps: `pipeline a -> b; c; retries b 2; …` (what can be set: `simulate::pipeline`), `start`,
//! `yield X A B ..` (items of a dynamic block that goes on, by their values),
//! `finish X ok|fail|untrue|syntax|stopped|skip [N items | named A B .. | yielded A B .. | fence N]` (`X:0` is a child run),
//! `waits X`, `placed X` (of a place of the server), `callbacks X ok|fail`, `advance 5s` (timers fire on the way), `wake`, `cancel`,
//! `retry`, `retry X`, `refuse`, `host dies` (attempts and timers are gone), `resume`, `show`.

use std::fmt::Write;
use std::path::Path;

use crate::simulate::{self, Simulation};
use baton_model::{BlockError, BlockRunKey, FailureKind, Fence, Items, Outcome, RunEvent};

#[test]
fn transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut played = 0;
    let mut differences = String::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let expected = std::fs::read_to_string(&path).unwrap();
        let found = play(&expected);
        played += 1;
        if found == expected {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, found).unwrap();
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let line = found
                .lines()
                .zip(expected.lines())
                .position(|(a, b)| a != b);
            write!(
                differences,
                "\n{name} differs from line {}; this is what happens now:\n{found}",
                line.map_or(0, |line| line + 1)
            )
            .unwrap();
        }
    }
    assert!(played > 0, "no transcripts in {}", folder.display());
    assert!(
        differences.is_empty(),
        "{differences}\nif that is right, run with UPDATE=1"
    );
}

fn play(script: &str) -> String {
    let mut out = String::new();
    let mut simulation = None;
    for line in script.lines() {
        if let Some(step) = line.strip_prefix("> ") {
            writeln!(out, "{line}").unwrap();
            for fact in perform(&mut simulation, step) {
                writeln!(out, "  {fact}").unwrap();
            }
        } else if !line.starts_with("  ") {
            writeln!(out, "{line}").unwrap();
        }
    }
    out
}

fn perform(simulation: &mut Option<Simulation>, step: &str) -> Vec<String> {
    if let Some(text) = step.strip_prefix("pipeline ") {
        *simulation = Some(Simulation::new(simulate::pipeline(text)));
        return Vec::new();
    }
    let simulation = simulation
        .as_mut()
        .expect("a script starts with `pipeline`");
    let words: Vec<&str> = step.split_whitespace().collect();
    match words.as_slice() {
        ["start"] => simulation.feed(&RunEvent::Started),
        ["resume"] => simulation.feed(&RunEvent::Resumed),
        ["retry", from @ ..] => simulation.feed(&RunEvent::Retried {
            from: from.first().map(|name| (*name).into()),
        }),
        ["refuse"] => simulation.feed(&RunEvent::Refused {
            reason: "a run of the trigger is open".to_owned(),
        }),
        ["wake"] => simulation.feed(&RunEvent::Woken),
        ["cancel"] => simulation.feed(&RunEvent::CancelRequested {
            reason: "somebody asked".to_owned(),
        }),
        ["advance", time] => simulation.advance(simulate::seconds(time)),
        ["host", "dies"] => {
            simulation.timers.clear();
            Vec::new()
        }
        ["show"] => simulation.show(),
        ["finish", name, how, rest @ ..] => {
            let key = key(name);
            let fence = match rest {
                ["fence", number] => Fence(number.parse().unwrap()),
                _ => simulation.run.block(&key).map_or(Fence(0), |b| b.fence),
            };
            let mut outcome = outcome(how);
            if let Outcome::Completed { items, products } = &mut outcome {
                if let ["yielded", values @ ..] = rest {
                    *products = simulate::yielded(values, 0);
                }
                *items = match rest {
                    [count, "items"] => Some(Items {
                        count: count.parse().unwrap(),
                        ..Items::default()
                    }),
                    ["named", names @ ..] => Some(Items {
                        count: names.len() as u32,
                        names: names.iter().map(|name| Some((*name).to_owned())).collect(),
                        ..Items::default()
                    }),
                    ["yielded", values @ ..] => Some(Items {
                        count: values.len() as u32,
                        yielded: true,
                        ..Items::default()
                    }),
                    _ => None,
                };
            }
            simulation.feed(&RunEvent::AttemptEnded {
                key,
                fence,
                outcome,
                usage: None,
                tests: Vec::new(),
            })
        }
        ["waits" | "placed", name] => {
            let key = key(name);
            let fence = simulation.run.block(&key).map_or(Fence(0), |b| b.fence);
            simulation.feed(&match words[0] {
                "waits" => RunEvent::AttemptWaits { key, fence },
                _ => RunEvent::AttemptPlaced { key, fence },
            })
        }
        ["yield", name, values @ ..] => {
            let key = key(name);
            let block = simulation.run.block(&key).unwrap();
            let first = block.items.as_ref().map_or(0, |items| items.count);
            let products = simulate::yielded(values, first);
            simulation.feed(&RunEvent::ItemsYielded {
                fence: block.fence,
                key,
                first,
                products,
            })
        }
        ["callbacks", name, how] => {
            let key = key(name);
            let block = simulation.run.block(&key).unwrap();
            let fence = block.callbacks.as_ref().map_or(Fence(0), |one| one.fence);
            let broke = || BlockError::new(FailureKind::Exception, "it broke");
            let error = (*how == "fail").then(broke);
            simulation.feed(&RunEvent::CallbacksEnded { key, fence, error })
        }
        _ => panic!("no such step: {step}"),
    }
}

/// `load`, or `load:3` for a child run.
fn key(name: &str) -> BlockRunKey {
    match name.split_once(':') {
        Some((block, index)) => BlockRunKey::child(block.into(), index.parse().unwrap()),
        None => BlockRunKey::declared(name.into()),
    }
}

fn outcome(how: &str) -> Outcome {
    let failed = |kind, message: &str| Outcome::Failed {
        error: BlockError::new(kind, message),
        products: Vec::new(),
    };
    match how {
        "ok" => Outcome::Completed {
            products: vec![simulate::product()],
            items: None,
        },
        "fail" => failed(FailureKind::Exception, "it broke"),
        // Its outputs are kept, so that a person can look at them.
        "untrue" => Outcome::Failed {
            error: BlockError::new(FailureKind::TestFailed, "a test failed"),
            products: vec![simulate::product()],
        },
        "syntax" => failed(FailureKind::Syntax, "not Python"),
        "stopped" => Outcome::Cancelled,
        "skip" => Outcome::ConditionFailed {
            reason: "the condition `is_weekend` said no".to_owned(),
        },
        _ => panic!("no such ending: {how}"),
    }
}
