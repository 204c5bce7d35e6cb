//! What the bank knows of a customer: the situation that is no matter of money, and the rest.

use serde_json::{Value, json};

use super::customer::Customer;
use super::party::{Name, Party, Person};
use super::person::COUNTRIES;
use super::random::Random;
use super::wealth;
use super::words::fit;

const PROFESSIONS: &str = "Kauffrau, Schreiner, Ärztin, Lehrperson, Physiotherapeut, Köchin, \
    Informatiker, Pflegefachfrau, Ingénieure, Viticulteur, Avvocata, Architetto, Uhrmacherin, \
    Landwirt, Fachperson für Sozialversicherungen";

const FUNCTIONS: &str = "CEO, CFO, Abteilungsleiterin, Projektleiter, Sachbearbeiter, Direttrice, \
    Membre du conseil d'administration, Fachfrau, Associé gérant";

const EDUCATION: &str = "University, Fachhochschule, Berufslehre, Matura, Höhere Fachprüfung, \
    Apprentissage, Dottorato, Obligatorische Schulzeit, \
    Eidgenössisches Diplom einer höheren Fachschule für Wirtschaftsinforma";

const SECTORS: &str = "Energy supply, Watchmaking, Construction, Agriculture, Health care, Retail, \
    Gastronomie und Beherbergung, Grosshandel mit Maschinen, Services financiers, \
    Herstellung von medizinischen und zahnmedizinischen Apparaten und Mate";

const PURPOSES: &str = "Halten von Beteiligungen, Betrieb einer Käserei, Gestion de fortune, \
    Provide sustainable energy, Commercio di vini, \
    Erwerb und Verwaltung sowie Veräusserung von Grundstücken und Anlagen";

const DOMICILIARY_REASONS: &str = "Wealth management, Succession planning, Holding of real estate, \
    Beteiligung an Familienunternehmen";

const TRUST_REASONS: &str = "Succession planning, Asset protection, Unterstützung der Nachkommen, \
    Planification successorale, Charitable purposes";

/// Four customers in five have a record, the first of all always.
pub(super) fn line(seed: u64, customer: &Customer) -> Option<Value> {
    let mut random = Random::new(seed, "kyc", &customer.id);
    let is_known = random.chance(80) || customer.number == 1;
    if !is_known {
        return None;
    }

    let Party { principal, companions } = &customer.party;
    Some(json!({ "kyc": {
        "customerIdentification": customer.id,
        "nonFinancialSituation": non_financial(&mut random, principal, companions),
        "financialSituation": wealth::situation(&mut random, principal),
    }}))
}

fn non_financial(random: &mut Random, principal: &Person, companions: &[Person]) -> Value {
    match &principal.name {
        Name::Natural(_) => of_a_natural_person(random, principal),
        Name::Legal { domiciliary, .. } => {
            let reason = domiciliary.then(|| random.word(DOMICILIARY_REASONS));
            of_a_company(random, principal, companions, reason)
        }
        Name::Association { .. } => json!({
            "riskDomicile": risk_domicile(random, principal),
            "sector": random.maybe(50, |random| random.word(SECTORS)),
            "beneficialOwner": companions.first().map(Person::full_name),
        }),
        Name::Trust { .. } => of_a_trust(random, principal, companions),
        Name::Sole { .. } => json!({
            "profession": random.word(PROFESSIONS),
            "typeOfEmployment": "selfEmployed",
            "riskDomicile": risk_domicile(random, principal),
            "sector": random.word(SECTORS),
            "numberOfEmployees": random.between(0..=12),
            "dateOfIncorporation": random.date(1960..=2000),
        }),
    }
}

fn of_a_natural_person(random: &mut Random, person: &Person) -> Value {
    let employment = random.weighted(&[
        (60, "employed"),
        (14, "selfEmployed"),
        (20, "retired"),
        (6, "unemployed"),
    ]);
    let employed = if employment == "employed" { 90 } else { 0 };
    json!({
        "profession": random.maybe(90, |random| random.word(PROFESSIONS)),
        "employingCompany": random.maybe(employed, |random| employer(random, person)),
        "educationLevel": random.maybe(70, |random| random.word(EDUCATION)),
        "function": random.maybe(employed, |random| random.word(FUNCTIONS)),
        "typeOfEmployment": employment,
        "riskDomicile": risk_domicile(random, person),
    })
}

fn employer(random: &mut Random, person: &Person) -> String {
    let words = person.region.words;
    fit(&format!("{} {}", random.word(words.last), random.word(words.trades)), 35)
}

fn of_a_company(
    random: &mut Random,
    company: &Person,
    owners: &[Person],
    domiciliary: Option<&str>,
) -> Value {
    json!({
        "riskDomicile": risk_domicile(random, company),
        "reasonForDomiciliaryCompany": domiciliary,
        "sector": random.word(SECTORS),
        "numberOfEmployees": random.between(0..=2500),
        "dateOfIncorporation": random.date(1890..=2000),
        "companyPurpose": random.maybe(80, |random| random.word(PURPOSES)),
        "structureControllingPerson": shares(owners),
        "structureBeneficialOwners": shares(owners),
        "beneficialOwner": owners.first().map(Person::full_name),
    })
}

fn of_a_trust(random: &mut Random, trust: &Person, persons: &[Person]) -> Value {
    json!({
        "riskDomicile": risk_domicile(random, trust),
        "reasonForTrust": random.word(TRUST_REASONS),
        "revocability": random.chance(40),
        "resettled": random.chance(10),
        "merged": random.chance(10),
        "beneficialOwner": persons.first().map(Person::full_name),
        "beneficiary": persons.last().map(Person::full_name),
        "protector": random.maybe(60, |random| employer(random, trust)),
        "dateOfTrustContract": random.date(1970..=2000),
    })
}

fn risk_domicile(random: &mut Random, person: &Person) -> &'static str {
    if random.chance(93) { person.region.country } else { random.pick(&COUNTRIES) }
}

/// Who holds how much, as a bank writes it down; nobody known, nothing written.
fn shares(owners: &[Person]) -> Option<String> {
    let names: Vec<String> = owners.iter().map(Person::full_name).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("{} (100%)", fit(one, 63))),
        [one, two, ..] => Some(format!("{} (75%), {} (25%)", fit(one, 28), fit(two, 28))),
    }
}
