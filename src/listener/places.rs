//! How many connections there are, in all, from each address and of each certificate; and which of
//! them is closed for one too many.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::pace::Pace;

/// The connections that a listener has room for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) all: usize,
    pub(super) per_address: usize,
    pub(super) per_certificate: usize,
    pub(super) gives_way: GivesWay,
}

/// Whose connection is closed where there is no more room; never one that is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivesWay {
    /// The idlest of whoever has most, for somebody who has fewer.
    WhoHasMost,
    /// The idlest of all, and first of those that have shown neither token nor certificate.
    Strangers,
}

/// Who is counted as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Address(IpAddr),
    Certificate([u8; 32]),
    /// Speaks for many, so it gives way to nobody.
    Intermediary,
}

/// A connection that wants a place.
pub(super) struct Guest {
    pub(super) address: IpAddr,
    pub(super) holder: Holder,
    pub(super) pace: Arc<Pace>,
}

pub(super) struct Places {
    listener: &'static str,
    room: Room,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    seats: BTreeMap<u64, Seat>,
    by_address: BTreeMap<IpAddr, BTreeSet<u64>>,
    by_holder: BTreeMap<Holder, BTreeSet<u64>>,
    next: u64,
}

struct Seat {
    guest: Guest,
    given_away: CancellationToken,
}

/// Room for one connection, given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    nth: u64,
    given_away: CancellationToken,
    pub(super) pace: Arc<Pace>,
}

impl Places {
    pub(super) fn new(listener: &'static str, room: Room) -> Arc<Self> {
        Arc::new(Self { listener, room, taken: Mutex::default() })
    }

    /// None where there is no more room, at all or for this one.
    pub(super) fn take(self: &Arc<Self>, guest: Guest) -> Option<Place> {
        let guest = Guest { address: counted(guest.address), ..guest };
        let (pace, given_away) = (Arc::clone(&guest.pace), CancellationToken::new());
        let mut taken = self.taken.lock();
        let seating = match self.room.gives_way {
            GivesWay::WhoHasMost => taken.make_room_for_client(&guest, self.room)?,
            GivesWay::Strangers => taken.make_room_for_operator(&guest, self.room)?,
        };
        if let Seating::InsteadOf(nth) = seating
            && let Some(seat) = taken.remove(nth)
        {
            metrics::counter!("dossier_connections_closed_total", "listener" => self.listener)
                .increment(1);
            seat.given_away.cancel();
        }
        let nth = taken.add(Seat { guest, given_away: given_away.clone() });
        Some(Place { places: Arc::clone(self), nth, given_away, pace })
    }
}

/// How one more gets a seat.
#[derive(Clone, Copy)]
enum Seating {
    Free,
    InsteadOf(u64),
}

impl Taken {
    fn make_room_for_client(&self, guest: &Guest, room: Room) -> Option<Seating> {
        let of_holder = self.by_holder.get(&guest.holder).map_or(0, BTreeSet::len);
        let per_holder = match guest.holder {
            Holder::Certificate(_) => room.per_certificate,
            Holder::Address(_) | Holder::Intermediary => usize::MAX,
        };
        let of_address = self.by_address.get(&guest.address).map_or(0, BTreeSet::len);
        if of_address >= room.per_address || of_holder >= per_holder {
            return None;
        }
        if self.seats.len() < room.all {
            return Some(Seating::Free);
        }
        let others = self.by_holder.iter().filter(|(holder, _)| **holder != Holder::Intermediary);
        let (_, most) = others.max_by_key(|(_, seats)| seats.len())?;
        let is_fewer = guest.holder == Holder::Intermediary || of_holder + 1 < most.len();
        is_fewer.then(|| self.idlest(most.iter())).flatten().map(Seating::InsteadOf)
    }

    /// All users of this machine have one address, so that it says nothing about who they are.
    fn make_room_for_operator(&self, guest: &Guest, room: Room) -> Option<Seating> {
        let of_address = self.by_address.get(&guest.address);
        let crowd = of_address.filter(|seats| seats.len() >= room.per_address);
        match crowd.filter(|_| !guest.address.is_loopback()) {
            Some(seats) => self.idlest(seats.iter()).map(Seating::InsteadOf),
            None if self.seats.len() < room.all => Some(Seating::Free),
            None => self.idlest(self.seats.keys()).map(Seating::InsteadOf),
        }
    }

    fn idlest<'s>(&self, seats: impl Iterator<Item = &'s u64>) -> Option<u64> {
        let idle = seats.filter_map(|nth| {
            let pace = &self.seats.get(nth)?.guest.pace;
            Some((pace.is_trusted(), pace.waiting_since()?, *nth))
        });
        idle.min().map(|(_, _, nth)| nth)
    }

    fn add(&mut self, seat: Seat) -> u64 {
        let nth = self.next;
        self.next += 1;
        self.by_address.entry(seat.guest.address).or_default().insert(nth);
        self.by_holder.entry(seat.guest.holder).or_default().insert(nth);
        self.seats.insert(nth, seat);
        nth
    }

    fn remove(&mut self, nth: u64) -> Option<Seat> {
        let seat = self.seats.remove(&nth)?;
        strike(&mut self.by_address, seat.guest.address, nth);
        strike(&mut self.by_holder, seat.guest.holder, nth);
        Some(seat)
    }
}

/// Takes one out of those of a key, which goes with its last one.
fn strike<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u64>>, key: K, nth: u64) {
    if let Entry::Occupied(mut found) = index.entry(key) {
        found.get_mut().remove(&nth);
        if found.get().is_empty() {
            found.remove();
        }
    }
}

/// What counts as one address: whoever speaks IPv4 to a socket for both has one, not two, and
/// whoever has an address of IPv6 has the 2^64 beside it.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()
        }
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    }
}

impl Place {
    /// Returns when it was given to somebody else.
    pub(super) async fn given_away(&self) {
        self.given_away.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken.lock().remove(self.nth);
    }
}

#[cfg(test)]
mod tests;
