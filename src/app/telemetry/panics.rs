//! What a panic tells: where, and never with what. Its message may hold anything that the code had
//! in hand, a request's data or a key among it, so it is told only when it is a text of the code.

use std::io::Write as _;
use std::panic::PanicHookInfo;

use super::logs;

/// From now on a panic tells where it was and nothing of the data that it met. A request whose
/// handler panics is answered 500 and recorded; the process goes on.
pub fn hush_panics() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |at| {
        format!("{}:{}:{}", at.file(), at.line(), at.column())
    });
    let words = info.payload().downcast_ref::<&'static str>();
    let words = words
        .copied()
        .unwrap_or("(its message may hold data and is not shown)");
    if logs::is_started() {
        tracing::error!(panic.at = place, error = words, "the program broke");
    } else {
        let _ = writeln!(
            std::io::stderr().lock(),
            "error: the program broke at {place}: {words}\nhelp: please report this"
        );
    }
}
