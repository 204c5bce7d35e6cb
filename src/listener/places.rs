//! How many connections there are, in all and from each address.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// The connections that a listener has room for.
pub(super) struct Places {
    all_max: usize,
    each_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: FxHashMap<IpAddr, usize>,
}

/// Room for one connection, given back when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(all_max: usize, each_max: usize) -> Arc<Self> {
        Arc::new(Self { all_max, each_max, taken: Mutex::default() })
    }

    /// None where there is no more room, at all or for this address.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = counted(address);
        let mut taken = self.taken.lock();
        let of_address = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.all_max || of_address >= self.each_max {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, of_address + 1);
        Some(Place { places: Arc::clone(self), address })
    }
}

/// What counts as one address: whoever speaks IPv4 to a socket for both has one, not two, and
/// whoever has an address of IPv6 has the 2^64 beside it.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.all -= 1;
        if let Some(of_address) = taken.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_in_all_and_so_many_of_one_address() {
        let places = Places::new(3, 2);
        let [one, other]: [IpAddr; 2] = [[127, 0, 0, 1].into(), [127, 0, 0, 2].into()];
        let same: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        let first = places.take(one).unwrap();
        let second = places.take(same).unwrap();
        assert!(places.take(one).is_none());
        let third = places.take(other).unwrap();
        assert!(places.take(other).is_none());
        let beside = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"];
        let [one_host, same_host, other_host] =
            beside.map(|address| counted(address.parse().unwrap()));
        assert!(one_host == same_host && one_host != other_host);
        drop(second);
        let fourth = places.take(one).unwrap();
        drop((first, third, fourth));
        assert!(places.taken.lock().by_address.is_empty());
        assert_eq!(places.taken.lock().all, 0);
    }
}
