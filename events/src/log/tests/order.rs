//! One order over everything, one order in each stream, no holes in either.

use chrono::{TimeDelta, Utc};

use super::{super::group::Group, *};
use crate::{
    id::{ConsentId, EventId},
    text::{Correlation, Reason, Trace},
};

#[tokio::test]
async fn a_new_log_is_empty() {
    let folder = Folder::new();
    let log = folder.open();
    assert_eq!(log.watermark(), Position::ZERO);
    assert!(all(&log).is_empty());
    assert_eq!(log.history(&person("P-1")).unwrap().version, Version::ZERO);
    assert!(log.record(Position::ZERO).unwrap().is_none());
    assert!(log.record(Position(1)).unwrap().is_none());
}

#[tokio::test]
async fn positions_count_over_all_streams_and_versions_in_each() {
    let folder = Folder::new();
    let log = folder.open();
    let mut expected = Vec::new();
    for round in 0..10 {
        for (nth, id) in ["P-1", "P-2", "P-3"].into_iter().enumerate() {
            let events = vec![registered(); nth + 1];
            let before = u64::try_from(round * (nth + 1)).unwrap();
            for version in 1..=events.len() {
                let version = before + u64::try_from(version).unwrap();
                expected.push((u64::try_from(expected.len()).unwrap() + 1, person(id), version));
            }
            let answer = add(&log, person(id), before, events).await;
            let (position, _, version) = expected.last().unwrap();
            assert_eq!((answer.position.0, answer.version.0), (*position, *version));
            assert_eq!(log.watermark(), answer.position);
        }
    }
    let found = all(&log).into_iter().map(|record| {
        let head = &record.envelope().head;
        (record.position().0, head.stream.clone(), head.version.0)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn reading_starts_after_any_position() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed(); 5]).await;
    for after in 0..7 {
        let found = log.after(Position(after)).map(|record| record.unwrap().position().0);
        assert_eq!(found.collect::<Vec<_>>(), (after + 1..=5).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn everything_that_was_said_about_an_event_is_read_back() {
    let folder = Folder::new();
    let log = folder.open();
    let stream = person(&"𝕏".repeat(35));
    let cause = Cause {
        actor: Actor::Client,
        client: Some(ClientId::parse("alpha.*.>").unwrap()),
        consent: Some(ConsentId::parse("ü/ü").unwrap()),
        reason: Some(Reason::parse("TICKET-1").unwrap()),
        correlation: Some(Correlation::parse("run 7").unwrap()),
        causation: Some(EventId::random()),
        trace: Some(Trace::parse("00-0af76519-b7ad6b71-01").unwrap()),
    };
    let (before, events) = (Utc::now(), vec![registered(), reached("ü.*")]);
    let asked = Append { cause: cause.clone(), ..append(stream.clone(), 0, events.clone()) };
    appended(log.append(asked).await);

    let history = log.history(&stream).unwrap();
    assert_eq!(history.version, Version(2));
    let found: Vec<_> = history.events.iter().map(|recorded| recorded.event.clone()).collect();
    assert_eq!(found, events);
    for recorded in history.events {
        assert_eq!(recorded.envelope.head.stream, stream);
        assert_eq!(recorded.envelope.head.cause, cause);
        let since = recorded.envelope.recorded_at - before;
        assert!(since.num_seconds().abs() < 60, "{since}");
    }
}

#[tokio::test]
async fn streams_whose_ids_begin_alike_stay_apart() {
    let folder = Folder::new();
    let log = folder.open();
    let streams = [person("P"), person("P-"), person("P-1"), person("P-11"), customer("P-1")];
    for (nth, stream) in streams.iter().enumerate() {
        add(&log, stream.clone(), 0, vec![closed(); nth + 1]).await;
    }
    for (nth, stream) in streams.iter().enumerate() {
        assert_eq!(versions(&log, stream).len(), nth + 1, "{stream}");
    }
}

#[tokio::test]
async fn an_append_on_another_version_is_a_conflict_that_tells_the_version() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, customer("C-1"), 0, vec![closed(); 2]).await;
    for expected in [0, 1, 3, u64::MAX - 9] {
        let refused = log.append(append(customer("C-1"), expected, vec![closed()])).await;
        assert!(matches!(refused, Err(AppendError::Conflict(Version(2)))), "{refused:?}");
    }
    let refused = log.append(append(customer("C-2"), 1, Vec::new())).await;
    assert!(matches!(refused, Err(AppendError::Conflict(Version::ZERO))), "{refused:?}");
    assert_eq!(log.watermark(), Position(2));
}

#[tokio::test]
async fn an_append_is_refused_when_what_it_stood_on_has_moved() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, consent("K-1"), 0, vec![granted("alpha")]).await;
    let stands_on = |version| Append {
        also: vec![(consent("K-1"), Version(version))],
        ..append(customer("C-1"), 0, vec![closed()])
    };
    for version in [0, 2] {
        let refused = log.append(stands_on(version)).await;
        assert!(matches!(refused, Err(AppendError::Moved(moved)) if moved == consent("K-1")));
    }
    assert_eq!(appended(log.append(stands_on(1)).await).position, Position(2));
}

#[tokio::test]
async fn what_moves_in_the_same_commit_has_moved() {
    let folder = Folder::new();
    let log = folder.open();
    add(&log, consent("K-1"), 0, vec![granted("alpha")]).await;
    for round in 0..50 {
        let revoked = append(consent("K-1"), 1 + round, vec![granted("alpha")]);
        let stands_on = Append {
            also: vec![(consent("K-1"), Version(1 + round))],
            ..append(customer("C-1"), 0, vec![closed()])
        };
        let outcomes = together(vec![log.append(revoked), log.append(stands_on)]).await;
        assert!(matches!(outcomes[1], Err(AppendError::Moved(_))), "{outcomes:?}");
    }
}

#[tokio::test]
async fn appending_nothing_answers_with_where_the_log_is() {
    let folder = Folder::new();
    let log = folder.open();
    let nothing = add(&log, customer("C-1"), 0, Vec::new()).await;
    assert_eq!(nothing, Appended { position: Position::ZERO, version: Version::ZERO });
    let last = add(&log, customer("C-1"), 0, vec![closed(); 3]).await;
    assert_eq!(add(&log, customer("C-1"), 3, Vec::new()).await, last);
    assert_eq!(log.watermark(), Position(3));
}

#[tokio::test]
async fn printing_a_log_prints_nothing_of_what_it_holds() {
    let folder = Folder::new();
    let log = folder.open();
    let empty = format!("{log:?}").len();
    add(&log, customer("C-1"), 0, vec![closed(); 100]).await;
    assert!(format!("{log:?}").len() < empty + 100);
}

#[tokio::test]
async fn recorded_time_never_goes_back() {
    let folder = Folder::new();
    let log = folder.open();
    for version in 0..50 {
        add(&log, customer("C-1"), version, vec![closed()]).await;
    }
    let times: Vec<_> = all(&log).iter().map(|record| record.envelope().recorded_at).collect();
    assert!(times.is_sorted());
}

#[tokio::test]
async fn what_would_be_recorded_when_it_has_ended_is_not() {
    let folder = Folder::new();
    let log = folder.open();
    let now = Utc::now();
    let until = |seconds| Some(now + TimeDelta::seconds(seconds));
    let asked = |until| Append { until, ..append(customer("C-1"), 0, vec![closed()]) };
    for ended in [until(-1), until(-3600), Some(now)] {
        assert!(matches!(log.append(asked(ended)).await, Err(AppendError::TooLate)));
    }
    assert_eq!(log.watermark(), Position::ZERO);
    appended(log.append(asked(until(3600))).await);
}

#[tokio::test]
async fn an_event_from_when_the_clock_was_ahead_makes_nothing_too_late() {
    let folder = Folder::new();
    let log = folder.open();
    let ahead = Utc::now() + TimeDelta::hours(24);
    let mut group = Group::new(Arc::clone(&log.shared), Utc::now(), ahead);
    for (number, hours) in [("C-1", 1), ("C-2", -1)] {
        let until = Some(Utc::now() + TimeDelta::hours(hours));
        let asked = Append { until, ..append(customer(number), 0, vec![closed()]) };
        let (answer, _unheard) = tokio::sync::oneshot::channel();
        group.take(log.prepare(asked, answer).unwrap());
    }
    let [(_, in_time), (_, late)] = group.answers.as_slice() else { unreachable!() };
    assert!(matches!(in_time, Ok(Outcome::Appended(_))), "{in_time:?}");
    assert!(matches!(late, Err(AppendError::TooLate)), "{late:?}");
    assert_eq!(group.time(), ahead);
}
