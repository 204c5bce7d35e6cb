//! What the bank knows about a customer because it must ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{Amount, Country, Currency, Date, Text};

/// A know-your-customer record; each statement replaces the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kyc {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_financial_situation: Option<NonFinancialSituation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub financial_situation: Option<FinancialSituation>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NonFinancialSituation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profession: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employing_company: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub education_level: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_of_employment: Option<TypeOfEmployment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_domicile: Option<Country>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_for_domiciliary_company: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_of_employees: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_incorporation: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_purpose: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure_controlling_person: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure_beneficial_owners: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_for_trust: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocability: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resettled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficial_owner: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protector: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_trust_contract: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TypeOfEmployment {
    SelfEmployed,
    Employed,
    Unemployed,
    Retired,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FinancialSituation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub income_current_period: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_income: Option<SourceOfIncome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_turnover: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monetary_wealth: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_wealth: Option<Vec<Wealth>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior_bank: Option<PriorBank>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Money {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceOfIncome {
    Income,
    Savings,
    Inheritance,
    LifeInsurance,
    PensionFunds,
    Gift,
}

/// One source of what a customer owns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Wealth {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_wealth: Option<SourceOfWealth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_receipt: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originator: Option<Originator>,
}

/// The spellings, slips included, are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceOfWealth {
    RetirementPolicy,
    SelfEmploymentIncome,
    EmployeeIncome,
    Savings,
    Gift,
    Inheritance,
    Redemtion,
    Winnings,
    InsurancePremiumLiquidation,
    SaleOfGoods,
    RealEstateSale,
    SaleAquisitionCorporation,
    CashProceeds,
    Alimony,
    Compensation,
    Other,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Originator {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation_to_customer: Option<Text<35>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupation: Option<Text<35>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PriorBank {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prior_bank: Option<Text<70>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domicile_prior_bank: Option<Country>,
}
