use std::time::Duration;

use super::*;
use crate::listener::pace::Times;

const LONG: Duration = Duration::from_mins(1);
const TIMES: Times = Times { head: LONG, idle: LONG, idle_of_strangers: LONG };

fn room(all: usize, each: usize, gives_way: GivesWay) -> Room {
    Room { all, per_address: each, per_certificate: each, gives_way }
}

fn guest(address: impl Into<IpAddr>, holder: Holder) -> Guest {
    Guest { address: address.into(), holder, pace: Pace::new(TIMES) }
}

fn plain(address: [u8; 4]) -> Guest {
    guest(address, Holder::Address(address.into()))
}

/// Each from an address of its own.
fn certified(nth: u8, certificate: u8) -> Guest {
    guest([127, 0, 1, nth], Holder::Certificate([certificate; 32]))
}

fn is_given_away(place: &Place) -> bool {
    place.given_away.is_cancelled()
}

#[test]
fn there_is_room_for_so_many_in_all_and_so_many_of_one_address() {
    let places = Places::new("test", room(3, 2, GivesWay::WhoHasMost));
    let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]];
    let same: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
    let first = places.take(plain(one)).unwrap();
    let second = places.take(guest(same, Holder::Address(one.into()))).unwrap();
    assert!(places.take(plain(one)).is_none());
    let third = places.take(plain(other)).unwrap();
    assert!(places.take(plain(other)).is_none());
    let beside = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"];
    let [one_host, same_host, other_host] = beside.map(|address| counted(address.parse().unwrap()));
    assert!(one_host == same_host && one_host != other_host);
    drop(second);
    let fourth = places.take(plain(one)).unwrap();
    drop((first, third, fourth));
    let taken = places.taken.lock();
    assert!(taken.seats.is_empty() && taken.by_address.is_empty() && taken.by_holder.is_empty());
}

#[test]
fn one_certificate_has_its_bound_from_however_many_addresses() {
    let places = Places::new("test", room(100, 3, GivesWay::WhoHasMost));
    let held: Vec<_> = (0..9).filter_map(|nth| places.take(certified(nth, 1))).collect();
    assert_eq!(held.len(), 3);
    assert!(places.take(certified(9, 2)).is_some());
    let gateway = |nth| guest([127, 0, 1, nth], Holder::Intermediary);
    let many: Vec<_> = (0..9).filter_map(|nth| places.take(gateway(nth))).collect();
    assert_eq!(many.len(), 9);
}

#[test]
fn where_all_is_taken_whoever_has_most_gives_way_to_who_has_fewer() {
    let places = Places::new("test", room(6, 100, GivesWay::WhoHasMost));
    let gateway = places.take(guest([127, 0, 0, 1], Holder::Intermediary)).unwrap();
    let crowd: Vec<_> = (0..4).map(|nth| places.take(certified(nth, 1)).unwrap()).collect();
    let honest = places.take(certified(4, 2)).unwrap();
    assert!(places.take(certified(5, 1)).is_none(), "it has most itself");
    crowd[0].pace.answering();
    let late = places.take(certified(6, 3)).unwrap();
    assert_eq!(crowd.iter().map(is_given_away).collect::<Vec<_>>(), [false, true, false, false]);
    let gateways = places.take(guest([127, 0, 0, 1], Holder::Intermediary)).unwrap();
    assert!(is_given_away(&crowd[2]));
    // Two are left of it: to go on would only turn the tables.
    assert!(places.take(certified(7, 2)).is_none());
    crowd[3].pace.answering();
    assert!(places.take(certified(8, 4)).is_none(), "both are being answered");
    assert!(![&gateway, &honest, &late, &gateways].into_iter().any(is_given_away));
    // What was given away is not given back once more.
    drop(crowd);
    assert_eq!(places.taken.lock().seats.len(), 4);
}

#[test]
fn an_operator_finds_a_place_however_many_strangers_there_are() {
    let places = Places::new("test", room(3, 1, GivesWay::Strangers));
    let local = || places.take(plain([127, 0, 0, 1]));
    let trusted = local().unwrap();
    trusted.pace.trust();
    let mut strangers = vec![local().unwrap(), local().unwrap()];
    for _ in 0..9 {
        strangers.push(local().unwrap());
    }
    assert!(!is_given_away(&trusted));
    let still_there = |places: &[Place]| places.iter().filter(|it| !is_given_away(it)).count();
    assert_eq!(still_there(&strangers), 2);
    // Beyond this machine one address has its part only.
    let far = || places.take(plain([10, 0, 0, 1])).unwrap();
    let remote = [far(), far(), far()];
    assert_eq!((still_there(&remote), still_there(&strangers)), (1, 1));
    remote[2].pace.answering();
    trusted.pace.answering();
    for stranger in &strangers {
        stranger.pace.answering();
    }
    assert!(local().is_none(), "all are being answered");
}
