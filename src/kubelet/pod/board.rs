//! What the parts of a Pod tell each other: its containers write here, its worker publishes from here, and the
//! server reads logs and reaches programs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::super::container::{Logs, Program, Record, State};

/// The board of one Pod.
#[derive(Debug, Default)]
pub(in super::super) struct Board {
    slots: Mutex<BTreeMap<String, Slot>>,
    changed: Notify,
}

#[derive(Debug)]
struct Slot {
    record: Record,
    logs: Option<Arc<Logs>>,
    previous: Option<Arc<Logs>>,
    program: Option<Program>,
}

impl Board {
    /// One with a record for each container.
    pub(super) fn new(records: impl IntoIterator<Item = (String, Record)>) -> Arc<Self> {
        let slot = |record| Slot { record, logs: None, previous: None, program: None };
        let slots = records.into_iter().map(|(name, record)| (name, slot(record))).collect();
        Arc::new(Self { slots: Mutex::new(slots), changed: Notify::new() })
    }

    /// Changes a container's record, and tells the worker if that made a difference.
    pub(in super::super) fn change(&self, container: &str, change: impl FnOnce(&mut Record)) {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(container) else { return };
        let before = slot.record.clone();
        change(&mut slot.record);
        if slot.record != before {
            self.changed.notify_one();
        }
    }

    /// Waits for a change after the last that was waited for.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A container's record.
    pub(in super::super) fn record(&self, container: &str) -> Record {
        let slots = self.lock();
        slots
            .get(container)
            .map_or_else(|| Record::waiting("ContainerCreating", ""), |slot| slot.record.clone())
    }

    /// All records.
    pub(super) fn records(&self) -> BTreeMap<String, Record> {
        self.lock().iter().map(|(name, slot)| (name.clone(), slot.record.clone())).collect()
    }

    /// Begins a new log; the one before stays readable as the previous one.
    pub(in super::super) fn begin_logs(&self, container: &str) -> Arc<Logs> {
        let logs = Logs::new();
        if let Some(slot) = self.lock().get_mut(container)
            && let Some(previous) = slot.logs.replace(Arc::clone(&logs))
        {
            slot.previous = Some(previous);
        }
        logs
    }

    /// Puts in place what runs in a container.
    pub(in super::super) fn set_program(&self, container: &str, program: Program) {
        if let Some(slot) = self.lock().get_mut(container) {
            slot.program = Some(program);
        }
    }

    /// Takes away what ran in a container.
    pub(in super::super) fn end_program(&self, container: &str) {
        if let Some(slot) = self.lock().get_mut(container) {
            if let Some(program) = slot.program.take() {
                program.end();
            }
            slot.logs.iter().for_each(|logs| logs.close());
        }
    }

    /// Whether there is such a container.
    pub(in super::super) fn has(&self, container: &str) -> bool {
        self.lock().contains_key(container)
    }

    /// A container's log, or that of its run before. While it waits to be started again, the run that ended last is
    /// both.
    pub(in super::super) fn logs(&self, container: &str, previous: bool) -> Option<Arc<Logs>> {
        let slots = self.lock();
        let slot = slots.get(container)?;
        let between = matches!(slot.record.state, State::Waiting { .. }) && slot.record.last.is_some();
        if previous && !between { slot.previous.clone() } else { slot.logs.clone() }
    }

    /// The program that listens on a port.
    pub(in super::super) fn listener(&self, port: i32) -> Option<Program> {
        let slots = self.lock();
        slots
            .values()
            .filter_map(|slot| slot.program.as_ref())
            .find(|program| program.listens_on(port))
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The boards of all Pods, by namespace and name.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Boards(Arc<Mutex<BoardMap>>);

type BoardMap = BTreeMap<(String, String), Arc<Board>>;

impl Boards {
    pub(in super::super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<Board>> {
        self.lock().get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    pub(in super::super) fn insert(&self, key: (String, String), board: Arc<Board>) {
        self.lock().insert(key, board);
    }

    pub(in super::super) fn remove(&self, key: &(String, String)) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, BoardMap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
