//! Who carries orders out.

use crate::control::{Answer, Letter, Order, Verdict};
use crate::reload::{Because, Reloader};

/// Carries out what the control socket is asked.
pub(crate) struct Steward {
    reloader: Reloader,
}

impl Steward {
    pub(crate) fn new(reloader: Reloader) -> Self {
        Self { reloader }
    }

    /// Carries out an order. Once begun it is brought to its end, whether or not anybody waits.
    pub(crate) async fn carry_out(&self, letter: Letter) -> Answer {
        match &letter.order {
            Order::Reload { file } => match file {
                Some(file) if !is_same(file, self.reloader.file()) => {
                    let ours = self.reloader.file().display();
                    let asked = file.display();
                    not_good(&format!("the running gateway reads {ours}, not {asked}"))
                }
                _ => self.reload(&letter).await,
            },
        }
    }

    async fn reload(&self, letter: &Letter) -> Answer {
        let Some(outcome) = self.reloader.reload(Because::Asked).await else {
            return not_good("nothing was reloaded");
        };
        match outcome.as_ref() {
            Ok(applied) => Answer {
                verdict: Verdict::Done,
                text: applied.render(),
                json: applied.to_json(),
            },
            Err(not_applied) => Answer {
                verdict: if not_applied.is_of_the_file() {
                    Verdict::NotGood
                } else {
                    Verdict::Failed
                },
                text: not_applied.render(letter.coloured, letter.width),
                json: not_applied.to_json(),
            },
        }
    }
}

fn is_same(asked: &std::path::Path, ours: &std::path::Path) -> bool {
    let real = |path: &std::path::Path| path.canonicalize();
    matches!((real(asked), real(ours)), (Ok(asked), Ok(ours)) if asked == ours)
}

fn not_good(what: &str) -> Answer {
    Answer {
        verdict: Verdict::NotGood,
        text: format!("error: {what}\n"),
        json: serde_json::json!({ "error": what }),
    }
}
