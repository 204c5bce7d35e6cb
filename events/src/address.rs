//! Where mail for a customer goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{Country, Text};

/// One address of a customer: everything about it but its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_name: Option<Text<70>>,
    pub is_domicile: bool,
    pub is_mailing_address: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailing_instruction: Option<Text<35>>,
    pub dispatch_type: DispatchType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<35>>,
    pub postal_address: PostalAddress,
}

/// On paper or on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DispatchType {
    Postal,
    Electronical,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PostalAddress {
    pub salutation: Salutation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<AddresseeName>,
    pub physical_address: PhysicalAddress,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Salutation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reception_restriction: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salutation: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_salutation: Option<Text<35>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AddresseeName {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation_name: Option<Text<70>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_suffix: Option<Text<35>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct PhysicalAddress {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care_of: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_the_attention_of: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_name: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building_number: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_box: Option<Text<35>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_suffix: Option<Text<35>>,
    pub post_code: Text<35>,
    pub town_name: Text<35>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_sub_division: Option<Text<35>>,
    pub country: Country,
}
