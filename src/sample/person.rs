//! The line of a person.

use serde_json::{Value, json};

use super::contact;
use super::party::{Gender, Human, Name, Person};
use super::random::Random;

/// Also where a second passport, a second tax office or a risk may be.
pub(super) const COUNTRIES: [&str; 16] = [
    "AT", "BR", "CA", "CZ", "DE", "ES", "FR", "GB", "IN", "IT", "LI", "PL", "PT", "SG", "TR", "US",
];

const TITLES: &str = "Dr. med., Dr. iur., Prof. Dr., PhD, lic. oec. HSG, dipl. Ing. ETH, \
    eidg. dipl. Bücherexpertin";

pub(super) fn line(seed: u64, person: &Person) -> Value {
    let mut random = Random::new(seed, "person", &person.id);
    json!({ "person": {
        "personIdentification": person.id,
        "externalReference": random.maybe(40, |random| random.fill("###-###-###")),
        "fullName": person.full_name(),
        "countryOfDomicile": person.region.country,
        "language": language(&mut random, person),
        "contactInformation": contact::list(&mut random, person),
        "personDetails": details(&mut random, person),
        "taxDomicile": random.maybe(95, |random| with_another(random, person.region.country, 8)),
    }})
}

fn language(random: &mut Random, person: &Person) -> &'static str {
    if random.chance(92) { person.region.words.language } else { "English" }
}

/// A country, and now and then a second one.
fn with_another(random: &mut Random, country: &'static str, percent: u64) -> Vec<&'static str> {
    let another = random.maybe(percent, |random| random.pick(&COUNTRIES));
    let another = another.filter(|another| *another != country);
    [country].into_iter().chain(another).collect()
}

fn details(random: &mut Random, person: &Person) -> Value {
    match &person.name {
        Name::Natural(human) => natural(random, person, human),
        Name::Legal { name, form, domiciliary } => json!({
            "personType": "legalPerson",
            "organisationName": name,
            "legalForm": form,
            "LEI": random.maybe(60, legal_entity_identifier),
            "domicilaryCompany": domiciliary,
        }),
        Name::Association { name, form } => json!({
            "personType": "personAssociation",
            "personAssociationName": name,
            "personAssociationType": form,
        }),
        Name::Trust { name, form } => json!({
            "personType": "trust",
            "trustName": name,
            "trustType": form,
        }),
        Name::Sole { name } => json!({
            "personType": "soleProprietorship",
            "soleProprietorshipName": name,
        }),
    }
}

fn natural(random: &mut Random, person: &Person, human: &Human) -> Value {
    let civil_status =
        random.weighted(&[(35, "unmarried"), (45, "married"), (12, "divorced"), (8, "widowed")]);
    json!({
        "personType": "naturalPerson",
        "givenName": human.given,
        "middleName": human.middle,
        "lastName": human.last,
        "title": random.maybe(8, |random| random.word(TITLES)),
        "dates": dates(random, civil_status == "divorced"),
        "gender": gender(human),
        "nationality": nationality(random, person.region.country),
        "civilStatus": civil_status,
        "TIN": random.maybe(70, |random| tax_number(random, person.region.country)),
    })
}

fn gender(human: &Human) -> &'static str {
    match human.gender {
        Gender::Female => "female",
        Gender::Male => "male",
        Gender::Other => "other",
    }
}

fn dates(random: &mut Random, divorced: bool) -> Vec<Value> {
    let birth = random.date(1931..=2000);
    let divorce = random.date(2001..=2014);
    let death = random.date(2015..=2025);

    let mut dates = vec![json!({ "date": birth, "dateType": "birthDate" })];
    if divorced {
        dates.push(json!({ "date": divorce, "dateType": "divorceDate" }));
    }
    if random.chance(3) {
        dates.push(json!({ "date": death, "dateType": "deathDate" }));
    }
    dates
}

fn nationality(random: &mut Random, country: &'static str) -> Vec<&'static str> {
    let first = if random.chance(80) { country } else { random.pick(&COUNTRIES) };
    with_another(random, first, 15)
}

fn tax_number(random: &mut Random, country: &str) -> String {
    random.fill(if country == "CH" { "756.####.####.##" } else { "## ### ### ###" })
}

/// Ends with the two check digits of ISO 17442, so that who verifies them is content.
fn legal_entity_identifier(random: &mut Random) -> String {
    let letters: String = (0..6).map(|_| random.pick(&['A', 'C', 'K', 'R', 'X', 'Z'])).collect();
    let body = random.fill("506700######") + &letters;
    let check = 98 - remainder_of_97(&format!("{body}00"));
    format!("{body}{check:02}")
}

/// Reads the text as one long number, `A` to `Z` standing for 10 to 35.
pub(super) fn remainder_of_97(text: &str) -> u32 {
    text.chars().filter_map(|letter| letter.to_digit(36)).fold(0, |remainder, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (remainder * shift + digit) % 97
    })
}
