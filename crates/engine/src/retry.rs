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
/// Where nobody sets `max_delay`, one delay lasts at most 60 s or the delay itself, whichever is longer: who asks for
/// a delay of five minutes gets five minutes. Where somebody does, it caps all delays together, as in Mage; only
/// Mage's default, which cuts `retries: 10` short without a word, caps nothing.
pub(crate) fn policy(levels: [&RetrySettings; 2]) -> RetryPolicy {
    let delay = levels.iter().find_map(|level| level.delay);
    let delay = seconds(delay.unwrap_or(DELAY));
    let total_delay = levels.iter().find_map(|level| level.max_delay).map(seconds);
    let max_delay = total_delay.unwrap_or_else(|| seconds(MAX_DELAY).max(delay));
    RetryPolicy {
        retries: levels
            .iter()
            .find_map(|level| level.retries)
            .unwrap_or(0)
            .min(MOST_RETRIES),
        delay,
        max_delay,
        total_delay,
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

/// Whether the delay after attempt number `failed` would be one too many.
pub(crate) fn is_exhausted(policy: &RetryPolicy, failed: u32) -> bool {
    if failed > policy.retries {
        return true;
    }
    let Some(total) = policy.total_delay else {
        return false;
    };
    let mut sum = Duration::ZERO;
    for attempt in 1..=failed {
        sum = sum.saturating_add(delay_after(policy, attempt));
        if sum >= total {
            return true;
        }
    }
    false
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

    fn check_policy(levels: &[RetrySettings; 2], retries: u32, delay: f64, max_delay: f64) {
        let [block, project] = levels;
        let expected = RetryPolicy {
            retries,
            delay: Duration::from_secs_f64(delay),
            max_delay: Duration::from_secs_f64(max_delay),
            total_delay: (levels.iter())
                .find_map(|level| level.max_delay)
                .map(Duration::from_secs_f64),
            exponential_backoff: true,
        };
        assert_eq!(policy([block, project]), expected);
    }

    #[test]
    fn the_nearest_level_decides_each_field() {
        let none = || settings(None, None, None);
        check_policy(&[none(), none()], 0, 5.0, 60.0);
        check_policy(
            &[
                settings(None, Some(1.0), None),
                settings(Some(7), Some(9.0), Some(30.0)),
            ],
            7,
            1.0,
            30.0,
        );
        check_policy(
            &[settings(Some(0), None, None), settings(Some(3), None, None)],
            0,
            5.0,
            60.0,
        );
    }

    #[test]
    fn absurd_numbers_are_clamped() {
        let none = || settings(None, None, None);
        let odd = |delay| settings(Some(u32::MAX), Some(delay), None);
        check_policy(&[odd(-3.0), none()], 10_000, 0.0, 60.0);
        check_policy(&[odd(f64::NAN), none()], 10_000, 0.0, 60.0);
        check_policy(&[odd(f64::INFINITY), none()], 10_000, 604_800.0, 604_800.0);
        check_policy(&[odd(300.0), none()], 10_000, 300.0, 300.0);
    }

    #[test]
    fn max_delay_caps_the_sum_where_it_is_set() {
        let attempts = |settings: &RetrySettings| {
            let policy = policy([settings, &RetrySettings::default()]);
            (1..100).find(|failed| is_exhausted(&policy, *failed))
        };
        // 1 + 2 + 4 s; the next 8 s would make 15.
        assert_eq!(attempts(&settings(Some(10), Some(1.0), Some(8.0))), Some(4));
        assert_eq!(attempts(&settings(Some(10), Some(1.0), None)), Some(11));
        assert_eq!(attempts(&settings(Some(2), Some(1.0), Some(60.0))), Some(3));
        assert_eq!(attempts(&settings(Some(2), Some(9.0), Some(9.0))), Some(1));
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let mut policy = policy([&RetrySettings::default(); 2]);
        let delays = |policy: &RetryPolicy| -> Vec<u64> {
            (1..=6).map(|n| delay_after(policy, n).as_secs()).collect()
        };
        assert_eq!(delays(&policy), [5, 10, 20, 40, 60, 60]);
        assert_eq!(delay_after(&policy, u32::MAX).as_secs(), 60);
        policy.exponential_backoff = false;
        assert_eq!(delays(&policy), [5; 6]);
    }
}
