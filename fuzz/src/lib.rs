//! Every decoder as a target of the fuzzer: it takes any bytes, and panics where the decoder breaks
//! a promise.
//!
//! Seeds are made of the golden files, so that the fuzzer begins where the format does. What a
//! checksum would keep it from is reached by mending the checksum; that a wrong one is refused is a
//! promise of its own.

mod archive;
mod body;
mod envelope;
mod line;
mod payload;
mod record;
mod seeds;
mod stored;
mod token;

/// A decoder, by the name that `make fuzz` knows.
pub struct Target {
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: [Target; 8] = [
    Target { name: "archive", run: archive::run, seeds: archive::seeds },
    Target { name: "body", run: body::run, seeds: body::seeds },
    Target { name: "envelope", run: envelope::run, seeds: envelope::seeds },
    Target { name: "line", run: line::run, seeds: line::seeds },
    Target { name: "payload", run: payload::run, seeds: payload::seeds },
    Target { name: "record", run: record::run, seeds: record::seeds },
    Target { name: "stored", run: stored::run, seeds: stored::seeds },
    Target { name: "token", run: token::run, seeds: token::seeds },
];

/// A copy with one bit turned over, which one the bytes themselves say.
fn with_a_flipped_bit(bytes: &[u8]) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    let bit = bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
    if let Some(byte) = flipped.get_mut(bit / 8 % bytes.len().max(1)) {
        *byte ^= 1 << (bit % 8);
    }
    flipped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each seed, at most.
    const CUTS: usize = 40;

    /// What the fuzzer begins with, and what is left of it when it is cut or a bit of it turns.
    #[test]
    fn every_target_holds_for_its_seeds() {
        for Target { name, run, seeds } in TARGETS {
            let seeds = seeds();
            assert!(!seeds.is_empty(), "{name}");
            for seed in seeds {
                run(&seed);
                run(&with_a_flipped_bit(&seed));
                let step = seed.len() / CUTS + 1;
                (0..seed.len()).step_by(step).for_each(|end| run(&seed[..end]));
            }
        }
    }
}
