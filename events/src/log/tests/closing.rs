//! A log that was closed accepts nothing, hangs nobody, and leaves the folder free.

use std::thread;

use super::*;

#[tokio::test]
async fn a_closed_log_is_read_and_accepts_nothing() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed()]).await;
    log.close();
    let refused = log.append(append(customer("C-1"), 1, vec![closed()])).await;
    assert!(matches!(refused, Err(AppendError::Stopped(_))), "{refused:?}");
    assert_eq!(versions(&log, &customer("C-1")), [1]);
}

#[tokio::test]
async fn closing_twice_or_from_two_sides_is_as_good_as_once() {
    let folder = Folder::new();
    let log = folder.open();
    let sides = [log.clone(), log.clone()].map(|log| thread::spawn(move || log.close()));
    for side in sides {
        side.join().unwrap();
    }
    log.close();
    assert!(log.stopped().is_none(), "closing is no failure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closing_answers_everyone_who_waits() {
    let folder = Folder::new();
    let log = folder.open();
    let asked: Vec<_> = (0..500)
        .map(|nth| {
            let (log, stream) = (log.clone(), customer(&format!("C-{nth}")));
            tokio::spawn(async move { log.append(append(stream, 0, vec![closed()])).await })
        })
        .collect();
    tokio::task::block_in_place(|| log.close());
    let mut done = 0;
    for asked in asked {
        match asked.await.unwrap() {
            Ok(_) => done += 1,
            Err(AppendError::Stopped(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(all(&folder.reopen(log)).len(), done);
}

#[tokio::test]
async fn the_last_handle_to_go_frees_the_folder() {
    let folder = Folder::new();
    let log = folder.open();
    let other = log.clone();
    add(&log, customer("C-1"), 0, vec![closed()]).await;
    drop(log);
    assert!(matches!(folder.open_at_once(), Err(OpenError::InUse)));
    add(&other, customer("C-1"), 1, vec![closed()]).await;
    drop(other);
    let log = soon(|| match folder.try_open() {
        Err(OpenError::InUse) => None,
        opened => Some(opened.unwrap()),
    });
    assert_eq!(versions(&log, &customer("C-1")), [1, 2]);
}
