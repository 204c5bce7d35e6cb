//! The contact details of a person.

use serde_json::{Value, json};

use super::party::Person;
use super::random::Random;
use super::words::fit;

const DOMAINS: [&str; 4] = ["example.ch", "example.com", "example.net", "example.org"];

const REMARKS: &str = "Prio 1, nur abends, nicht während der Bürozeiten, Sekretariat, \
    seulement l'après-midi, réservé aux urgences, solo per iscritto, \
    Bitte zuerst eine Nachricht hinterlassen und den Rückruf abwarten, only on weekdays";

/// The first person of all can always be written to and called.
pub(super) fn list(random: &mut Random, person: &Person) -> Vec<Value> {
    let count = if person.id == "P-000001" { 2 } else { count(random) };
    (1..=count).map(|ordinal| contact(random, person, ordinal)).collect()
}

fn count(random: &mut Random) -> usize {
    random.weighted(&[(12, 0), (25, 1), (35, 2), (15, 3), (7, 4), (4, 5), (2, 6)])
}

fn contact(random: &mut Random, person: &Person, ordinal: usize) -> Value {
    let medium = match ordinal {
        1 => "email",
        2 => "phone",
        _ => random.pick(&["email", "phone", "phone", "fax", "website", "socialMediaProfile"]),
    };
    json!({
        "contactIdentification": format!("{}-{ordinal}", person.id.replacen('P', "K", 1)),
        "medium": medium,
        "contactMediumType": random.maybe(85, |random| random.pick(&["private", "business"])),
        "contactContent": content(random, person, medium),
        "additionalContactInformation": random.maybe(12, |random| random.word(REMARKS)),
    })
}

fn content(random: &mut Random, person: &Person, medium: &str) -> String {
    let name = plain_name(&person.full_name());
    let domain = random.pick(&DOMAINS);
    let phone = random.pick(person.region.phones);
    match medium {
        "email" => format!("{name}@{domain}"),
        "website" => format!("https://www.{domain}/{name}"),
        "socialMediaProfile" => format!("https://social.{domain}/@{name}"),
        _ => random.fill(phone),
    }
}

/// `Jürg von Ah` as `juerg.von.ah`, which fits into every address.
pub(super) fn plain_name(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<String> = words.map(plain_word).filter(|word| !word.is_empty()).collect();
    fit(&words.join("."), 40).trim_end_matches('.').to_owned()
}

fn plain_word(word: &str) -> String {
    word.to_lowercase().chars().fold(String::new(), |mut plain, letter| {
        match letter {
            'ä' | 'æ' => plain.push_str("ae"),
            'ö' | 'œ' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'à' | 'á' | 'â' | 'ą' => plain.push('a'),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' => plain.push('e'),
            'ì' | 'í' | 'î' | 'ï' => plain.push('i'),
            'ł' => plain.push('l'),
            'ñ' | 'ń' => plain.push('n'),
            'ò' | 'ó' | 'ô' => plain.push('o'),
            'ś' | 'š' => plain.push('s'),
            'ù' | 'ú' | 'û' => plain.push('u'),
            'ź' | 'ż' | 'ž' => plain.push('z'),
            letter if letter.is_ascii_alphanumeric() => plain.push(letter),
            _ => {}
        }
        plain
    })
}
