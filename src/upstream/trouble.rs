//! What went wrong with a bank's service, in one word: a closed set for records, logs and counters.

use std::error::Error;
use std::io;

use model::{BodyBroken, BodyError};

use crate::wire::{DISOWNED, UNREADABLE};
use crate::{ConnectProblem, Unacceptable, Unreachable, UpstreamFailure, Waiting};

/// What went wrong, in one word. The table in this room's header says what follows from each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// All places were taken for too long, or too many waited already.
    Busy,
    /// No endpoint is in play: all rest after failures.
    Resting,
    /// The upstream is being drained.
    Draining,
    /// Nobody listens there, or its name leads nowhere.
    Dead,
    /// Nobody answered the attempt to connect.
    Unreachable,
    /// TLS failed: their certificate, or what they think of ours.
    Untrusted,
    /// The bank gave the request back unprocessed (RFC 9113 §8.7).
    Refused,
    /// No head in time.
    TimedOut,
    /// The connection broke before the answer's head.
    Reset,
    /// What came is not an answer that can be passed on.
    Garbage,
    /// The answer's body broke off.
    Truncated,
    /// The answer's body paused for too long, or trickled.
    Stalled,
    /// The bank answered 502, 503 or 504: what stands before its service could not reach it. Passed
    /// on as it came.
    Declined,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Busy,
        Self::Resting,
        Self::Draining,
        Self::Dead,
        Self::Unreachable,
        Self::Untrusted,
        Self::Refused,
        Self::TimedOut,
        Self::Reset,
        Self::Garbage,
        Self::Truncated,
        Self::Stalled,
        Self::Declined,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Resting => "resting",
            Self::Draining => "draining",
            Self::Dead => "dead",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Reset => "reset",
            Self::Garbage => "garbage",
            Self::Truncated => "truncated",
            Self::Stalled => "stalled",
            Self::Declined => "declined",
        }
    }

    /// How an answer's body went wrong.
    pub fn of_body(error: &BodyError) -> Self {
        match error.downcast_ref() {
            Some(BodyBroken::TooSlow) => Self::Stalled,
            Some(BodyBroken::TooLarge { .. } | BodyBroken::BrokenOff) | None => Self::Truncated,
        }
    }

    /// Its place in [`Trouble::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl UpstreamFailure {
    /// What went wrong with the bank's service; `None` where it was the request's own fault.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Unavailable(why) => Some(why.trouble()),
            Self::TimedOut(Waiting::Place) => Some(Trouble::Busy),
            Self::TimedOut(Waiting::Connection) => Some(Trouble::Unreachable),
            Self::TimedOut(Waiting::Head) => Some(Trouble::TimedOut),
            Self::Invalid(Unacceptable::Broken(_)) => Some(Trouble::Reset),
            Self::Invalid(Unacceptable::NotForwardable) | Self::Request(_) => None,
            Self::Invalid(_) => Some(Trouble::Garbage),
        }
    }

    /// Whether a request without effect may be sent once more: the connection broke before the
    /// answer's head, or the bank said that it had not begun.
    pub(crate) fn invites_repeat(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(Unreachable::RefusedStream(_) | Unreachable::WentAway(_))
                | Self::Invalid(Unacceptable::Broken(_))
        )
    }

    /// Why no head came, told from hyper's error.
    pub(crate) fn of_exchange(error: hyper::Error) -> Self {
        match io_kind(&error) {
            Some(DISOWNED) => return Self::Unavailable(Unreachable::Disowned(error)),
            Some(UNREADABLE) => return Self::Invalid(Unacceptable::Malformed(error)),
            Some(_) | None => {}
        }
        let Some(cause) = http2(&error) else {
            return Self::Invalid(if error.is_parse() {
                Unacceptable::Malformed(error)
            } else {
                Unacceptable::Broken(error)
            });
        };
        // A stream is told of a GOAWAY only when it was not begun: its number is above the last
        // one that the bank says it may act on (RFC 9113 §6.8).
        if cause.is_go_away() && cause.is_remote() {
            Self::Unavailable(Unreachable::WentAway(error))
        } else if cause.is_remote() && cause.reason() == Some(h2::Reason::REFUSED_STREAM) {
            Self::Unavailable(Unreachable::RefusedStream(error))
        } else if cause.is_library() {
            Self::Invalid(Unacceptable::Malformed(error))
        } else if cause.is_remote() || cause.is_io() {
            Self::Invalid(Unacceptable::Broken(error))
        } else {
            Self::Invalid(Unacceptable::NotForwardable)
        }
    }
}

impl Unreachable {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Connect { source, .. } => match source {
                ConnectProblem::Resolve(_) | ConnectProblem::NoAddress => Trouble::Dead,
                ConnectProblem::Tcp(error) => match error.kind() {
                    io::ErrorKind::ConnectionRefused => Trouble::Dead,
                    _ => Trouble::Unreachable,
                },
                ConnectProblem::TimedOut => Trouble::Unreachable,
                ConnectProblem::Tls(_) => Trouble::Untrusted,
                ConnectProblem::Http(_) => Trouble::Garbage,
            },
            Self::NoEndpoint => Trouble::Resting,
            Self::QueueFull { .. } | Self::WaitedTooLong => Trouble::Busy,
            Self::GivenBack => Trouble::Reset,
            Self::RefusedStream(_) | Self::WentAway(_) => Trouble::Refused,
            Self::Disowned(_) => Trouble::Untrusted,
            Self::Draining => Trouble::Draining,
        }
    }
}

/// Whether an error is one of the whole connection, which every stream on it is told of.
pub(crate) fn is_of_connection(error: &(dyn Error + 'static)) -> bool {
    http2(error).is_none_or(|cause| !cause.is_reset())
}

fn http2<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e h2::Error> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}

/// What kind of error the transport had, if it was the transport's.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| {
        let of_http2 = || e.downcast_ref::<h2::Error>()?.get_io();
        let io = e.downcast_ref::<io::Error>().or_else(of_http2);
        io.map(io::Error::kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_stands_once_and_at_its_own_place() {
        for (index, trouble) in Trouble::ALL.into_iter().enumerate() {
            assert_eq!(trouble.index(), index, "{trouble:?}");
            let same = |other: &&Trouble| other.as_str() == trouble.as_str();
            assert_eq!(Trouble::ALL.iter().filter(same).count(), 1, "{trouble:?}");
        }
    }

    #[test]
    fn only_a_break_or_a_request_given_back_invites_a_repeat() {
        for failure in [
            UpstreamFailure::Unavailable(Unreachable::NoEndpoint),
            UpstreamFailure::Unavailable(Unreachable::GivenBack),
            UpstreamFailure::TimedOut(Waiting::Head),
            UpstreamFailure::Invalid(Unacceptable::Framing),
            UpstreamFailure::Invalid(Unacceptable::Switched),
            UpstreamFailure::Request(BodyBroken::BrokenOff),
        ] {
            assert!(!failure.invites_repeat(), "{failure:?}");
        }
    }
}
