//! A small random generator that gives the same numbers on every machine and with every release.

use std::ops::RangeInclusive;

/// `SplitMix64`, begun from the seed and from what the numbers are for.
pub(super) struct Random(u64);

impl Random {
    /// Every topic and id has numbers of its own, so that no line depends on another.
    pub(super) fn new(seed: u64, topic: &str, id: &str) -> Self {
        let mut random = Self(seed);
        for byte in topic.bytes().chain(id.bytes()) {
            random.0 = random.draw() ^ u64::from(byte);
        }
        random
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn between(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.draw() % (range.end() - range.start() + 1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.between(1..=100) <= percent
    }

    pub(super) fn maybe<T>(
        &mut self,
        percent: u64,
        make: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.chance(percent) { Some(make(self)) } else { None }
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let position = self.position_among(choices.len());
        *choices.get(position).expect("a position is below the number of choices")
    }

    /// Picks from a list that is written as text, commas between its entries.
    pub(super) fn word(&mut self, list: &'static str) -> &'static str {
        let commas = list.bytes().filter(|byte| *byte == b',').count();
        let position = self.position_among(commas + 1);
        let word = list.split(',').nth(position).expect("a position is below the number of words");
        word.trim()
    }

    /// Picks by weight; the weights add up to one hundred.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut rest = self.between(1..=100);
        for (weight, choice) in choices {
            if rest <= *weight {
                return *choice;
            }
            rest -= weight;
        }
        choices.last().expect("a choice has alternatives").1
    }

    /// Puts a digit in the place of each `#`.
    pub(super) fn fill(&mut self, pattern: &str) -> String {
        let digit = |letter| if letter == '#' { self.digit() } else { letter };
        pattern.chars().map(digit).collect()
    }

    /// A day that exists in every month.
    pub(super) fn date(&mut self, years: RangeInclusive<u64>) -> String {
        let (year, month, day) = (self.between(years), self.between(1..=12), self.between(1..=28));
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn digit(&mut self) -> char {
        self.pick(&['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    }

    fn position_among(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a list in memory has at most 2^64 entries");
        let position = self.draw() % length;
        usize::try_from(position).expect("a position is below a length, which was a usize")
    }
}
