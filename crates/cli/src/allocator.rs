//! How the C library's allocator keeps what is freed.

/// So many heaps that threads allocate from. The library makes one for each thread, up to eight for each processor, and what is free
/// in one is of no use to the others: a server under steady load kept 4 MB more that way, and grew by 0.3 kB with each run
/// (docs/development/soak.md). As many as the runtime has workers is enough: others seldom allocate at the same time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: i32 = 2;

/// Keeps the number of heaps small. To be called before there is a second thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_few_heaps() {
    #[expect(
        unsafe_code,
        reason = "the setting of glibc has no other door but its environment, which blocks would inherit"
    )]
    // SAFETY: takes two numbers and no pointers, and no other thread allocates yet. A refusal leaves the default.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Other systems have other allocators.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn keep_few_heaps() {}
