//! One complete document of each shape: every member that is read, and nothing else.

use super::{Reading, said};
use crate::parse::{address, contact, feed};

pub(super) const ADDRESS: &str = r#"{
    "addressIdentification": 42, "addressName": "Wohnsitz", "isDomicile": true,
    "isMailingAddress": false, "mailingInstruction": "Hold", "dispatchType": "other",
    "language": "Deutsch",
    "postalAddress": {
        "salutation": {
            "receptionRestriction": "confidential", "salutation": "Frau", "title": "Dr.",
            "overrideSalutation": "Grüezi" },
        "name": {
            "organisationName": "Muster AG", "givenName": "Anna", "middleName": "Maria",
            "lastName": "Muster", "nameSuffix": "jun." },
        "physicalAddress": {
            "careOf": "Meier", "toTheAttentionOf": "Buchhaltung", "streetName": "Seestrasse",
            "buildingNumber": "1a", "postBox": "12", "addressSuffix": "2. Stock",
            "postCode": "8001", "townName": "Zürich", "countrySubDivision": "ZH",
            "country": "CH" } } }"#;

pub(super) const CONTACT: &str = r#"{
    "medium": "phone", "contactMediumType": "business", "contactContent": "0041998887766",
    "additionalContactInformation": "Prio 1" }"#;

pub(super) const CUSTOMER: &str = r#"{ "customer": {
    "customerIdentification": "C-1", "status": "inactive", "externalReference": "x",
    "name": "Muster", "referenceCurrency": "CHF", "openingDate": "2020-02-29",
    "personList": [{ "personIdentification": "P-1", "personRelation": "accountOwner" }] } }"#;

pub(super) const PERSON: &str = r#"{ "person": {
    "personIdentification": "P-1", "externalReference": "x", "fullName": "Anna Muster",
    "countryOfDomicile": "CH", "language": "Deutsch", "taxDomicile": ["CH", "DE"],
    "contactInformation": [
        { "contactIdentification": "K-1", "medium": "email", "contactMediumType": "private",
          "contactContent": "anna@example.ch", "additionalContactInformation": "abends" }],
    "personDetails": {
        "personType": "naturalPerson", "givenName": "Anna", "middleName": "Maria",
        "lastName": "Muster", "title": "Dr.", "gender": "female", "nationality": ["CH"],
        "civilStatus": "married", "TIN": "756.1234.5678.90",
        "dates": [{ "date": "1960-01-31", "dateType": "birthDate" }] } } }"#;

const LEGAL_PERSON: &str = r#"{ "person": { "personIdentification": "P-2", "personDetails": {
    "personType": "legalPerson", "organisationName": "Muster AG", "legalForm": "AG",
    "LEI": "529900UVM8LC55IFAA52", "domicilaryCompany": false } } }"#;

const ASSOCIATION: &str = r#"{ "person": { "personIdentification": "P-3", "personDetails": {
    "personType": "personAssociation", "personAssociationName": "Erben Muster",
    "personAssociationType": "jointHeirs" } } }"#;

const TRUST: &str = r#"{ "person": { "personIdentification": "P-4", "personDetails": {
    "personType": "trust", "trustName": "Muster Trust", "trustType": "simpleTrust" } } }"#;

const SOLE: &str = r#"{ "person": { "personIdentification": "P-5", "personDetails": {
    "personType": "soleProprietorship", "soleProprietorshipName": "Muster" } } }"#;

pub(super) const KYC: &str = r#"{ "kyc": {
    "customerIdentification": "C-1",
    "nonFinancialSituation": {
        "profession": "Bäcker", "employingCompany": "Muster AG", "educationLevel": "Lehre",
        "function": "Meister", "typeOfEmployment": "employed", "riskDomicile": "CH",
        "reasonForDomiciliaryCompany": "none", "sector": "Food", "numberOfEmployees": 250,
        "dateOfIncorporation": "1999-12-31", "companyPurpose": "Bread",
        "structureControllingPerson": "A (100%)", "structureBeneficialOwners": "A (100%)",
        "reasonForTrust": "Succession", "revocability": true, "resettled": false,
        "merged": false, "beneficialOwner": "A", "beneficiary": "B", "protector": "C",
        "dateOfTrustContract": "2001-01-01" },
    "financialSituation": {
        "incomeCurrentPeriod": { "currency": "CHF", "amount": "100000" },
        "sourceOfIncome": "income",
        "annualTurnover": { "currency": "EUR", "amount": "0.5" },
        "monetaryWealth": { "currency": "USD", "amount": "999999999999.999999999" },
        "sourceOfWealth": [
            { "sourceOfWealth": "redemtion", "currency": "CHF", "amount": "1",
              "dateOfReceipt": "2010-10-10",
              "originator": { "name": "D", "relationToCustomer": "Aunt", "occupation": "E" } }],
        "priorBank": { "namePriorBank": "F", "domicilePriorBank": "DE" } } } }"#;

pub(super) const CONSENT: &str = r#"{ "consent": {
    "consentIdentification": "consent-1", "clientIdentification": "client-1",
    "customerIdentifications": ["C-1", "C-2"], "scopes": ["customer:read", "kyc:read"],
    "validFrom": "2025-01-01T00:00:00Z", "validTo": "2099-12-31T00:00:00+02:00",
    "status": "active" } }"#;

pub(super) const REMOVED_ADDRESS: &str = r#"{ "address": {
    "customerIdentification": "C-1", "addressIdentification": 42, "removed": true } }"#;

/// The complete address as a line of the feed.
pub(super) fn address_line() -> String {
    let members = ADDRESS.trim_start().trim_start_matches('{');
    format!(r#"{{ "address": {{ "customerIdentification": "C-1", "removed": false, {members} }}"#)
}

pub(super) fn new_address(body: &str) -> Vec<String> {
    said(address::new(body.as_bytes()))
}

pub(super) fn replacement(body: &str) -> Vec<String> {
    said(address::replacement(body.as_bytes()))
}

pub(super) fn new_contact(body: &str) -> Vec<String> {
    said(contact::new(body.as_bytes()))
}

pub(super) fn line(line: &str) -> Vec<String> {
    said(feed::line(line.as_bytes()))
}

/// Every shape, as something complete and who reads it.
pub(super) fn all() -> Vec<(String, Reading)> {
    let lines = [CUSTOMER, PERSON, LEGAL_PERSON, ASSOCIATION, TRUST, SOLE, KYC, CONSENT];
    let of_the_feed = |document: &str| -> (String, Reading) { (document.to_owned(), line) };

    let mut all: Vec<_> = lines.into_iter().map(of_the_feed).collect();
    all.extend([of_the_feed(&address_line()), of_the_feed(REMOVED_ADDRESS)]);
    all.push((ADDRESS.to_owned(), replacement));
    all.push((super::changed(ADDRESS, &[("/addressIdentification", "")]), new_address));
    all.push((CONTACT.to_owned(), new_contact));
    all
}

#[test]
fn complete_documents_are_accepted_and_nothing_in_them_is_ignored() {
    for (document, read) in all() {
        super::check(read, &document, &[]);
    }
}
