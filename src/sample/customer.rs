//! A customer: its number, its id, and the persons it stands for.

use serde_json::{Value, json};

use super::party::{Party, Person, asset_manager, principal_id};
use super::random::Random;
use super::words::fit;

pub(super) struct Customer {
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) party: Party,
    /// The customer who brought this party: itself, or one before it.
    home: u64,
    asset_manager: Person,
}

const CUSTOMERS_PER_ASSET_MANAGER: u64 = 100;

/// One in so many customers has an id that no path, subject or file name likes.
const NASTY_CUSTOMER_EVERY: u64 = 97;

const OWN_RELATIONS: [(u64, &str); 4] = [
    (60, "accountOwner"),
    (15, "authorisedRepresentative"),
    (15, "authorisedSignatory"),
    (10, "other"),
];
const FIRM_RELATIONS: [(u64, &str); 4] = [
    (50, "beneficialOwner"),
    (25, "authorisedSignatory"),
    (20, "authorisedRepresentative"),
    (5, "other"),
];

impl Customer {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let home = home(seed, number);
        let asset_manager = asset_manager(seed, number.div_ceil(CUSTOMERS_PER_ASSET_MANAGER));
        Self { number, id: id(number), party: Party::new(seed, home), home, asset_manager }
    }

    /// The persons of whom no line has told yet.
    pub(super) fn newcomers(&self) -> Vec<&Person> {
        let mut newcomers = vec![];
        if self.number == self.home {
            newcomers.push(&self.party.principal);
            newcomers.extend(&self.party.companions);
        }
        if self.number % CUSTOMERS_PER_ASSET_MANAGER == 1 {
            newcomers.push(&self.asset_manager);
        }
        newcomers
    }

    pub(super) fn line(&self, seed: u64) -> Value {
        let mut random = Random::new(seed, "customer", &self.id);
        let related = self.related(&mut random);
        let status = random.weighted(&[(90, "active"), (6, "inactive"), (4, "closed")]);
        json!({ "customer": {
            "customerIdentification": self.id,
            "externalReference": random.maybe(50, |random| random.fill("###-###-###")),
            "name": random.maybe(97, |_| name(&related)),
            "status": if self.number == 1 { "active" } else { status },
            "referenceCurrency": currency(&mut random),
            "openingDate": random.date(2001..=2024),
            "personList": self.person_list(seed, &mut random, &related),
        }})
    }

    fn related(&self, random: &mut Random) -> Vec<(&'static str, &Person)> {
        let principal = &self.party.principal;
        let relations = if principal.is_natural() { OWN_RELATIONS } else { FIRM_RELATIONS };
        let companions = self.party.companions.iter();

        let mut related = vec![("accountOwner", principal)];
        related.extend(companions.map(|person| (random.weighted(&relations), person)));
        related.extend(random.maybe(15, |_| ("assetManager", &self.asset_manager)));
        related
    }

    /// Now and then somebody of the customer before helps out.
    fn person_list(
        &self,
        seed: u64,
        random: &mut Random,
        related: &[(&str, &Person)],
    ) -> Vec<Value> {
        let neighbor = random.maybe(6, |_| home(seed, self.number - 1));
        let neighbor = neighbor.filter(|neighbor| *neighbor != self.home).map(principal_id);

        let related = related.iter().map(|(relation, person)| link(relation, &person.id));
        related.chain(neighbor.map(|person| link("authorisedRepresentative", &person))).collect()
    }
}

/// Computable from the number alone, so that consents need to remember no ids.
pub(super) fn id(number: u64) -> String {
    if !number.is_multiple_of(NASTY_CUSTOMER_EVERY) {
        return format!("C-{number:06}");
    }
    let nasty = match number / NASTY_CUSTOMER_EVERY % 3 {
        1 => " Zürich.*",
        2 => ".Genève >",
        _ => " =2A.ü_*",
    };
    format!("C-{number:06}{nasty}")
}

pub(super) fn currency(random: &mut Random) -> &'static str {
    random.weighted(&[(70, "CHF"), (15, "EUR"), (9, "USD"), (3, "GBP"), (2, "JPY"), (1, "SEK")])
}

/// Every sixth customer or so is a further account of the persons of the one before.
fn home(seed: u64, number: u64) -> u64 {
    let brings_its_own = |number: &u64| !Random::new(seed, "home", &id(*number)).chance(18);
    (2..=number).rev().find(brings_its_own).unwrap_or(1)
}

fn name(related: &[(&str, &Person)]) -> String {
    let owners = related.iter().filter(|(relation, _)| *relation == "accountOwner");
    let names: Vec<String> = owners.map(|(_, person)| person.full_name()).collect();
    fit(&names.join(" & "), 70)
}

fn link(relation: &str, person: &str) -> Value {
    json!({ "personRelation": relation, "personIdentification": person })
}
