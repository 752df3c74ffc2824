//! Prints panics in the format that the host recognises.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic;

/// Prints every panic as `panic: …` with a backtrace, because Terraform shows its crash report only
/// for that format. The call that panicked ends with an error; the process continues.
pub(super) fn report() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a message".to_owned());
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let trace = Backtrace::force_capture();
        // Nobody to tell when stderr is gone.
        let _ = writeln!(std::io::stderr(), "panic: {message}\n\nat {place}\n{trace}");
    }));
}
