//! What a running gateway cannot change: where its state lies, and how its log is kept.

use std::fmt;

use config::House;

/// A key whose value differs from the one in force and takes a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    key: &'static str,
    is: String,
    says: String,
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, is, says } = self;
        write!(
            f,
            "`{key}` cannot change while the gateway runs: it is {is}, the file says {says}"
        )
    }
}

/// Every key of that kind in which the file differs from what is in force.
pub(super) fn differences(is: &House, says: &House) -> Vec<Fixed> {
    let audit::Settings {
        dir,
        node,
        segment_bytes,
        linger,
        queue_bytes_max,
    } = &is.audit;
    let new = &says.audit;
    let bytes = |bytes: u64| format!("{bytes} B");
    let queue = |bytes: usize| format!("{bytes} B");
    [
        fixed("store.path", &is.store, &says.store, |path| {
            path.display().to_string()
        }),
        fixed("audit.dir", dir, &new.dir, |path| {
            path.display().to_string()
        }),
        fixed("audit.node", node, &new.node, Clone::clone),
        fixed("audit.linger", linger, &new.linger, |linger| {
            format!("{linger:?}")
        }),
        fixed(
            "audit.segment",
            segment_bytes,
            &new.segment_bytes,
            |count| bytes(*count),
        ),
        fixed(
            "audit.queue_max",
            queue_bytes_max,
            &new.queue_bytes_max,
            |count| queue(*count),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fixed<T: PartialEq>(
    key: &'static str,
    is: &T,
    says: &T,
    show: impl Fn(&T) -> String,
) -> Option<Fixed> {
    (is != says).then(|| Fixed {
        key,
        is: show(is),
        says: show(says),
    })
}
