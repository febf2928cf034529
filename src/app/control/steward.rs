//! Who carries orders out.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::control::{Answer, KeyOrder, KeyWhat, Letter, Order, Verdict, carry_out, rings};
use crate::live::Live;
use crate::reload::{Because, Reloader};
use crate::standing::Standing;

/// Carries out what the control socket is asked.
pub(crate) struct Steward {
    reloader: Reloader,
    live: Arc<ArcSwap<Live>>,
    standing: Arc<Standing>,
    /// Held while a ring is changed: one order after the other.
    rings: Mutex<()>,
}

impl Steward {
    pub(crate) fn new(
        reloader: Reloader,
        live: Arc<ArcSwap<Live>>,
        standing: Arc<Standing>,
    ) -> Self {
        Self {
            reloader,
            live,
            standing,
            rings: Mutex::new(()),
        }
    }

    /// Carries out an order. Once begun it is brought to its end, whether or not anybody waits.
    pub(crate) async fn carry_out(&self, letter: Letter) -> Answer {
        match &letter.order {
            Order::Reload { file } => match file {
                Some(file) if !is_same(file, self.reloader.file()) => {
                    // Absolute as what is asked: the two stand beside each other.
                    let ours = std::path::absolute(self.reloader.file());
                    let ours = ours.as_deref().unwrap_or(self.reloader.file()).display();
                    let asked = file.display();
                    not_good(&format!("the running gateway reads {ours}, not {asked}"))
                }
                _ => self.reload(&letter, Because::Asked).await,
            },
            Order::Keys(order) => self.keys(&letter, order).await,
            Order::Consent(order) => {
                order
                    .carry_out(&self.live.load_full(), &self.standing)
                    .await
            }
        }
    }

    /// A ring that was changed in the store is put in force with the settings that are: whatever
    /// the file has become meanwhile, what was distrusted is refused.
    async fn keys(&self, letter: &Letter, order: &KeyOrder) -> Answer {
        let _one_after_the_other = self.rings.lock().await;
        let distrusted = match carry_out(&self.live.load_full(), order).await {
            Ok(distrusted) => distrusted,
            Err(answer) => return answer,
        };
        if matches!(order.what, KeyWhat::List) {
            return rings(&self.live.load_full(), order, None).await;
        }
        let opened = self.reload(letter, Because::Rings).await;
        // What is in force now may sign a little later than was asked: it had to be published.
        let mut done = rings(&self.live.load_full(), order, distrusted.as_ref()).await;
        if opened.verdict != Verdict::Done {
            done.verdict = Verdict::Failed;
            done.text = format!(
                "{}error: the ring is changed in the store, but the running gateway goes on with \
                 the one it has\n{}help: ask again, or start the gateway anew\n",
                done.text, opened.text
            );
            done.json["error"] = opened.json;
        }
        done
    }

    async fn reload(&self, letter: &Letter, because: Because) -> Answer {
        let Some(outcome) = self.reloader.reload(because).await else {
            return not_good("nothing was reloaded");
        };
        match outcome.as_ref() {
            Ok(applied) => Answer {
                verdict: Verdict::Done,
                text: applied.render(letter.coloured, letter.width),
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
