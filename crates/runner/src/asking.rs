//! The questions of one attempt that are being answered, each beside everything else that happens to it.

use std::io;
use std::sync::Arc;

use baton_model::Map;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::ask::{self, Answers, Asker, Question, Refusal, RefusalKind};
use crate::conceal::Concealed;
use crate::protocol::{AnswerContent, AnswerMessage, encode};
use crate::runner::{Attempt, Runner};
use tokio::io::AsyncWriteExt;

/// Our end of the control socket for writing. When the last one is dropped the process takes its host for dead.
pub(crate) type Line = Arc<Mutex<OwnedWriteHalf>>;

/// Answers the questions of one process. What is not answered when this is dropped stays unanswered.
pub(crate) struct Asking {
    answers: Arc<dyn Answers>,
    asker: Arc<Asker>,
    concealed: Concealed,
    line: Line,
    open: JoinSet<()>,
}

impl Asking {
    pub(crate) fn new(runner: &Runner, attempt: &Attempt, line: Line) -> Self {
        Self {
            answers: Arc::clone(&runner.answers),
            asker: Arc::new(Asker {
                run: attempt.run,
                pipeline: attempt.pipeline.clone(),
                block: attempt.key.clone(),
            }),
            concealed: runner.concealed.clone(),
            line,
            open: JoinSet::new(),
        }
    }

    /// Takes a question and returns at once; the answer is sent when it is there.
    pub(crate) fn ask(&mut self, id: u64, question: &str, args: &Map) {
        while self.open.try_join_next().is_some() {}
        let answers = Arc::clone(&self.answers);
        let asker = Arc::clone(&self.asker);
        let concealed = self.concealed.clone();
        let line = Arc::clone(&self.line);
        let question = ask::question(question, args);
        self.open.spawn(async move {
            let content = match question {
                Ok(question) => answer(&*answers, &asker, question, &concealed).await,
                Err(refusal) => Err(refusal),
            };
            // A process that is gone needs no answer.
            drop(send(&line, id, content).await);
        });
    }
}

async fn answer(
    answers: &dyn Answers,
    asker: &Asker,
    question: Question,
    concealed: &Concealed,
) -> Result<AnswerContent, Refusal> {
    // What a block wants kept secret it may print as well.
    if let Question::SecretCreate { value, .. } = &question {
        concealed.add(std::slice::from_ref(value));
    }
    let answer = answers.answer(asker, question).await?;
    // Before the block has it: from then on it can print it.
    concealed.add(&answer.conceal);
    Ok(AnswerContent::Value {
        value: answer.value,
    })
}

async fn send(line: &Line, id: u64, content: Result<AnswerContent, Refusal>) -> io::Result<()> {
    let message = |content| AnswerMessage {
        t: "answer",
        id,
        content,
    };
    let refuse = |refusal: Refusal| {
        encode(&message(AnswerContent::Error {
            error: refusal.message,
            kind: refusal.kind,
        }))
    };
    let frame = match content {
        Err(refusal) => refuse(refusal)?,
        Ok(content) => match encode(&message(content)) {
            Ok(frame) => frame,
            Err(error) => {
                let text = format!("the answer cannot be sent: {error}");
                refuse(Refusal::new(RefusalKind::Failed, text))?
            }
        },
    };
    line.lock().await.write_all(&frame).await
}
