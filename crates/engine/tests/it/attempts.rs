//! What is remembered of the attempts of a block run.

use baton_model::{
    BlockError, BlockRunKey, BlockStatus, FailureKind, Outcome, REMEMBERED_ATTEMPTS, RunEvent,
    TestResult, TestStatus, Timestamp, Usage,
};

use crate::simulate::{Simulation, pipeline};

fn key() -> BlockRunKey {
    BlockRunKey::declared("a".into())
}

fn tests(status: TestStatus) -> Vec<TestResult> {
    vec![TestResult {
        name: "is_new".to_owned(),
        status,
        message: None,
        line: Some(3),
    }]
}

/// Ends the attempt that runs.
fn end(simulation: &mut Simulation, message: Option<&str>) {
    let fence = simulation.run.block(&key()).unwrap().fence;
    let (outcome, status) = match message {
        Some(message) => (
            Outcome::Failed {
                error: BlockError::new(FailureKind::TestFailed, message),
                products: Vec::new(),
            },
            TestStatus::Failed,
        ),
        None => (
            Outcome::Completed {
                products: Vec::new(),
                items: None,
            },
            TestStatus::Passed,
        ),
    };
    simulation.now.0 += 1_000_000;
    simulation.feed(&RunEvent::AttemptEnded {
        key: key(),
        fence,
        outcome,
        usage: Some(Usage {
            cpu_seconds: Some(0.5),
            ..Usage::default()
        }),
        tests: tests(status),
    });
}

/// Number, status, start, end and error of an attempt.
type Told<'a> = (u32, BlockStatus, i64, Option<i64>, Option<&'a str>);

fn told(simulation: &Simulation) -> Vec<Told<'_>> {
    let attempts = &simulation.run.block(&key()).unwrap().attempts;
    let attempts = attempts.iter().map(|attempt| {
        let seconds = |at: Timestamp| at.0 / 1_000_000;
        (
            attempt.number,
            attempt.status,
            seconds(attempt.started_at),
            attempt.ended_at.map(seconds),
            attempt.error.as_deref(),
        )
    });
    attempts.collect()
}

#[test]
fn each_attempt_is_told_with_its_tests_and_what_it_used() {
    let mut simulation = Simulation::new(pipeline("a; retries a 1; delay a 0"));
    simulation.feed(&RunEvent::Started);
    end(&mut simulation, Some("it is old"));
    simulation.feed(&RunEvent::Resumed);
    end(&mut simulation, None);
    let failed = (1, BlockStatus::Failed, 0, Some(1), Some("it is old"));
    let completed = (2, BlockStatus::Completed, 1, Some(2), None);
    assert_eq!(told(&simulation), [failed, completed]);
    let attempts = &simulation.run.block(&key()).unwrap().attempts;
    assert_eq!(attempts[0].tests, tests(TestStatus::Failed));
    assert_eq!(attempts[1].tests, tests(TestStatus::Passed));
    assert!(attempts.iter().all(|attempt| attempt.usage.is_some()));

    // Once more by hand: what was before stays to be told.
    simulation.feed(&RunEvent::Retried {
        from: Some("a".into()),
    });
    let running = (3, BlockStatus::Running, 2, None, None);
    assert_eq!(told(&simulation), [failed, completed, running]);
    // And again while it runs.
    simulation.feed(&RunEvent::Retried {
        from: Some("a".into()),
    });
    let stopped = (3, BlockStatus::Cancelled, 2, Some(2), None);
    let running = (4, BlockStatus::Running, 2, None, None);
    assert_eq!(told(&simulation), [failed, completed, stopped, running]);
}

#[test]
fn one_that_is_lost_with_its_process_is_told_once() {
    let mut simulation = Simulation::new(pipeline("a"));
    simulation.feed(&RunEvent::Started);
    simulation.now.0 += 5_000_000;
    simulation.feed(&RunEvent::Resumed);
    assert_eq!(
        told(&simulation),
        [(1, BlockStatus::Running, 5, None, None)]
    );
    simulation.feed(&RunEvent::CancelRequested {
        reason: "enough".to_owned(),
    });
    simulation.feed(&RunEvent::Resumed);
    assert_eq!(
        told(&simulation),
        [(1, BlockStatus::Cancelled, 5, Some(5), None)]
    );
}

#[test]
fn of_very_many_the_newest_are_told() {
    let mut simulation = Simulation::new(pipeline("a; retries a 30; delay a 0; flat a"));
    simulation.feed(&RunEvent::Started);
    for _ in 0..30 {
        end(&mut simulation, Some("no"));
    }
    let told = told(&simulation);
    assert_eq!(told.len(), REMEMBERED_ATTEMPTS);
    assert_eq!(told.first().map(|one| one.0), Some(12));
    assert_eq!(told.last().map(|one| one.0), Some(31));
}
