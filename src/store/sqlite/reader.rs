//! The reader: one thread with a connection that can only ask.
//!
//! Under WAL a question sees the last COMMIT and never waits for the writer.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use model::ports::StoreUnavailable;

/// How many questions may wait.
const QUESTIONS_MAX: usize = 1024;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The door to the reader thread. Dropping it answers what waits and closes the connection.
#[derive(Debug)]
pub(super) struct Reader {
    questions: Option<SyncSender<Question>>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (questions, waiting): (_, Receiver<Question>) = sync_channel(QUESTIONS_MAX);
        let thread = thread::Builder::new()
            .name("store-reader".into())
            .spawn(move || {
                for question in waiting {
                    question(&connection);
                }
            })?;
        Ok(Self {
            questions: Some(questions),
            thread: Some(thread),
        })
    }

    /// Asks one question.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        doing: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // Nobody listens any more: nothing to do, a question changes nothing.
            let _ = answer.send(question(connection));
        });
        let unavailable = |source| StoreUnavailable { doing, source };
        let sender = self.questions.as_ref().ok_or_else(|| unavailable(None))?;
        sender.try_send(question).map_err(|refused| {
            unavailable(Some(match refused {
                TrySendError::Full(_) => "the reader's queue is full".into(),
                TrySendError::Disconnected(_) => "the reader has stopped".into(),
            }))
        })?;
        let result = answered
            .await
            .map_err(|_| unavailable(Some("the reader has stopped".into())))?;
        result.map_err(|cause| unavailable(Some(cause.into())))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's reader thread had panicked");
        }
    }
}
