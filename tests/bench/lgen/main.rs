//! lgen: a bounded load generator for the bench. HTTP/1.1 and HTTP/2, plain, TLS 1.3, mutual TLS;
//! kept or new connections; closed loop, or open loop at a fixed rate. One thread, loopback only.
//!
//! It brackets the measured window with the CPU time of the processes under test and prints one
//! JSON object.

mod idle;
mod options;
mod pace;
mod process;
mod requests;
mod tls;
mod visit;
mod window;

use std::io::Write as _;
use std::rc::Rc;
use std::time::Duration;

use clap::Parser as _;
use tokio::task::{LocalSet, spawn_local};

use crate::options::{Mode, Options};
use crate::process::Usage;
use crate::requests::Requests;
use crate::window::Window;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    anyhow::ensure!(options.address.ip().is_loopback(), "loopback only");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = LocalSet::new().block_on(&runtime, run(options))?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

async fn run(options: Options) -> anyhow::Result<serde_json::Value> {
    let requests = Rc::new(Requests::prepare(&options)?);
    let window = Window::shared();
    let options = Rc::new(options);
    if options.mode == Mode::Idle {
        return idle::hold(&options, &requests, &window).await;
    }
    let mut visits = Vec::new();
    for number in 0..options.connections {
        // Each worker has tickets of its own, so that none resumes with a neighbour's.
        let dialer = tls::Dialer::new(&options)?;
        let visitor = visit::Visitor {
            number,
            dialer,
            options: Rc::clone(&options),
            requests: Rc::clone(&requests),
            window: Rc::clone(&window),
        };
        visits.push(spawn_local(visitor.run()));
    }
    if let Some(rate) = options.rate {
        spawn_local(pace::pace(rate, Rc::clone(&window)));
    }
    if options.each.is_none() {
        tokio::time::sleep(Duration::from_secs_f64(options.warm)).await;
    }
    let own = [std::process::id()];
    let (before, own_before) = (Usage::of(&options.processes), Usage::of(&own));
    window.borrow_mut().begin();
    if options.each.is_some() {
        for visit in visits {
            visit.await?;
        }
    } else {
        tokio::time::sleep(Duration::from_secs_f64(options.seconds)).await;
    }
    let (after, own_after) = (Usage::of(&options.processes), Usage::of(&own));
    let mut window = window.borrow_mut();
    window.end();
    Ok(window.report(&before, &after, &own_before, &own_after))
}
