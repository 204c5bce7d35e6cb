use std::sync::mpsc;

use super::*;

#[test]
fn who_waits_too_long_is_asked_for_again() {
    let (asked, heard) = mpsc::channel();
    let nudge = Nudge::start(move || asked.send(()).unwrap()).unwrap();
    nudge.during(|| heard.recv().unwrap());
    // Whoever does not wait is left alone: the channel would be closed otherwise.
    drop(nudge);
    assert!(heard.try_recv().is_err());
}

#[test]
fn who_panics_when_asked_is_asked_again() {
    let (asked, heard) = mpsc::channel();
    let nudge = Nudge::start(move || {
        asked.send(()).unwrap();
        panic!("over something broken");
    });
    nudge.unwrap().during(|| (heard.recv().unwrap(), heard.recv().unwrap()));
}
