//! The bounds a line must keep, as tables: which members there are and what each may hold.

use serde_json::Value;

/// Members with a closed list of values.
pub(super) const ENUMS: [(&str, &[&str]); 15] = [
    ("status", &["active", "inactive", "closed", "revoked"]),
    (
        "personRelation",
        &[
            "beneficialOwner",
            "authorisedRepresentative",
            "assetManager",
            "accountOwner",
            "authorisedSignatory",
            "other",
        ],
    ),
    (
        "personType",
        &["naturalPerson", "legalPerson", "personAssociation", "trust", "soleProprietorship"],
    ),
    ("dateType", &["birthDate", "divorceDate", "deathDate"]),
    ("gender", &["male", "female", "other"]),
    ("civilStatus", &["unmarried", "married", "divorced", "widowed"]),
    (
        "personAssociationType",
        &[
            "compteJoint",
            "jointHeirs",
            "unregisteredPartnership",
            "limitedPartnership",
            "collectiveProprietorship",
        ],
    ),
    ("trustType", &["simpleTrust", "complexTrust", "grantorTrust"]),
    ("typeOfEmployment", &["selfEmployed", "employed", "unemployed", "retired"]),
    (
        "sourceOfIncome",
        &["income", "savings", "inheritance", "lifeInsurance", "pensionFunds", "gift"],
    ),
    (
        "sourceOfWealth",
        &[
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
        ],
    ),
    ("medium", &["email", "phone", "fax", "website", "socialMediaProfile"]),
    ("contactMediumType", &["private", "business"]),
    ("dispatchType", &["postal", "electronical", "other"]),
    ("scopes", &["customer:read", "kyc:read", "address:write", "contact:write"]),
];

/// Text members by their greatest length in characters.
pub(super) const TEXTS: [(usize, &str); 2] = [
    (
        35,
        "customerIdentification customerIdentifications personIdentification \
         contactIdentification consentIdentification clientIdentification externalReference \
         language givenName middleName lastName title TIN legalForm profession employingCompany \
         function reasonForDomiciliaryCompany relationToCustomer occupation mailingInstruction \
         receptionRestriction salutation overrideSalutation nameSuffix careOf toTheAttentionOf \
         streetName buildingNumber postBox addressSuffix postCode townName countrySubDivision",
    ),
    (
        70,
        "name fullName organisationName personAssociationName trustName soleProprietorshipName \
         educationLevel sector companyPurpose structureControllingPerson \
         structureBeneficialOwners reasonForTrust beneficialOwner beneficiary protector \
         namePriorBank contactContent additionalContactInformation addressName",
    ),
];

const COUNTRY: &str = "country countryOfDomicile nationality taxDomicile riskDomicile \
    domicilePriorBank";
const COUNTRIES: &str = "AT BR CA CH CZ DE ES FR GB IN IT LI PL PT SG TR US";
const CURRENCY: &str = "currency referenceCurrency";
const CURRENCIES: &str = "CHF EUR GBP JPY SEK USD";
const DATE: &str = "openingDate date dateOfIncorporation dateOfTrustContract dateOfReceipt";
const INSTANT: &str = "validFrom validTo";
const FLAG: &str = "domicilaryCompany revocability resettled merged isDomicile isMailingAddress";
const NUMBER: &str = "addressIdentification numberOfEmployees";

/// All members that are no objects or lists of objects.
pub(super) fn members() -> Vec<&'static str> {
    let enums = ENUMS.iter().map(|(member, _)| *member);
    let texts = TEXTS.iter().flat_map(|(_, members)| words(members));
    let others = [COUNTRY, CURRENCY, DATE, INSTANT, FLAG, NUMBER, "amount LEI"];
    enums.chain(texts).chain(others.into_iter().flat_map(words)).collect()
}

/// Where the members stand that a line of this kind cannot do without.
pub(super) fn required(line: &Value) -> &'static [&'static str] {
    if line.get("customer").is_some() {
        &["/customer/customerIdentification", "/customer/status", "/customer/personList/0"]
    } else if line.get("person").is_some() {
        &["/person/personIdentification", "/person/personDetails/personType"]
    } else if line.get("kyc").is_some() {
        &["/kyc/customerIdentification", "/kyc/nonFinancialSituation", "/kyc/financialSituation"]
    } else if line.get("address").is_some() {
        &[
            "/address/customerIdentification",
            "/address/addressIdentification",
            "/address/dispatchType",
            "/address/isDomicile",
            "/address/isMailingAddress",
            "/address/postalAddress/salutation",
            "/address/postalAddress/physicalAddress/country",
            "/address/postalAddress/physicalAddress/postCode",
            "/address/postalAddress/physicalAddress/townName",
        ]
    } else {
        &["/consent/customerIdentifications/0", "/consent/scopes/0", "/consent/status"]
    }
}

/// Panics at the first value that the schema does not allow under its member.
#[track_caller]
pub(super) fn check(member: &str, value: &Value) {
    match value {
        Value::Object(members) => members.iter().for_each(|(member, value)| check(member, value)),
        Value::Array(items) => items.iter().for_each(|item| check(member, item)),
        Value::String(text) => assert!(is_allowed(member, text), "{member}: {text}"),
        Value::Bool(_) => assert!(has(FLAG, member), "{member}"),
        Value::Number(number) => {
            assert!(has(NUMBER, member) && number.as_u64().unwrap() < 1_000_000_000_000);
        }
        Value::Null => panic!("{member} is null"),
    }
}

fn is_allowed(member: &str, text: &str) -> bool {
    if let Some((_, values)) = ENUMS.iter().find(|(name, _)| *name == member) {
        return values.contains(&text);
    }
    if let Some((chars_max, _)) = TEXTS.iter().find(|(_, members)| has(members, member)) {
        return is_clean(text) && text.chars().count() <= *chars_max;
    }
    match member {
        "LEI" => is_lei(text),
        "amount" => is_amount(text),
        _ if has(COUNTRY, member) => has(COUNTRIES, text),
        _ if has(CURRENCY, member) => has(CURRENCIES, text),
        _ if has(DATE, member) => is_date(text),
        _ if has(INSTANT, member) => text.strip_suffix("T00:00:00Z").is_some_and(is_date),
        _ => false,
    }
}

fn is_clean(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

fn is_amount(text: &str) -> bool {
    let digits = |text: &str, length_max| {
        (1..=length_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole, 12) && digits(fraction, 9),
        None => digits(text, 12),
    }
}

fn is_lei(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() == 20
        && text.bytes().take(18).all(letters)
        && text.bytes().skip(18).all(|byte| byte.is_ascii_digit())
}

/// A day up to the 28th exists in every month of every year.
fn is_date(text: &str) -> bool {
    let numbers: Vec<u16> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    match numbers.as_slice() {
        [year, 12, 31] => (2000..2100).contains(year) && text.len() == 10,
        [year, 1..=12, 1..=28] => (1800..2100).contains(year) && text.len() == 10,
        _ => false,
    }
}

fn has(list: &str, word: &str) -> bool {
    words(list).any(|one| one == word)
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split_whitespace()
}
