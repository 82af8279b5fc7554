//! How the C library's allocator keeps what is freed, and that it does not keep it for ever: a server runs for months.
//! What it is worth stands in docs/development/soak.md. Systems with another allocator are left alone.

use std::time::Duration;

/// So many heaps that threads allocate from. The library makes one for each thread, up to eight for each processor, and what is free
/// in one is of no use to the others. As many as the runtime has workers is enough: other threads seldom allocate at the same time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: i32 = 2;

/// How often free pages go back to the system.
const INTERVAL: Duration = Duration::from_secs(60);

/// Keeps the number of heaps small. To be called before there is a second thread.
pub(crate) fn keep_few_heaps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "the setting has no other door but the environment, which blocks would inherit"
    )]
    // SAFETY: takes two numbers and no pointers, and no other thread allocates yet. A refusal leaves the default.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Gives free pages back to the system now and then, for as long as it is awaited. By itself the library gives back only what lies
/// at the end of a heap, and something small always comes to lie there.
pub(crate) async fn give_back() {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        #[expect(unsafe_code, reason = "there is no safe wrapper")]
        // SAFETY: takes a number and no pointers, and may be called at any time from any thread.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
