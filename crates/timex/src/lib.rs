//! What the kernel knows about time and the standard library does not provide: whether its clock is synchronised, and
//! the monotonic time including suspend.

/// Monotonic time in microseconds, including suspend of the machine if the system provides that
/// (`CLOCK_BOOTTIME` of `clock_gettime(2)` on Linux). It can't be set.
#[cfg(target_os = "linux")]
#[must_use]
pub fn elapsed_us() -> i64 {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(
        unsafe_code,
        reason = "std's Instant leaves out sleep, and rustix reads the vDSO, which Valgrind does not have"
    )]
    // SAFETY: The kernel writes one `timespec` behind the pointer, which is valid, aligned and ours alone.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut at) };
    debug_assert_eq!(failed, 0, "every Linux there is for programs has this clock");
    at.tv_sec * 1_000_000 + at.tv_nsec / 1_000
}

/// Time that went by since some moment, in microseconds. Nobody can set it.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn elapsed_us() -> i64 {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(std::time::Instant::now).elapsed().as_micros() as i64
}

/// Whether the kernel says that something keeps its real-time clock synchronised (`adjtimex(2)`: the call gives no error and the
/// bit `STA_UNSYNC` is clear). False where the kernel doesn't say: on systems other than Linux, and where the call is forbidden.
///
/// Setting the clock by hand makes it unsynchronised until a time service has corrected it.
#[must_use]
pub fn is_clock_synchronised() -> bool {
    status().is_some_and(is_synchronised)
}

#[cfg(target_os = "linux")]
fn status() -> Option<i32> {
    let mut timex = std::mem::MaybeUninit::<libc::timex>::zeroed();
    #[expect(unsafe_code, reason = "no well-kept library wraps this call")]
    // SAFETY: The kernel reads and writes one `timex` behind the pointer, which is valid, aligned and ours alone. All zeros are
    // a value of each of its fields, and `modes` of 0 changes nothing, so it needs no rights.
    let (state, timex) = unsafe {
        let state = libc::adjtimex(timex.as_mut_ptr());
        (state, timex.assume_init())
    };
    (state >= 0).then_some(timex.status)
}

#[cfg(not(target_os = "linux"))]
fn status() -> Option<i32> {
    None
}

#[cfg(target_os = "linux")]
const fn is_synchronised(status: i32) -> bool {
    status & libc::STA_UNSYNC == 0
}

#[cfg(not(target_os = "linux"))]
const fn is_synchronised(_status: i32) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn time_goes_by() {
        let begun = elapsed_us();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(elapsed_us() - begun >= 20_000);
    }

    #[test]
    fn the_kernel_says_how_its_clock_is() {
        // What it says depends on the machine; that it says something does not.
        assert!(status().is_some());
    }

    #[test]
    fn a_clock_is_synchronised_until_the_bit_says_otherwise() {
        assert!(is_synchronised(libc::STA_PLL | libc::STA_NANO));
        assert!(!is_synchronised(libc::STA_PLL | libc::STA_UNSYNC));
    }
}
