//! What a running block asks, over both ways to start a process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_model::{FailureKind, Outcome};
use baton_runner::{
    Answer, Answering, Answers, Asker, Question, Refusal, RefusalKind, Stop, Strategy,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::{Bench, kind};

/// Answers by the text of the question's main name, and keeps who asked.
#[derive(Default)]
struct Book {
    asked: Mutex<Vec<String>>,
    waiting: Notify,
}

impl Answers for Book {
    fn answer<'a>(&'a self, asker: &'a Asker, question: Question) -> Answering<'a> {
        Box::pin(async move {
            let (name, value) = match question {
                Question::Secret { name, .. } => (name.clone(), name),
                _ => return Ok(Answer::open(json!("other"))),
            };
            let line = format!("{}/{}/{}/{name}", asker.run, asker.pipeline, asker.block);
            self.asked.lock().unwrap().push(line);
            match name.as_str() {
                "never" => {
                    self.waiting.notify_one();
                    std::future::pending().await
                }
                "none" => Ok(Answer::open(Value::Null)),
                "denied" => Err(Refusal::new(RefusalKind::Denied, "you may not")),
                "huge" => Ok(Answer::open(json!("x".repeat(70 << 20)))),
                _ => Ok(Answer {
                    value: json!(value),
                    conceal: vec![value],
                }),
            }
        })
    }
}

fn bench(strategy: Strategy) -> (Bench, Arc<Book>) {
    let book = Arc::new(Book::default());
    let answers: Arc<dyn Answers> = Arc::<Book>::clone(&book);
    let mut bench = Bench::new(strategy, None);
    bench.runner = bench.runner.with_answers(answers);
    (bench, book)
}

fn inline(outcome: &Outcome) -> Vec<Value> {
    let Outcome::Completed { products, .. } = outcome else {
        panic!("{outcome:?}")
    };
    let text = |product: &baton_model::Product| match &product.content {
        baton_model::Content::Inline(text) => serde_json::from_str(text).unwrap(),
        other @ baton_model::Content::Chunks(_) => panic!("{other:?}"),
    };
    products.iter().map(text).collect()
}

async fn answers_arrive(strategy: Strategy) {
    let (bench, book) = bench(strategy);
    let code = "\
from concurrent.futures import ThreadPoolExecutor
import multiprocessing
from baton.host import HostError, ask

def child(queue):
    try:
        queue.put(ask('secret', name='child'))
    except HostError as error:
        queue.put(str(error))

@custom
def b(*args, **kwargs):
    def refused(question, **args):
        try:
            return ask(question, **args)
        except HostError as error:
            return [error.kind, str(error)[:30]]
    with ThreadPoolExecutor(16) as pool:
        names = [f'name-{n}' for n in range(200)]
        same = list(pool.map(lambda name: ask('secret', name=name), names)) == names
    context = multiprocessing.get_context('fork')
    queue = context.SimpleQueue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    from_child = queue.get()
    process.join()
    return {'got': [
        same, ask('secret', name='none'), refused('secret', name='denied'),
        refused('no_such_question')[0], refused('secret')[0], from_child, ask('pipelines'),
    ]}
";
    let (report, _) = bench.run(code).await;
    let got = &inline(&report.outcome)[0]["got"];
    let got = got.as_array().unwrap();
    let child = got[5].as_str().unwrap();
    assert!(
        child.contains("only in the process of the block itself"),
        "{child}"
    );
    let expected = json!([true, null, ["denied", "you may not"], "invalid", "invalid"]);
    assert_eq!(json!(got[..5]), expected);
    assert_eq!(got[6], "other");
    let asked = std::mem::take(&mut *book.asked.lock().unwrap());
    assert_eq!(asked.len(), 202);
    assert!(asked.contains(&"1/p/b/name-7".to_owned()), "{asked:?}");
    bench.runner.shut_down().await;
}

async fn secrets_are_hidden(strategy: Strategy) {
    let (bench, _) = bench(strategy);
    let code = "\
from baton.host import ask

@custom
def b(*args, **kwargs):
    secret = ask('secret', name='correct-horse')
    print('it is', secret)
    kwargs['logger'].warning(secret, extra={'tags': {'s': secret}}) if 'logger' in kwargs else None
    raise ValueError(f'not {secret}')
";
    let (report, log) = bench.run(code).await;
    assert_eq!(kind(&report), FailureKind::Exception);
    let text = format!("{report:?}{log:?}");
    assert!(
        text.contains("it is ********") && text.contains("not ********"),
        "{text}"
    );
    assert!(!text.contains("horse"), "{text}");
    bench.runner.shut_down().await;
}

async fn a_question_without_an_answer_holds_nothing_up(strategy: Strategy) {
    let code = "from baton.host import ask\n\n@custom\ndef b(*args, **kwargs):\n    ask('secret', name='never')\n";
    let (timed, _) = bench(strategy);
    let (_stop, stopped) = watch::channel(Stop::No);
    let (report, _) = timed
        .run_with(code, Some(Duration::from_secs(1)), stopped)
        .await;
    assert_eq!(kind(&report), FailureKind::Timeout);
    timed.runner.shut_down().await;

    let (bench, book) = bench(strategy);

    let (stop, stopped) = watch::channel(Stop::No);
    let ask = async {
        book.waiting.notified().await;
        stop.send_replace(Stop::Gently);
    };
    let ((report, _), ()) = tokio::join!(bench.run_with(code, None, stopped), ask);
    assert_eq!(report.outcome, Outcome::Cancelled);
    bench.runner.shut_down().await;
}

async fn without_answers_every_question_is_refused(strategy: Strategy) {
    let bench = Bench::new(strategy, None);
    let code =
        "from baton.host import ask\n\n@custom\ndef b(*args, **kwargs):\n    ask('pipelines')\n";
    let (report, _) = bench.run(code).await;
    let Outcome::Failed { error, .. } = &report.outcome else {
        panic!("{report:?}")
    };
    assert!(error.message.contains("answers no questions"), "{error:?}");
    bench.runner.shut_down().await;
}

#[tokio::test]
async fn an_answer_that_no_frame_holds_is_refused() {
    let (bench, _) = bench(Strategy::Fork);
    let code = "from baton.host import ask\n\n@custom\ndef b(*args, **kwargs):\n    ask('secret', name='huge')\n";
    let (report, _) = bench.run(code).await;
    let Outcome::Failed { error, .. } = &report.outcome else {
        panic!("{report:?}")
    };
    assert!(error.message.contains("larger than a frame"), "{error:?}");
    bench.runner.shut_down().await;
}

macro_rules! on_both {
    ($($name:ident: $fork:ident $spawn:ident;)*) => {
        $(
            #[tokio::test]
            async fn $fork() {
                $name(Strategy::Fork).await;
            }

            #[tokio::test]
            async fn $spawn() {
                $name(Strategy::Spawn).await;
            }
        )*
    };
}

on_both! {
    answers_arrive: fork_answers_arrive spawn_answers_arrive;
    secrets_are_hidden: fork_secrets_are_hidden spawn_secrets_are_hidden;
    a_question_without_an_answer_holds_nothing_up: fork_unanswered spawn_unanswered;
    without_answers_every_question_is_refused: fork_refused spawn_refused;
}
