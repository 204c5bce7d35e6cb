//! The addresses of a customer.

use serde_json::{Value, json};

use super::customer::Customer;
use super::party::{Gender, Human, Name, Person, human};
use super::places::{REGIONS, Region};
use super::random::Random;
use super::words::fit;

const NAMES: &str = "Wohnsitz, Geschäftsadresse, Ferienhaus, Chalet Edelweiss, c/o Treuhänder, \
    Résidence secondaire, Casa al lago, Head office, \
    Zustelladresse während der Sommermonate in der Ferienwohnung Seeblick";

const INSTRUCTIONS: &str = "MainDispatch, Duplicate, TaxDocumentsOnly, YearEndStatementsOnly, Hold";

const RESTRICTIONS: &str = "confidential, personal, eigenhändig, no advertising, neutral envelope";

const SUFFIXES: &str = "2. Stock links, Wohnung 14, Hinterhaus, Bâtiment B, 3e étage, Scala C";

const DESKS: &str =
    "Geschäftsleitung, Buchhaltung, Direction des finances, Contabilità, Sekretariat";

/// The first customer of all has a home, where its mail goes, and another address.
pub(super) fn lines(seed: u64, customer: &Customer) -> Vec<Value> {
    let mut random = Random::new(seed, "address", &customer.id);
    let count = if customer.number == 1 { 2 } else { count(&mut random) };
    let mailing = random.weighted(&[(75, 1), (20, 2), (5, 0)]);
    let mailing = if customer.number == 1 { 1 } else { mailing };
    let before_first = before_first(&mut random, customer.number);

    let line = |ordinal| {
        json!({ "address": {
            "customerIdentification": customer.id,
            "addressIdentification": before_first + ordinal,
            "addressName": random.maybe(35, |random| random.word(NAMES)),
            "isDomicile": ordinal == 1,
            "isMailingAddress": ordinal == mailing.min(count),
            "mailingInstruction": random.maybe(30, |random| random.word(INSTRUCTIONS)),
            "dispatchType": dispatch_type(&mut random),
            "language": random.maybe(40, |_| customer.party.principal.region.words.language),
            "postalAddress": postal_address(&mut random, &customer.party.principal, ordinal),
        }})
    };
    (1..=count).map(line).collect()
}

fn count(random: &mut Random) -> u64 {
    random.weighted(&[(8, 0), (50, 1), (30, 2), (7, 3), (3, 5), (2, 8)])
}

/// A bank has numbered its addresses in more than one way; all stay below 10^12.
fn before_first(random: &mut Random, number: u64) -> u64 {
    let from_a_merger = random.between(10_000_000..=99_999_999);
    match number % 13 {
        0 => 999_999_999_900,
        5 => from_a_merger,
        _ => 0,
    }
}

fn dispatch_type(random: &mut Random) -> &'static str {
    random.weighted(&[(82, "postal"), (14, "electronical"), (4, "other")])
}

/// The first address is at home; the others may be anywhere.
fn postal_address(random: &mut Random, person: &Person, ordinal: u64) -> Value {
    let elsewhere = random.weighted(&REGIONS);
    let region = if ordinal == 1 || random.chance(60) { person.region } else { elsewhere };
    json!({
        "salutation": salutation(random, person),
        "name": name(random, person),
        "physicalAddress": physical_address(random, person, region),
    })
}

fn salutation(random: &mut Random, person: &Person) -> Value {
    let [madam, sir, firm] = person.region.words.salutations;
    let salutation = match &person.name {
        Name::Natural(Human { gender: Gender::Female, .. }) => Some(madam),
        Name::Natural(Human { gender: Gender::Male, .. }) => Some(sir),
        Name::Natural(Human { gender: Gender::Other, .. }) => None,
        Name::Legal { .. } | Name::Association { .. } | Name::Trust { .. } | Name::Sole { .. } => {
            Some(firm)
        }
    };
    json!({
        "receptionRestriction": random.maybe(5, |random| random.word(RESTRICTIONS)),
        "salutation": salutation,
        "title": random.maybe(6, |random| random.pick(&["Dr.", "Prof.", "lic. iur.", "PhD"])),
        "overrideSalutation": random.maybe(6, |_| greeting(person)),
    })
}

fn greeting(person: &Person) -> String {
    fit(&format!("Grüezi {}", person.full_name()), 35)
}

fn name(random: &mut Random, person: &Person) -> Value {
    match &person.name {
        Name::Natural(human) => json!({
            "givenName": human.given,
            "middleName": human.middle,
            "lastName": human.last,
            "nameSuffix": random.maybe(4, |random| random.pick(&["jun.", "sen.", "II"])),
        }),
        Name::Legal { name, .. }
        | Name::Association { name, .. }
        | Name::Trust { name, .. }
        | Name::Sole { name } => json!({ "organisationName": name }),
    }
}

fn physical_address(random: &mut Random, person: &Person, region: &Region) -> Value {
    let at_a_desk = if person.is_natural() { 0 } else { 40 };
    let town = random.pick(region.towns);
    json!({
        "careOf": random.maybe(6, |random| fit(&human(random, region).full_name(), 35)),
        "toTheAttentionOf": random.maybe(at_a_desk, |random| random.word(DESKS)),
        "streetName": random.maybe(94, |random| random.word(region.words.streets)),
        "buildingNumber": random.maybe(92, building_number),
        "postBox": random.maybe(10, |random| random.fill("####")),
        "addressSuffix": random.maybe(10, |random| random.word(SUFFIXES)),
        "postCode": town.post_code,
        "townName": town.name,
        "countrySubDivision": random.maybe(70, |_| town.subdivision),
        "country": region.country,
    })
}

fn building_number(random: &mut Random) -> String {
    let letter = random.weighted(&[(85, ""), (8, "a"), (5, "b"), (2, " bis")]);
    format!("{}{letter}", random.between(1..=180))
}
