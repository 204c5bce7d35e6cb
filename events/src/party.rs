//! Who the bank deals with: the contract and the people behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{Country, Currency, Date, Lei, Text};

/// What the bank states about a contract, besides whether it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDetails {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<70>>,
    /// `status` of an open contract; closing and reopening are events of their own.
    pub activity: Activity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_currency: Option<Currency>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening_date: Option<Date>,
}

/// Whether an open contract is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Activity {
    Active,
    Inactive,
}

/// What a person is to a customer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    BeneficialOwner,
    AuthorisedRepresentative,
    AssetManager,
    AccountOwner,
    AuthorisedSignatory,
    Other,
}

/// The link of a customer to a person; the person stands in the envelope.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_relation: Option<Relation>,
}

/// What the bank states about a person, besides how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonDetails {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<Text<70>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_of_domicile: Option<Country>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<35>>,
    pub person_details: Party,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_domicile: Option<Vec<Country>>,
}

/// The five kinds of person, each with what only it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "personType", rename_all = "camelCase")]
pub enum Party {
    NaturalPerson(NaturalPerson),
    LegalPerson(LegalPerson),
    PersonAssociation(PersonAssociation),
    Trust(Trust),
    SoleProprietorship(SoleProprietorship),
}

impl Party {
    /// The value of `personType`.
    pub fn person_type(&self) -> &'static str {
        match self {
            Self::NaturalPerson(_) => "naturalPerson",
            Self::LegalPerson(_) => "legalPerson",
            Self::PersonAssociation(_) => "personAssociation",
            Self::Trust(_) => "trust",
            Self::SoleProprietorship(_) => "soleProprietorship",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct NaturalPerson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dates: Option<Vec<LifeDate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nationality: Option<Vec<Country>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub civil_status: Option<CivilStatus>,
    #[serde(rename = "TIN", skip_serializing_if = "Option::is_none")]
    pub tin: Option<Text<35>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LifeDate {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_type: Option<DateType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DateType {
    BirthDate,
    DivorceDate,
    DeathDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Gender {
    Male,
    Female,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CivilStatus {
    Unmarried,
    Married,
    Divorced,
    Widowed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct LegalPerson {
    pub organisation_name: Text<35>,
    pub legal_form: Text<35>,
    #[serde(rename = "LEI", default, skip_serializing_if = "Option::is_none")]
    pub lei: Option<Lei>,
    /// Spelt as in the reference.
    pub domicilary_company: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PersonAssociation {
    pub person_association_name: Text<70>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_association_type: Option<AssociationType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AssociationType {
    CompteJoint,
    JointHeirs,
    UnregisteredPartnership,
    LimitedPartnership,
    CollectiveProprietorship,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Trust {
    pub trust_name: Text<70>,
    pub trust_type: TrustType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TrustType {
    SimpleTrust,
    ComplexTrust,
    GrantorTrust,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct SoleProprietorship {
    pub sole_proprietorship_name: Text<70>,
}
