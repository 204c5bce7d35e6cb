//! How a person can be reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// One way to reach a person: everything about it but its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactDetail {
    pub medium: Medium,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_medium_type: Option<ContactMediumType>,
    pub contact_content: Text<70>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_contact_information: Option<Text<70>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Medium {
    Email,
    Phone,
    Fax,
    Website,
    SocialMediaProfile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ContactMediumType {
    Private,
    Business,
}
