//! Memory of idle connections: opens many, asks once on each, holds them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_local;

use crate::options::Options;
use crate::process::Usage;
use crate::requests::Requests;
use crate::tls::{Dialer, Stream};
use crate::visit::read_answer;
use crate::window::SharedWindow;

/// Connections that are opened at once.
const DIALERS: usize = 16;

/// Opens all connections, and says what they take.
pub(crate) async fn hold(
    options: &Rc<Options>,
    requests: &Rc<Requests>,
    window: &SharedWindow,
) -> anyhow::Result<Value> {
    let before = Usage::of(&options.processes);
    let held: Rc<RefCell<Vec<Box<dyn Stream>>>> = Rc::default();
    let left = Rc::new(RefCell::new(options.connections));
    let mut tasks = Vec::new();
    for _ in 0..DIALERS {
        let dialer = Dialer::new(options)?;
        let (requests, window) = (Rc::clone(requests), Rc::clone(window));
        let (held, left) = (Rc::clone(&held), Rc::clone(&left));
        tasks.push(spawn_local(async move {
            while take(&left) {
                match open(&dialer, &requests, &window).await {
                    Ok(stream) => held.borrow_mut().push(stream),
                    Err(error) => window.borrow_mut().error(&error),
                }
            }
        }));
    }
    for task in tasks {
        task.await?;
    }
    tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    let after = Usage::of(&options.processes);
    let open = held.borrow().len();
    let window = window.borrow();
    let (errors, error) = window.errors();
    let grown = after.rss_kib as f64 - before.rss_kib as f64;
    Ok(json!({
        "answers": open, "bad": 0, "errors": errors, "error": error,
        "rss_before_kib": before.rss_kib, "rss_kib": after.rss_kib,
        "kib_per_connection": grown / open.max(1) as f64,
        "cpu_us": after.ran_ns.saturating_sub(before.ran_ns) as f64 / 1_000.0 / open.max(1) as f64,
    }))
}

fn take(left: &RefCell<usize>) -> bool {
    let mut left = left.borrow_mut();
    let is_one_left = *left > 0;
    *left = left.saturating_sub(1);
    is_one_left
}

async fn open(
    dialer: &Dialer,
    requests: &Requests,
    window: &SharedWindow,
) -> anyhow::Result<Box<dyn Stream>> {
    let mut stream = dialer.dial(window).await?;
    stream.write_all(requests.h1(0).unwrap_or_default()).await?;
    stream.flush().await?;
    let answer = read_answer(&mut stream, &mut Vec::new()).await?;
    anyhow::ensure!(answer.status == 200, "status {}", answer.status);
    Ok(stream)
}
