//! Journeys: through the front door, over real sockets and real TLS. One file a subject.

mod certificates;
mod check;
mod commands;
mod disk_faults;
mod drain;
mod elsewhere;
mod ends;
mod evidence;
mod extra;
mod gate;
mod hang_ups;
mod kill;
mod limits;
mod load;
mod log_files;
mod operators;
mod probes;
mod process;
mod prove;
mod readme;
mod refusals;
mod reload;
mod road;
mod streams;
mod tokens;
mod upstreams;
