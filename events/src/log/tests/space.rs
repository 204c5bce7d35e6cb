//! A disk that is almost full takes no more, and is as before once there is room.

use super::*;

#[tokio::test]
async fn an_almost_full_disk_refuses_appends_and_serves_reads() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed()]).await;
    log.close();
    drop(log);

    let settings = LogSettings { free_bytes_min: u64::MAX, ..folder.settings() };
    let log = EventLog::open(&settings, master()).unwrap();
    for _ in 0..3 {
        let refused = log.append(append(customer("C-1"), 1, vec![closed()])).await;
        assert!(matches!(refused, Err(AppendError::DiskFull)), "{refused:?}");
    }
    assert!(log.stopped().is_none(), "it is no failure");
    assert_eq!(versions(&log, &customer("C-1")), [1]);

    let log = folder.reopen(log);
    add(&log, customer("C-1"), 1, vec![closed()]).await;
    assert_eq!(versions(&log, &customer("C-1")), [1, 2]);
}

#[tokio::test]
async fn what_writes_nothing_is_answered_on_a_full_disk_too() {
    let folder = Folder::new();
    let settings = LogSettings { free_bytes_min: u64::MAX, ..folder.settings() };
    let log = EventLog::open(&settings, master()).unwrap();
    add(&log, customer("C-1"), 0, Vec::new()).await;
    let refused = log.append(append(customer("C-1"), 1, vec![closed()])).await;
    assert!(matches!(refused, Err(AppendError::Conflict(_))), "{refused:?}");
}
