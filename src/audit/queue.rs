//! Between those who record and the one thread that writes: groups that grow while the disk works.
//!
//! An entry joins the open group. The writer takes a whole group, makes it durable and publishes
//! the group's outcome once; all who wait for it are woken together. A waiter holds no place in the
//! group, so one that was dropped delays nobody. The mutex is held for moments, never for I/O.
//!
//! A group is written when somebody asks for it. The first who waits for an entry of a group asks,
//! once all other tasks that are ready now have run: what they record joins the same group. What
//! nobody waits for joins the next group that is asked for, or is written a moment later.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use model::ports::{AuditUnavailable, Receipt};
use model::{LogName, PartnerId, Turn};

use crate::locked::recovered;
use crate::metrics::GroupMeters;
use crate::outcome::{Calls, Done};
use crate::record::{Gap, PREFIX_BYTES_MAX};
use crate::wal::batch::{GROUP_BYTES_MAX, GROUP_RECORDS_MAX};
use crate::wal::frame::frame_bytes;

/// How long entries that nobody waits for wait for company.
const UNASKED_WAIT_MAX: Duration = Duration::from_millis(10);
const QUEUE_BYTES_MIN: usize = 64 << 10;

/// An entry on its way.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) log: LogName,
    pub(crate) partner: Option<PartnerId>,
    pub(crate) at: Timestamp,
    /// The record without what the writer puts before it.
    pub(crate) body: Vec<u8>,
}

impl Item {
    /// Bytes it takes on disk at most, and about what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        frame_bytes(PREFIX_BYTES_MAX + self.body.len())
    }
}

/// Entries that become durable together. Dropped without an outcome, it fails its waiters.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) items: Vec<Item>,
    bytes: usize,
    /// Whether somebody waits for one of its entries.
    is_awaited: bool,
    /// Whether it is to be written as soon as the writer is free.
    is_asked_for: bool,
    done: Arc<Done>,
}

impl Group {
    fn new(calls: &Arc<Calls>) -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            is_awaited: false,
            is_asked_for: false,
            done: Done::new(calls),
        }
    }

    /// Bytes its entries take on disk at most.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_due(&self) -> bool {
        self.is_asked_for || self.is_full()
    }

    fn is_full(&self) -> bool {
        self.items.len() >= GROUP_RECORDS_MAX || self.bytes >= GROUP_BYTES_MAX
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.done.publish(Err(AuditUnavailable));
    }
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Work {
    /// Make a group durable.
    Group(Group),
    /// End; with a record of it or without.
    End {
        /// Whether the stop was ordered.
        is_orderly: bool,
    },
    /// End at once: another has found that nothing more can be written.
    GiveUp,
}

/// How many bytes an entry may find waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of the queue: somebody waits for the entry.
    Whole,
    /// 80 % of it: nobody does (specs/audit.md §6).
    Most,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    bytes_max: usize,
    meters: OnceLock<GroupMeters>,
    calls: Arc<Calls>,
}

#[derive(Debug)]
struct State {
    groups: VecDeque<Group>,
    /// Bytes queued or being written.
    bytes: usize,
    life: Life,
    /// Whether it was told that half of the queue is taken.
    is_half_full: bool,
    waits: Waits,
    missed: Option<Gap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Open,
    Ending { is_orderly: bool },
    Dead,
}

/// What the writer's thread does when it is not at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    /// Any entry wakes it.
    ForWork,
    /// It looks by itself after a moment; a group that is due wakes it.
    AMoment,
    /// A full group wakes it.
    ForMore,
}

impl State {
    fn front_is_full(&self) -> bool {
        self.groups.front().is_some_and(Group::is_full)
    }

    fn front_is_due(&self) -> bool {
        self.life != Life::Open || self.groups.front().is_some_and(Group::is_due)
    }

    fn is_to_wake(&self) -> bool {
        match self.waits {
            Waits::No => false,
            Waits::ForWork => true,
            Waits::AMoment => self.front_is_due(),
            Waits::ForMore => self.front_is_full(),
        }
    }

    /// Bytes are written, or refused. Half full is told anew once three quarters are free.
    fn release(&mut self, bytes: usize, bytes_max: usize) {
        self.bytes -= bytes;
        self.is_half_full &= self.bytes > bytes_max / 4;
    }

    fn miss(&mut self, at: Timestamp) {
        let gap = self.missed.get_or_insert(Gap {
            count: 0,
            from: at,
            to: at,
        });
        gap.count += 1;
        gap.from = gap.from.min(at);
        gap.to = gap.to.max(at);
    }
}

impl Queue {
    /// An empty queue for at most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                groups: VecDeque::new(),
                bytes: 0,
                life: Life::Open,
                is_half_full: false,
                waits: Waits::No,
                missed: None,
            }),
            work: Condvar::new(),
            bytes_max: bytes_max.max(QUEUE_BYTES_MIN),
            meters: OnceLock::new(),
            calls: Arc::default(),
        }
    }

    /// Puts an entry into the open group; the ticket resolves when it is durable. A full queue
    /// counts what it could not take for the next `audit.gap`.
    pub(crate) fn push(
        self: &Arc<Self>,
        item: Item,
        share: Share,
    ) -> Result<Ticket, AuditUnavailable> {
        let bytes = item.bytes();
        let bytes_max = match share {
            Share::Whole => self.bytes_max,
            Share::Most => self.bytes_max / 5 * 4,
        };
        let mut state = self.lock();
        if state.life != Life::Open {
            return Err(AuditUnavailable);
        }
        if state.bytes.saturating_add(bytes) > bytes_max {
            state.miss(item.at);
            return Err(AuditUnavailable);
        }
        state.bytes += bytes;
        let is_news = !state.is_half_full && state.bytes > self.bytes_max / 2;
        state.is_half_full |= is_news;
        if state.groups.back().is_none_or(Group::is_full) {
            state.groups.push_back(Group::new(&self.calls));
        }
        let group = state.groups.back_mut().expect("a group must be open");
        let is_first = share == Share::Whole && !group.is_awaited;
        group.is_awaited |= is_first;
        let ticket = Ticket {
            done: Arc::clone(&group.done),
            index: group.items.len(),
            slot: None,
            asks: is_first.then(|| Asks {
                queue: Arc::clone(self),
                turn: Turn::default(),
            }),
        };
        group.bytes += bytes;
        group.items.push(item);
        // One who waits asks in a moment, which wakes the writer once instead of twice.
        if !is_first || state.front_is_full() {
            self.wake(state);
        } else {
            drop(state);
        }
        if is_news {
            tracing::warn!("half of what may wait for the audit log's disk does");
        }
        Ok(ticket)
    }

    /// Asks for what is queued now.
    fn ask(&self) {
        let mut state = self.lock();
        for group in &mut state.groups {
            group.is_asked_for = true;
        }
        self.wake(state);
    }

    /// Wakes the writer if it waits for what is there now.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if state.is_to_wake() {
            state.waits = Waits::No;
            drop(state);
            self.work.notify_one();
        }
    }

    /// Who wakes those that wait.
    pub(crate) fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// Measures groups from now on.
    pub(crate) fn measure_groups(&self, meters: GroupMeters) {
        let _ = self.meters.set(meters);
    }

    /// A group of so many records is durable.
    pub(crate) fn committed(&self, records: usize, took: Duration) {
        if let Some(meters) = self.meters.get() {
            meters.committed(records, took);
        }
    }

    /// Bytes that are queued or being written.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Bytes that may be.
    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Whether the log cannot be written any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().life == Life::Dead
    }

    /// Whether an entry would be taken now.
    pub(crate) fn is_available(&self) -> bool {
        let state = self.lock();
        state.life == Life::Open && state.bytes < self.bytes_max
    }

    /// Waits for the next work. A group that is not full may wait for more, up to `linger`.
    pub(crate) fn next(&self, linger: Duration) -> Work {
        let mut state = self.lock();
        // Entries that nobody waits for wake no one as long as there is a next look.
        let mut looked = false;
        loop {
            if state.front_is_due() || (looked && !state.groups.is_empty()) {
                if !linger.is_zero() && state.life == Life::Open && !state.front_is_full() {
                    state = self.linger(state, linger);
                }
                if let Some(group) = state.groups.pop_front() {
                    return Work::Group(group);
                }
            }
            match state.life {
                Life::Open => {}
                Life::Ending { is_orderly } => return Work::End { is_orderly },
                Life::Dead => return Work::GiveUp,
            }
            if looked {
                state.waits = Waits::ForWork;
                state = recovered(self.work.wait(state));
                state.waits = Waits::No;
            } else {
                state = self.wait(state, Waits::AMoment, UNASKED_WAIT_MAX);
            }
            looked = !looked;
        }
    }

    /// Waits until woken, or for so long.
    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        how: Waits,
        longest: Duration,
    ) -> MutexGuard<'a, State> {
        state.waits = how;
        let is_asleep = |state: &mut State| state.waits == how && state.life == Life::Open;
        let (mut state, _) = recovered(self.work.wait_timeout_while(state, longest, is_asleep));
        state.waits = Waits::No;
        state
    }

    fn linger<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        linger: Duration,
    ) -> MutexGuard<'a, State> {
        state.waits = Waits::ForMore;
        let is_growing = |state: &mut State| state.life == Life::Open && !state.front_is_full();
        let (mut state, _) = recovered(self.work.wait_timeout_while(state, linger, is_growing));
        state.waits = Waits::No;
        state
    }

    /// Publishes that a group is durable and wakes all who wait for it.
    pub(crate) fn finish(&self, group: &Group, receipts: Vec<Receipt>) {
        self.lock().release(group.bytes, self.bytes_max);
        group.done.publish(Ok(receipts));
    }

    /// Refuses a group for lack of space; its entries count as missed.
    pub(crate) fn refuse(&self, group: Group) {
        let mut state = self.lock();
        state.release(group.bytes, self.bytes_max);
        for item in &group.items {
            state.miss(item.at);
        }
        drop(state);
        drop(group);
    }

    /// What could not be taken since the last time this was asked.
    pub(crate) fn take_missed(&self) -> Option<Gap> {
        self.lock().missed.take()
    }

    /// Takes no more; the writer ends when it has written what is queued.
    pub(crate) fn end(&self, is_orderly: bool) {
        let mut state = self.lock();
        if state.life == Life::Open {
            state.life = Life::Ending { is_orderly };
        }
        drop(state);
        self.work.notify_all();
    }

    /// Takes no more and fails all that is queued.
    pub(crate) fn kill(&self) {
        let mut state = self.lock();
        state.life = Life::Dead;
        let groups = std::mem::take(&mut state.groups);
        drop(state);
        self.work.notify_all();
        drop(groups);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        recovered(self.state.lock())
    }
}

/// Resolves when its entry is durable, or cannot become so.
#[derive(Debug)]
pub(crate) struct Ticket {
    done: Arc<Done>,
    index: usize,
    slot: Option<usize>,
    asks: Option<Asks>,
}

/// The first who waits for a group asks for it: when all tasks that are ready now have run, or when
/// it waits no more.
#[derive(Debug)]
struct Asks {
    queue: Arc<Queue>,
    turn: Turn,
}

impl Drop for Asks {
    fn drop(&mut self) {
        self.queue.ask();
    }
}

impl Future for Ticket {
    type Output = Result<Receipt, AuditUnavailable>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ticket = self.get_mut();
        if let Some(receipt) = ticket.done.receipt(ticket.index) {
            return Poll::Ready(receipt);
        }
        if let Some(asks) = &mut ticket.asks
            && asks.turn.poll(context).is_ready()
        {
            ticket.asks = None;
        }
        let waker = context.waker();
        let Ticket { done, slot, .. } = ticket;
        done.poll_receipt(ticket.index, slot, waker)
    }
}
