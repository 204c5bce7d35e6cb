//! The persons who come to the bank together: a principal and those who sign or benefit.

use super::places::{REGIONS, Region};
use super::random::Random;
use super::words::{LONG_GIVEN, LONG_LAST, NEUTRAL_GIVEN, fit};

pub(super) struct Party {
    pub(super) principal: Person,
    pub(super) companions: Vec<Person>,
}

/// A person as far as more than one line speaks of it.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) region: &'static Region,
    pub(super) name: Name,
}

/// The five types of persons, each with what it is called.
pub(super) enum Name {
    Natural(Human),
    Legal { name: String, form: &'static str, domiciliary: bool },
    Association { name: String, form: &'static str },
    Trust { name: String, form: &'static str },
    Sole { name: String },
}

#[derive(Clone)]
pub(super) struct Human {
    pub(super) gender: Gender,
    pub(super) given: &'static str,
    pub(super) middle: Option<&'static str>,
    pub(super) last: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum Gender {
    Female,
    Male,
    Other,
}

#[derive(Clone, Copy)]
enum Kind {
    Natural,
    Legal,
    Association,
    Trust,
    Sole,
}

const KINDS: [(u64, Kind); 5] = [
    (66, Kind::Natural),
    (15, Kind::Legal),
    (8, Kind::Association),
    (6, Kind::Trust),
    (5, Kind::Sole),
];

/// One in so many persons has an id that no path, subject or file name likes.
const NASTY_PERSON_EVERY: u64 = 89;

impl Party {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let id = principal_id(number);
        let mut random = Random::new(seed, "party", &id);
        let region = random.weighted(&REGIONS);
        let kind = if number == 1 { Kind::Natural } else { random.weighted(&KINDS) };

        let head = human(&mut random, region);
        let partner = relative(&mut random, region, &head);
        let friend = human(&mut random, region);
        let name = match kind {
            Kind::Natural => Name::Natural(head.clone()),
            Kind::Legal => company(&mut random, region, head.last),
            Kind::Association => association(&mut random, &head, &partner),
            Kind::Trust => trust(&mut random, &head),
            Kind::Sole => sole(&mut random, region, &head),
        };
        let principal = Person { id, region, name };

        // A natural person is its own head; behind all others the head stands as a companion.
        let humans = [head, partner, friend].into_iter().skip(usize::from(principal.is_natural()));
        let humans = humans.take(companion_count(&mut random, kind));
        let companion = |(human, ordinal)| Person {
            id: format!("P-{number:06}-{ordinal}"),
            region,
            name: Name::Natural(human),
        };
        Self { principal, companions: humans.zip(2..).map(companion).collect() }
    }
}

impl Person {
    pub(super) fn is_natural(&self) -> bool {
        matches!(self.name, Name::Natural(_))
    }

    pub(super) fn full_name(&self) -> String {
        match &self.name {
            Name::Natural(human) => human.full_name(),
            Name::Legal { name, .. }
            | Name::Association { name, .. }
            | Name::Trust { name, .. }
            | Name::Sole { name } => name.clone(),
        }
    }
}

impl Human {
    pub(super) fn full_name(&self) -> String {
        fit(&format!("{} {}", self.given, self.last), 70)
    }
}

/// The firm that manages the assets of many customers.
pub(super) fn asset_manager(seed: u64, ordinal: u64) -> Person {
    let id = format!("P-M{ordinal:05}");
    let mut random = Random::new(seed, "party", &id);
    let region = random.weighted(&REGIONS);
    let last = random.word(region.words.last);
    Person { name: company(&mut random, region, last), id, region }
}

pub(super) fn principal_id(number: u64) -> String {
    let nasty = if number.is_multiple_of(NASTY_PERSON_EVERY) { " Ü.*" } else { "" };
    format!("P-{number:06}{nasty}")
}

pub(super) fn human(random: &mut Random, region: &Region) -> Human {
    let words = region.words;
    let (gender, given) = random.weighted(&[
        (49, (Gender::Female, words.female)),
        (49, (Gender::Male, words.male)),
        (2, (Gender::Other, NEUTRAL_GIVEN)),
    ]);
    let middle = random.maybe(20, |random| random.word(given));
    let given = if random.chance(3) { LONG_GIVEN } else { given };
    let given = random.word(given);
    let last = if random.chance(3) { LONG_LAST } else { words.last };
    let last = random.word(last);
    Human { gender, given, middle: middle.filter(|middle| *middle != given), last }
}

fn relative(random: &mut Random, region: &Region, head: &Human) -> Human {
    let other = human(random, region);
    if random.chance(60) { Human { last: head.last, ..other } } else { other }
}

fn companion_count(random: &mut Random, kind: Kind) -> usize {
    match kind {
        Kind::Natural => random.weighted(&[(70, 0), (27, 1), (3, 2)]),
        Kind::Legal => random.weighted(&[(30, 0), (40, 1), (25, 2), (5, 3)]),
        Kind::Association => random.weighted(&[(80, 2), (20, 3)]),
        Kind::Trust => random.weighted(&[(40, 1), (60, 2)]),
        Kind::Sole => random.weighted(&[(70, 0), (30, 1)]),
    }
}

fn company(random: &mut Random, region: &Region, last: &str) -> Name {
    let trade = random.word(region.words.trades);
    let form = random.word(region.words.forms);
    let chars_left = 34 - form.chars().count();
    let name = format!("{} {form}", fit(&format!("{last} {trade}"), chars_left));
    Name::Legal { name, form, domiciliary: random.chance(15) }
}

fn association(random: &mut Random, head: &Human, partner: &Human) -> Name {
    let (name, form) = random.pick(&[
        ("{head} a/o {partner}", "compteJoint"),
        ("Erbengemeinschaft {head} und {partner}", "jointHeirs"),
        ("Einfache Gesellschaft {head}", "unregisteredPartnership"),
        ("{head}, {partner} & Co. KmG", "limitedPartnership"),
        ("{head} & {partner} Kollektivgesellschaft", "collectiveProprietorship"),
    ]);
    let name = name.replace("{head}", &head.full_name()).replace("{partner}", &partner.full_name());
    Name::Association { name: fit(&name, 70), form }
}

fn trust(random: &mut Random, head: &Human) -> Name {
    let form = random.pick(&["simpleTrust", "complexTrust", "grantorTrust"]);
    let style = random.pick(&["The {head} Family Trust", "{head} Settlement", "{head} Trust"]);
    Name::Trust { name: fit(&style.replace("{head}", &head.full_name()), 70), form }
}

fn sole(random: &mut Random, region: &Region, head: &Human) -> Name {
    let trade = random.word(region.words.trades);
    Name::Sole { name: fit(&format!("{trade} {}", head.full_name()), 70) }
}
