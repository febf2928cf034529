//! Journeys: through the front door, over real sockets and real TLS. One file a subject.

mod certificates;
mod check;
mod commands;
mod drain;
mod evidence;
mod kill;
mod limits;
mod process;
mod readme;
mod refusals;
mod road;
mod streams;
mod tokens;
