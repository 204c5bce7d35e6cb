//! The financial situation of a customer.

use serde_json::{Value, json};

use super::customer::currency;
use super::party::{Person, human};
use super::person::COUNTRIES;
use super::random::Random;

const INCOME_SOURCES: [&str; 6] =
    ["income", "savings", "inheritance", "lifeInsurance", "pensionFunds", "gift"];

/// Spelled as the standard spells them.
const WEALTH_SOURCES: [&str; 16] = [
    "retirementPolicy",
    "selfEmploymentIncome",
    "employeeIncome",
    "savings",
    "gift",
    "inheritance",
    "redemtion",
    "winnings",
    "insurancePremiumLiquidation",
    "saleOfGoods",
    "realEstateSale",
    "saleAquisitionCorporation",
    "cashProceeds",
    "alimony",
    "compensation",
    "other",
];

const PRIOR_BANKS: &str = "Sparkasse Musterlingen, Banque Exemple SA, Banca Modello, \
    Kantonalbank Beispielland, Privatbank Namenlos & Cie., Alpine Specimen Trust Company, \
    Regionale Spar- und Leihkasse der Gemeinden am oberen Musterlingersee";

const RELATIONS: &str = "Mother, Father, Grandparents, Spouse, Aunt, Godfather, Business partner";

const OCCUPATIONS: &str = "Unternehmerin, Landwirt, Notaire, Hotelier, Zahnärztin, Spediteur";

/// Amounts behind their first digit: round, to the cent, and as long as an amount can be.
const INCOMES: [(u64, &str); 4] = [(50, "#000"), (35, "#5000"), (10, "####.##"), (5, "##000")];
const FORTUNES: [(u64, &str); 5] = [
    (40, "#0000"),
    (30, "##000"),
    (18, "###0000"),
    (11, "######.##"),
    (1, "###########.#########"),
];

pub(super) fn situation(random: &mut Random, person: &Person) -> Value {
    let (income, turnover) = if person.is_natural() { (92, 0) } else { (0, 85) };
    json!({
        "incomeCurrentPeriod": random.maybe(income, |random| money(random, &INCOMES)),
        "sourceOfIncome": random.maybe(income, |random| random.pick(&INCOME_SOURCES)),
        "annualTurnover": random.maybe(turnover, |random| money(random, &FORTUNES)),
        "monetaryWealth": random.maybe(90, |random| money(random, &FORTUNES)),
        "sourceOfWealth": random.maybe(85, |random| sources(random, person)),
        "priorBank": random.maybe(30, prior_bank),
    })
}

fn sources(random: &mut Random, person: &Person) -> Vec<Value> {
    let count = random.weighted(&[(55, 1), (30, 2), (12, 3), (3, 5)]);
    (0..count).map(|_| source(random, person)).collect()
}

fn source(random: &mut Random, person: &Person) -> Value {
    let source = random.pick(&WEALTH_SOURCES);
    let given = if matches!(source, "gift" | "inheritance" | "alimony") { 90 } else { 0 };
    json!({
        "sourceOfWealth": source,
        "currency": currency(random),
        "amount": amount(random, &FORTUNES),
        "dateOfReceipt": random.maybe(60, |random| random.date(2001..=2025)),
        "originator": random.maybe(given, |random| originator(random, person)),
    })
}

fn originator(random: &mut Random, person: &Person) -> Value {
    json!({
        "name": human(random, person.region).full_name(),
        "relationToCustomer": random.word(RELATIONS),
        "occupation": random.maybe(60, |random| random.word(OCCUPATIONS)),
    })
}

fn prior_bank(random: &mut Random) -> Value {
    let country = if random.chance(75) { "CH" } else { random.pick(&COUNTRIES) };
    json!({ "namePriorBank": random.word(PRIOR_BANKS), "domicilePriorBank": country })
}

fn money(random: &mut Random, patterns: &[(u64, &str)]) -> Value {
    json!({ "currency": currency(random), "amount": amount(random, patterns) })
}

fn amount(random: &mut Random, patterns: &[(u64, &str)]) -> String {
    let rest = random.weighted(patterns);
    format!("{}{}", random.between(1..=9), random.fill(rest))
}
