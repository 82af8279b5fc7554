//! Why a run happens: by hand, by one of its pipeline's triggers, or because code of another run asks for it; and the
//! logical date that this gives it.

use baton_base::now;
use baton_engine::{Zone, schedule};
use baton_model::{Map, Occasion, PipelineUuid, Schedule, Timestamp, TriggerKind, TriggerSettings};
use baton_project::template::render_variables;
use baton_project::{INTERVALS, Project, Trigger};
use baton_scheduler::Wanted;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use crate::failure::{FAILED, Failure};
use crate::nested::StartedBy;
use crate::request::RunRequest;
use crate::sources;

/// Environments in which blocks receive the keyword arguments of a triggered run.
const TRIGGERED: [&str; 2] = ["prod", "production"];

/// Variables that are moments, also when they are given as text (spec 2.4).
const MOMENTS: [&str; 4] = [
    "execution_date",
    "interval_start_datetime",
    "interval_end_datetime",
    "interval_start_datetime_previous",
];

/// Why a run happens, and what follows from it.
pub(crate) struct Circumstances {
    /// Whether its blocks get the keyword arguments of a triggered run.
    pub(crate) is_triggered: bool,
    /// Name of the environment that its blocks see.
    pub(crate) env: String,
    /// Name of the trigger that its blocks see.
    pub(crate) trigger: Option<String>,
    /// The settings of the trigger, where the project declares it.
    pub(crate) settings: Map,
    /// Variables of the trigger, and over them those given for the run.
    pub(crate) variables: Map,
    /// The logical date.
    pub(crate) date: Timestamp,
    /// What else it was started for.
    pub(crate) occasion: Occasion,
}

/// Finds out why a run happens that a person or a block starts.
pub(crate) fn circumstances(
    project: &Project,
    pipeline: &PipelineUuid,
    args: &RunRequest,
    started: Option<&StartedBy>,
) -> Result<Circumstances, Failure> {
    let wants_trigger = args.trigger.is_some() || TRIGGERED.contains(&args.env.as_str());
    let is_triggered = !args.as_mage && (started.is_some() || wants_trigger);
    let declared = match started {
        Some(started) => sources::api_trigger(project, pipeline, &started.trigger),
        None if is_triggered => sources::trigger(project, pipeline, args.trigger.as_deref())?,
        None => None,
    };
    let mut occasion = Occasion {
        event: args.event.clone().unwrap_or_default(),
        product: started.and_then(|started| started.product.clone()),
        parent: started.map(|started| started.parent),
        ..Occasion::default()
    };
    if args.event.is_some() && !is_triggered {
        return Err(Failure::usage(
            "--event is for runs of a trigger",
            "add --trigger NAME, or --env prod",
        ));
    }
    let date = args.execution_date;
    let date = match declared
        .as_ref()
        .filter(|(_, trigger)| trigger.kind == TriggerKind::Time)
    {
        Some((number, trigger)) => scheduled(*number, trigger, date, &mut occasion)?,
        None => date.unwrap_or(Timestamp(now())),
    };
    let trigger = declared.map(|(_, trigger)| trigger);
    let mut variables = trigger
        .as_ref()
        .map(|trigger| trigger.variables.clone())
        .unwrap_or_default();
    if args.execution_date.is_some() && !is_triggered {
        variables.insert(
            "execution_date".to_owned(),
            json!({"$datetime": naive(date)}),
        );
    }
    variables.extend(args.variables.clone());
    variables.extend(
        started
            .map(|started| started.variables.clone())
            .unwrap_or_default(),
    );
    if !args.as_mage {
        revive(&mut variables);
    }
    let name = match (started, &trigger) {
        (Some(started), _) => started.trigger.clone(),
        (None, Some(trigger)) => trigger.name.clone(),
        (None, None) => "api".to_owned(),
    };
    Ok(Circumstances {
        is_triggered,
        // A triggered run of Mage is always one of `prod` (spec 2.4).
        env: if started.is_some() || args.trigger.is_some() {
            TRIGGERED[0].to_owned()
        } else {
            args.env.clone()
        },
        trigger: is_triggered.then_some(name),
        settings: trigger.map(|trigger| trigger.settings).unwrap_or_default(),
        variables,
        date,
        occasion,
    })
}

/// The same of a run that the service makes.
pub(crate) fn of_wanted(wanted: &Wanted) -> Circumstances {
    let trigger = wanted.trigger.as_ref();
    let mut occasion = Occasion {
        event: wanted.event.clone(),
        product: wanted.product.clone(),
        parent: wanted.parent,
        asked_by: wanted.asked_by.clone(),
        cause: wanted.cause,
        trigger: trigger.map(|trigger| trigger.id),
        backfill: wanted.backfill,
        repeats: wanted.repeats,
        ..Occasion::default()
    };
    let number = trigger.map_or(1, |trigger| trigger.id.0);
    let text = DateTime::from_timestamp_micros(wanted.date.0).unwrap_or_default();
    let format = if wanted.date.0 % 1_000_000 == 0 {
        "%Y%m%dT%H%M%S"
    } else {
        "%Y%m%dT%H%M%S_%6f"
    };
    occasion.partition = Some(format!("{number}/{}", text.format(format)));
    let zone = trigger.and_then(|trigger| trigger.settings.get("timezone"));
    // A zone that does not exist is what the scheduler says about the trigger.
    let zone = Zone::parse(zone.and_then(Value::as_str)).ok();
    let is_scheduled = trigger.is_some_and(|trigger| trigger.kind == TriggerKind::Time);
    let schedule = trigger
        .filter(|_| is_scheduled)
        .and_then(|trigger| trigger.interval.as_deref())
        .and_then(|interval| Schedule::parse(interval).ok());
    occasion.interval = schedule
        .zip(zone)
        .map(|(schedule, zone)| schedule::interval(&schedule, zone, wanted.date));
    let mut variables = trigger
        .map(|trigger| trigger.variables.clone())
        .unwrap_or_default();
    variables.extend(wanted.variables.clone());
    if let Some(trigger) = trigger {
        occasion.pools = TriggerSettings::of(&trigger.settings).pools;
        for pool in &mut occasion.pools {
            // A template that cannot be rendered is one key for all.
            if let Some(key) = &mut pool.key
                && let Ok(rendered) = render_variables(key, &variables)
            {
                *key = rendered;
            }
        }
    }
    revive(&mut variables);
    Circumstances {
        is_triggered: true,
        env: TRIGGERED[0].to_owned(),
        trigger: trigger
            .map(|trigger| trigger.name.clone())
            .or_else(|| wanted.trigger_name.clone()),
        settings: trigger
            .map(|trigger| trigger.settings.clone())
            .unwrap_or_default(),
        variables,
        date: wanted.date,
        occasion,
    }
}

/// The date of a run of a schedule, with the interval and the partition that belong to it.
fn scheduled(
    number: usize,
    trigger: &Trigger,
    date: Option<Timestamp>,
    occasion: &mut Occasion,
) -> Result<Timestamp, Failure> {
    let no_schedule = |reason: &str| {
        let text = format!("the trigger `{}` has no schedule: {reason}", trigger.name);
        Failure::usage(text, format!("write {INTERVALS}")).with_exit(FAILED)
    };
    let interval = trigger.interval.as_deref();
    let interval = interval.ok_or_else(|| no_schedule("its `schedule_interval` is empty"))?;
    let schedule = Schedule::parse(interval)
        .map_err(|bad| no_schedule(&format!("`{interval}` cannot be followed: {}", bad.0)))?;
    let zone = trigger.settings.get("timezone").and_then(Value::as_str);
    let zone = Zone::parse(zone).map_err(|unknown| no_schedule(&unknown.to_string()))?;
    let lands = trigger.settings.get("landing_time_enabled") == Some(&Value::Bool(true));
    let start = trigger.start_time.as_deref().and_then(moment);
    let landing = start.filter(|_| lands);
    let date = date
        .or_else(|| schedule::current_date(&schedule, zone, Timestamp(now()), landing))
        .ok_or_else(|| no_schedule(&format!("`{interval}` never comes true")))?;
    let text = DateTime::from_timestamp_micros(date.0).unwrap_or_default();
    occasion.partition = Some(format!("{number}/{}", text.format("%Y%m%dT%H%M%S")));
    occasion.interval = Some(schedule::interval(&schedule, zone, date));
    Ok(date)
}

/// Makes moments of the variables that are moments.
pub(crate) fn revive(variables: &mut Map) {
    for name in MOMENTS {
        if let Some(Value::String(text)) = variables.get(name)
            && let Some(iso) = iso_of(text)
        {
            variables.insert(name.to_owned(), json!({"$datetime": iso}));
        }
    }
    if let Some(Value::String(text)) = variables.get("interval_seconds")
        && let Ok(Value::Number(number)) = serde_json::from_str(text)
    {
        variables.insert("interval_seconds".to_owned(), Value::Number(number));
    }
}

/// A moment as workers read it, naive or with its offset as it was given.
fn iso_of(text: &str) -> Option<String> {
    if let Some(date) = with_offset(text) {
        return Some(date.format("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string());
    }
    Some(
        without_offset(text)?
            .format("%Y-%m-%dT%H:%M:%S%.6f")
            .to_string(),
    )
}

/// A moment; in UTC unless it says otherwise.
pub fn moment(text: &str) -> Option<Timestamp> {
    let micros = match with_offset(text) {
        Some(date) => date.timestamp_micros(),
        None => without_offset(text)?.and_utc().timestamp_micros(),
    };
    Some(Timestamp(micros))
}

fn with_offset(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let text = text.trim();
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f %#z",
    ];
    DateTime::parse_from_rfc3339(text).ok().or_else(|| {
        let mut formats = formats.iter();
        formats.find_map(|format| DateTime::parse_from_str(text, format).ok())
    })
}

fn without_offset(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y%m%dT%H%M%S",
    ];
    let mut formats = formats.iter();
    formats
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
        })
}

fn naive(date: Timestamp) -> String {
    let date = DateTime::from_timestamp_micros(date.0).unwrap_or_default();
    date.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_moments() {
        for (text, expected) in [
            ("2024-05-01", Some("2024-05-01T00:00:00")),
            ("2024-05-01T06:07:08", Some("2024-05-01T06:07:08")),
            ("2024-05-01 06:07:08.5", Some("2024-05-01T06:07:08.500000")),
            ("2024-05-01T06:07", Some("2024-05-01T06:07:00")),
            ("2024-05-01T06:07:08Z", Some("2024-05-01T06:07:08+00:00")),
            (
                "2024-05-01 06:07:08+02:00",
                Some("2024-05-01T06:07:08+02:00"),
            ),
            ("20240501T060708", Some("2024-05-01T06:07:08")),
            ("tomorrow", None),
            ("", None),
        ] {
            // The fraction is optional in what is expected here.
            let found = iso_of(text).map(|iso| iso.replace(".000000", ""));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let utc = moment("2024-05-01T06:07:08Z").unwrap();
        assert_eq!(moment("2024-05-01T08:07:08+02:00"), Some(utc));
        assert_eq!(moment("2024-05-01 06:07:08"), Some(utc));
    }

    #[test]
    fn only_moments_are_revived() {
        let given = json!({"execution_date": "2024-05-01", "interval_seconds": "60", "interval_end_datetime": "soon",
            "since": "2024-05-01", "interval_start_datetime": 5});
        let Value::Object(mut variables) = given else {
            panic!("an object")
        };
        revive(&mut variables);
        let expected = json!({"execution_date": {"$datetime": "2024-05-01T00:00:00.000000"}, "interval_seconds": 60,
            "interval_end_datetime": "soon", "since": "2024-05-01", "interval_start_datetime": 5});
        assert_eq!(Value::Object(variables), expected);
    }
}
