//! How often a failed attempt is repeated, and when.

use std::time::Duration;

use baton_model::{RetryPolicy, RetrySettings};

/// Mage's defaults.
const DELAY: f64 = 5.0;
const MAX_DELAY: f64 = 60.0;

/// Above these a number in a file is a slip of the hand: a week between attempts, ten thousand attempts.
const LONGEST_DELAY: f64 = 7.0 * 24.0 * 3600.0;
const MOST_RETRIES: u32 = 10_000;

/// What the levels of metadata say together; the first level that sets a field decides it.
///
/// Where nobody sets `max_delay` it is 60 s or the delay itself, whichever is longer: who asks for a
/// delay of five minutes gets five minutes.
pub(crate) fn policy(levels: [&RetrySettings; 3]) -> RetryPolicy {
    let delay = levels.iter().find_map(|level| level.delay);
    let delay = seconds(delay.unwrap_or(DELAY));
    let max_delay = levels
        .iter()
        .find_map(|level| level.max_delay)
        .map_or_else(|| seconds(MAX_DELAY).max(delay), seconds);
    RetryPolicy {
        retries: levels
            .iter()
            .find_map(|level| level.retries)
            .unwrap_or(0)
            .min(MOST_RETRIES),
        delay,
        max_delay,
        exponential_backoff: levels
            .iter()
            .find_map(|level| level.exponential_backoff)
            .unwrap_or(true),
    }
}

/// Time between the end of attempt number `failed` and the start of the next.
pub(crate) fn delay_after(policy: &RetryPolicy, failed: u32) -> Duration {
    let factor = if policy.exponential_backoff {
        2_u32.saturating_pow(failed.saturating_sub(1))
    } else {
        1
    };
    policy.delay.saturating_mul(factor).min(policy.max_delay)
}

/// Seconds as a duration; what is negative or no number counts as none.
fn seconds(number: f64) -> Duration {
    if number > 0.0 {
        Duration::from_secs_f64(number.min(LONGEST_DELAY))
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(retries: Option<u32>, delay: Option<f64>, max: Option<f64>) -> RetrySettings {
        RetrySettings {
            retries,
            delay,
            max_delay: max,
            exponential_backoff: None,
        }
    }

    fn check_policy(levels: &[RetrySettings; 3], retries: u32, delay: f64, max_delay: f64) {
        let [block, pipeline, project] = levels;
        let expected = RetryPolicy {
            retries,
            delay: Duration::from_secs_f64(delay),
            max_delay: Duration::from_secs_f64(max_delay),
            exponential_backoff: true,
        };
        assert_eq!(policy([block, pipeline, project]), expected);
    }

    #[test]
    fn the_nearest_level_decides_each_field() {
        let none = || settings(None, None, None);
        check_policy(&[none(), none(), none()], 0, 5.0, 60.0);
        check_policy(
            &[
                settings(None, Some(1.0), None),
                settings(Some(2), Some(9.0), None),
                settings(Some(7), None, Some(30.0)),
            ],
            2,
            1.0,
            30.0,
        );
        check_policy(
            &[
                settings(Some(0), None, None),
                settings(Some(3), None, None),
                none(),
            ],
            0,
            5.0,
            60.0,
        );
    }

    #[test]
    fn absurd_numbers_are_clamped() {
        let none = || settings(None, None, None);
        let odd = |delay| settings(Some(u32::MAX), Some(delay), None);
        check_policy(&[odd(-3.0), none(), none()], 10_000, 0.0, 60.0);
        check_policy(&[odd(f64::NAN), none(), none()], 10_000, 0.0, 60.0);
        check_policy(
            &[odd(f64::INFINITY), none(), none()],
            10_000,
            604_800.0,
            604_800.0,
        );
        check_policy(&[odd(300.0), none(), none()], 10_000, 300.0, 300.0);
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let mut policy = policy([&RetrySettings::default(); 3]);
        let delays = |policy: &RetryPolicy| -> Vec<u64> {
            (1..=6).map(|n| delay_after(policy, n).as_secs()).collect()
        };
        assert_eq!(delays(&policy), [5, 10, 20, 40, 60, 60]);
        assert_eq!(delay_after(&policy, u32::MAX).as_secs(), 60);
        policy.exponential_backoff = false;
        assert_eq!(delays(&policy), [5; 6]);
    }
}
