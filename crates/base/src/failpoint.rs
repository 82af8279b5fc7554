//! Places where a test may kill the process, to show that nothing is lost. They exist in development builds only.

/// Marks a place between two steps that a crash could separate.
///
/// In a development build with `BATON_KILL_AT=n` in the environment the n-th place that is reached, or with
/// `BATON_KILL_AT=name` the place of this name, kills the process with SIGKILL, as a power switch would. In a release
/// build this is nothing.
#[cfg_attr(
    not(debug_assertions),
    expect(unused_variables, reason = "only development builds stop here")
)]
pub fn failpoint(name: &str) {
    #[cfg(debug_assertions)]
    development::reached(name);
}

#[cfg(debug_assertions)]
mod development {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static KILL_AT: OnceLock<Option<String>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn reached(name: &str) {
        let kill_at = KILL_AT.get_or_init(|| std::env::var("BATON_KILL_AT").ok());
        let Some(kill_at) = kill_at else { return };
        let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        if kill_at == name || kill_at.parse() == Ok(number) {
            let itself = rustix::process::getpid();
            // Nothing comes after this, not even an error.
            let _ = rustix::process::kill_process(itself, rustix::process::Signal::KILL);
        }
    }
}
