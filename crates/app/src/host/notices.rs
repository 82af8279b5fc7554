//! Tells people of runs: looks at every end once, stores who is to be told, and delivers that until it has arrived or
//! is given up. Nothing here can hold up the scheduler, and what a crash interrupts is found in the database.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use baton_engine::sla::Broken;
use baton_model::{Cause, PipelineUuid, Run, RunId, RunStatus, Timestamp, TriggerId};
use baton_project::{Alert, Notifications, Project};
use baton_scheduler::News;
use baton_store::{End, NewNotice, Notice};
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::notices::{
    Outgoing, Trouble, channels, delivery, facts_of, facts_of_date, next_try, of_end,
};
use crate::settings;

/// How often the database is looked at by itself, should a hint have been lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it rests between two looks, so that ends that come together are looked at together.
const REST: Duration = Duration::from_millis(200);

/// Ends that are looked at together.
const TOGETHER: u32 = 256;

/// Messages that are on their way at a time.
const AT_A_TIME: u32 = 16;

/// For so long a message belongs to whoever took it: longer than any receiver may take.
const LEASE: Duration = Duration::from_secs(60);

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Most messages of one answer.
const MOST: u32 = 1000;

/// What telling needs to know of the host.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Wakes the loop.
    pub(super) hint: Arc<Notify>,
    outgoing: OnceLock<Result<Outgoing, Trouble>>,
    /// Where this server answers.
    address: OnceLock<String>,
}

/// Looks after ends and messages, as long as the host is there.
pub(super) async fn deliver(host: Weak<Host>) {
    let Some(hint) = host.upgrade().map(|host| Arc::clone(&host.notices.hint)) else {
        return;
    };
    loop {
        let Some(strong) = host.upgrade() else { return };
        let pause = match strong.tell().await {
            Ok(pause) => pause,
            Err(failure) => {
                let reason = failure.message;
                tracing::warn!(reason, "messages about runs have to wait");
                PATIENCE
            }
        };
        drop(strong);
        sleep(REST).await;
        tokio::select! {
            () = hint.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

/// Tells of dates that could not become runs, until the service is gone.
pub(super) async fn follow(host: Weak<Host>, mut news: Receiver<News>) {
    loop {
        let (trigger, date, reason) = match news.recv().await {
            Ok(News::NotMade(trigger, date, reason)) => (trigger, date, reason),
            // What was missed comes again: the date is tried every minute.
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Some(host) = host.upgrade() else { return };
        if let Err(failure) = host.tell_of_date(trigger, date, &reason).await {
            let reason = failure.message;
            tracing::warn!(reason, "messages about dates have to wait");
        }
    }
}

impl Host {
    /// Says where this server answers, for links in messages.
    pub fn answers_at(&self, address: &str) {
        // It does not move.
        let _ = self.notices.address.set(address.to_owned());
    }

    /// The messages about a run, or the newest of the project.
    pub async fn notices(
        &self,
        actor: &Actor,
        run: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<Notice>, Failure> {
        actor.may(Right::Read)?;
        if let Some(run) = run {
            self.run_row(actor, run).await?;
        }
        Ok(self.store().notices(run, limit.min(MOST)).await?)
    }

    /// Looks at all ends and delivers what is due. Gives how long there is nothing to do.
    async fn tell(self: &Arc<Self>) -> Result<Duration, Failure> {
        while self.look_at_ends().await? {}
        while self.deliver_some().await? {}
        let next = self.store().next_notice().await?;
        let now = self.service().now();
        Ok(next.map_or(PATIENCE, |next| next.since(now).min(PATIENCE)))
    }

    /// Stores who is to be told of ends that nobody has looked at. Gives whether there may be more of them.
    async fn look_at_ends(&self) -> Result<bool, Failure> {
        let ends = self.store().untold_ends(TOGETHER).await?;
        if ends.is_empty() {
            return Ok(false);
        }
        baton_base::failpoint("ends-found");
        let wanted = self.wanted_of(&ends).await?;
        let now = self.service().now();
        self.store().tell_of_ends(&ends, &wanted, now).await?;
        baton_base::failpoint("notices-stored");
        Ok(ends.len() == TOGETHER as usize)
    }

    async fn wanted_of(&self, ends: &[End]) -> Result<Vec<NewNotice>, Failure> {
        let told: Vec<(&End, Alert)> = ends
            .iter()
            // Who runs a pipeline by hand sees how it ends.
            .filter(|end| end.cause != Cause::Hand)
            .filter_map(|end| {
                let alert = match end.status {
                    RunStatus::Completed => Alert::Success,
                    RunStatus::Failed => Alert::Failure,
                    _ => return None,
                };
                Some((end, alert))
            })
            .collect();
        if told.is_empty() {
            return Ok(Vec::new());
        }
        let project = Arc::new(self.project().await?);
        let mut wanted = Vec::new();
        for (end, alert) in told {
            let channels = self.channels_for(&project, &end.pipeline, alert).await?;
            if channels.is_empty() {
                continue;
            }
            let Some(run) = self.store().load_run(end.run).await? else {
                continue;
            };
            let subject = format!("run:{}:{}", end.run, end.version);
            let sentence = of_end(&run);
            wanted.extend(
                self.notices_of(&run, alert, &subject, &sentence, channels)
                    .await?,
            );
        }
        Ok(wanted)
    }

    /// The channels that are told of `alert` about a pipeline.
    async fn channels_for(
        &self,
        project: &Arc<Project>,
        pipeline: &PipelineUuid,
        alert: Alert,
    ) -> Result<Vec<String>, Failure> {
        let (project, pipeline) = (Arc::clone(project), pipeline.clone());
        let cache = self.pipelines.clone();
        let read = spawn_blocking(move || {
            let of_project = &project.settings().notifications;
            // A pipeline that is gone, or broken, says nothing of its own.
            let config = match cache.get(&project, &pipeline) {
                Ok(facts) => Notifications::merged(of_project, &facts.pipeline.notifications),
                Err(_) => Notifications::read(of_project),
            };
            if config.wants(alert) {
                channels(&config)
            } else {
                Vec::new()
            }
        });
        read.await
            .map_err(|error| Failure::bug(format!("the project could not be read: {error}")))
    }

    async fn notices_of(
        &self,
        run: &Run,
        alert: Alert,
        subject: &str,
        sentence: &str,
        channels: Vec<String>,
    ) -> Result<Vec<NewNotice>, Failure> {
        let trigger = match run.plan.occasion.trigger {
            Some(id) => self.store().trigger(id).await?,
            None => None,
        };
        let facts = facts_of(run, trigger.as_ref(), self.link(run).as_deref(), sentence);
        let notice = |channel| NewNotice {
            subject: subject.to_owned(),
            run: Some(run.id),
            pipeline: run.plan.pipeline.clone(),
            alert: word(alert).to_owned(),
            channel,
            facts: facts.clone(),
        };
        Ok(channels.into_iter().map(notice).collect())
    }

    /// Marks a run that is late, and stores who is to be told.
    pub(super) async fn tell_of_delay(
        &self,
        run: RunId,
        broken: Broken,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(run) = self.store().load_run(run).await? else {
            return Ok(());
        };
        let project = Arc::new(self.project().await?);
        let alert = Alert::PassedSla;
        let pipeline = &run.plan.pipeline;
        let channels = self.channels_for(&project, pipeline, alert).await?;
        let sentence = broken.sentence(&format!("run {}", run.id), now);
        let subject = format!("late:{}", run.id);
        let wanted = self
            .notices_of(&run, alert, &subject, &sentence, channels)
            .await?;
        self.store().tell_of_delay(run.id, &wanted, now).await?;
        self.notices.hint.notify_one();
        Ok(())
    }

    /// Stores who is to be told that a date of a schedule could not become a run.
    async fn tell_of_date(
        &self,
        trigger: TriggerId,
        date: Timestamp,
        reason: &str,
    ) -> Result<(), Failure> {
        let Some(trigger) = self.store().trigger(trigger).await? else {
            return Ok(());
        };
        let project = Arc::new(self.project().await?);
        let (pipeline, alert) = (&trigger.pipeline, Alert::Failure);
        let channels = self.channels_for(&project, pipeline, alert).await?;
        let facts = facts_of_date(&trigger, date, reason);
        // It is tried again and again: each date is told once. Without a calendar the date is the moment of the try.
        let told_as = match trigger.interval.as_deref() {
            Some("@once") => 0,
            Some("@always_on") => date.0.div_euclid(DAY) * DAY,
            _ => date.0,
        };
        let notice = |channel| NewNotice {
            subject: format!("date:{}:{told_as}", trigger.id),
            run: None,
            pipeline: pipeline.clone(),
            alert: word(alert).to_owned(),
            channel,
            facts: facts.clone(),
        };
        let wanted: Vec<NewNotice> = channels.into_iter().map(notice).collect();
        let now = self.service().now();
        self.store().put_notices(&wanted, now).await?;
        self.notices.hint.notify_one();
        Ok(())
    }

    /// Where a person sees more of a run: on the address that people are given, else where this server answers.
    fn link(&self, run: &Run) -> Option<String> {
        let public = settings::variable("MAGE_PUBLIC_HOST").filter(|host| !host.is_empty());
        let base = public.or_else(|| self.notices.address.get().cloned())?;
        let (pipeline, id) = (&run.plan.pipeline, run.id);
        let base = base.trim_end_matches('/');
        Some(format!("{base}/pipelines/{pipeline}/runs/{id}"))
    }

    /// Delivers messages that are due. Gives whether there may be more of them.
    async fn deliver_some(self: &Arc<Self>) -> Result<bool, Failure> {
        let now = self.service().now();
        let next = self.store().next_notice().await?;
        if next.is_none_or(|next| next > now) {
            return Ok(false);
        }
        // Addresses are read anew: they may have been mended since the message was wanted. Where that is not possible, no
        // try is counted.
        let project = Arc::new(self.project().await?);
        let taken = self
            .store()
            .take_notices(now, now.after(LEASE), AT_A_TIME)
            .await?;
        let mut under_way = JoinSet::new();
        for notice in taken {
            let (host, project) = (Arc::clone(self), Arc::clone(&project));
            under_way.spawn(async move { host.deliver_one(&project, &notice).await });
        }
        while let Some(done) = under_way.join_next().await {
            done.map_err(|error| Failure::bug(format!("a message was cut short: {error}")))??;
        }
        Ok(true)
    }

    async fn deliver_one(&self, project: &Arc<Project>, notice: &Notice) -> Result<(), Failure> {
        let sent = self.send(project, notice).await;
        let now = self.service().now();
        let (channel, pipeline) = (&notice.wanted.channel, &notice.wanted.pipeline);
        match sent {
            Ok(()) => {
                baton_base::failpoint("notice-sent");
                self.store().notice_sent(notice.id, now).await?;
            }
            Err(trouble) => {
                let again = next_try(notice.tries, &trouble);
                let reason = &trouble.message;
                match again {
                    Some(wait) => {
                        let seconds = wait.as_secs();
                        tracing::warn!(channel, %pipeline, reason, seconds, "a message is tried again");
                    }
                    None => {
                        tracing::error!(channel, %pipeline, reason, "a message was not delivered");
                    }
                }
                let again = again.map(|wait| now.after(wait));
                let id = notice.id;
                self.store().notice_failed(id, reason, again, now).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, project: &Arc<Project>, notice: &Notice) -> Result<(), Trouble> {
        let known = Alert::KNOWN.iter();
        let mut known = known.filter(|(_, word)| *word == notice.wanted.alert);
        let Some((alert, _)) = known.next() else {
            return Err(Trouble::lasting("nobody knows this kind of message"));
        };
        let (project, wanted, alert) = (Arc::clone(project), notice.wanted.clone(), *alert);
        let made = spawn_blocking(move || {
            let of_project = &project.settings().notifications;
            let config = match project.pipeline(&wanted.pipeline) {
                Ok(pipeline) => Notifications::merged(of_project, &pipeline.notifications),
                Err(_) => Notifications::read(of_project),
            };
            delivery(&config, &wanted.channel, alert, &wanted.facts)
        });
        let made = made.await.ok().flatten();
        let delivery =
            made.ok_or_else(|| Trouble::lasting("the channel is not set up any more"))?;
        let outgoing = self.notices.outgoing.get_or_init(Outgoing::new).clone()?;
        outgoing.deliver(delivery).await
    }
}

fn word(alert: Alert) -> &'static str {
    let known = Alert::KNOWN.iter().find(|(known, _)| *known == alert);
    known.map_or("", |(_, word)| word)
}
