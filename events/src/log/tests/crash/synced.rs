//! The proof that nothing is said before it is on the disk, by the system calls of a child.
//!
//! By hand: `strace -f -y -e trace=pwrite64,write,fdatasync,fsync target/debug/dossier serve …`;
//! each answer on a socket comes after an `fdatasync` of `log/db` that follows its last `pwrite64`.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Write, stderr},
};

use super::*;

/// Set where strace must be there; elsewhere its absence is only told.
const REQUIRED: &str = "DOSSIER_REQUIRE_STRACE";

#[test]
fn nothing_is_said_before_the_store_is_synced() {
    if !can_trace() {
        assert!(env::var_os(REQUIRED).is_none(), "strace is missing, or may not trace");
        let told = "nothing_is_said_before_the_store_is_synced: not checked, there is no strace\n";
        return stderr().write_all(told.as_bytes()).unwrap();
    }
    let folder = Folder::new();
    let trace = trace_of(&folder);
    let mut order = Order::default();
    trace.lines().for_each(|line| order.take(line));
    assert_eq!(order.said, 30, "{trace}");
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

fn trace_of(folder: &Folder) -> String {
    let (trace, child) = (folder.path("trace"), child::stepping(folder));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-qq", "-e", "trace=pwrite64,write,fdatasync,fsync", "-o"]);
    strace.arg(&trace).arg(child.get_program()).args(child.get_args());
    strace.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = strace.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(trace).unwrap()
}

/// What happened to a file: how often it was written, and how much of that is on the disk.
#[derive(Default)]
struct Writes {
    done: usize,
    synced: usize,
    /// By the threads that are in a sync now: what had been written when it began.
    syncing: BTreeMap<String, usize>,
}

impl Writes {
    fn take(&mut self, thread: &str, call: &str) {
        if call.starts_with("pwrite64(") {
            self.done += 1;
        } else if call.contains("sync(") {
            self.syncing.insert(thread.to_owned(), self.done);
            self.take_end(thread, call);
        }
    }

    fn take_end(&mut self, thread: &str, call: &str) {
        if call.ends_with("= 0")
            && let Some(before) = self.syncing.remove(thread)
        {
            self.synced = before;
        }
    }

    fn is_synced(&self) -> bool {
        self.synced == self.done
    }
}

/// Keys, store, answer: in this order, each synced before the next.
#[derive(Default)]
struct Order {
    keys: Writes,
    store: Writes,
    /// How much had been written to the store when the last answer was given.
    answered: usize,
    said: usize,
}

impl Order {
    fn take(&mut self, line: &str) {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if call.starts_with("<... f") {
            self.keys.take_end(thread, call);
            self.store.take_end(thread, call);
        } else if call.contains("/keys>") {
            self.keys.take(thread, call);
        } else if call.contains("/log/db>") {
            assert!(self.keys.is_synced() || call.contains("sync("), "keys come first: {line}");
            self.store.take(thread, call);
        } else if call.starts_with("write(1<") && call.contains(ACKNOWLEDGED) {
            self.say(line);
        }
    }

    fn say(&mut self, line: &str) {
        assert!(self.store.done > self.answered, "nothing was written: {line}");
        assert!(self.store.is_synced(), "said before it was synced: {line}");
        self.answered = self.store.done;
        self.said += 1;
    }
}
