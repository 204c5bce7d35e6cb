//! What the bank knows about a customer because it must ask.

use events::id::CustomerId;
use events::kyc::{
    FinancialSituation, Kyc, Money, NonFinancialSituation, Originator, PriorBank, Wealth,
};

use crate::parse::scalar::{choice, country, currency, date, employees, flag, id, text};
use crate::parse::value::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycLine {
    pub customer: CustomerId,
    pub kyc: Kyc,
}

pub(super) fn line(value: Value<'_>) -> Option<KycLine> {
    value.object(|kyc| {
        let customer = kyc.required("customerIdentification", id);
        let kyc = Kyc {
            non_financial_situation: kyc.optional("nonFinancialSituation", non_financial),
            financial_situation: kyc.optional("financialSituation", financial),
        };
        Some(KycLine { customer: customer?, kyc })
    })
}

fn non_financial(value: Value<'_>) -> Option<NonFinancialSituation> {
    value.object(|situation| {
        Some(NonFinancialSituation {
            profession: situation.optional("profession", text),
            employing_company: situation.optional("employingCompany", text),
            education_level: situation.optional("educationLevel", text),
            function: situation.optional("function", text),
            type_of_employment: situation.optional("typeOfEmployment", choice),
            risk_domicile: situation.optional("riskDomicile", country),
            reason_for_domiciliary_company: situation.optional("reasonForDomiciliaryCompany", text),
            sector: situation.optional("sector", text),
            number_of_employees: situation.optional("numberOfEmployees", employees),
            date_of_incorporation: situation.optional("dateOfIncorporation", date),
            company_purpose: situation.optional("companyPurpose", text),
            structure_controlling_person: situation.optional("structureControllingPerson", text),
            structure_beneficial_owners: situation.optional("structureBeneficialOwners", text),
            reason_for_trust: situation.optional("reasonForTrust", text),
            revocability: situation.optional("revocability", flag),
            resettled: situation.optional("resettled", flag),
            merged: situation.optional("merged", flag),
            beneficial_owner: situation.optional("beneficialOwner", text),
            beneficiary: situation.optional("beneficiary", text),
            protector: situation.optional("protector", text),
            date_of_trust_contract: situation.optional("dateOfTrustContract", date),
        })
    })
}

fn financial(value: Value<'_>) -> Option<FinancialSituation> {
    value.object(|situation| {
        Some(FinancialSituation {
            income_current_period: situation.optional("incomeCurrentPeriod", money),
            source_of_income: situation.optional("sourceOfIncome", choice),
            annual_turnover: situation.optional("annualTurnover", money),
            monetary_wealth: situation.optional("monetaryWealth", money),
            source_of_wealth: situation.optional("sourceOfWealth", |value| value.list(wealth)),
            prior_bank: situation.optional("priorBank", prior_bank),
        })
    })
}

fn money(value: Value<'_>) -> Option<Money> {
    value.object(|money| {
        Some(Money {
            currency: money.optional("currency", currency),
            amount: money.optional("amount", text),
        })
    })
}

fn wealth(value: Value<'_>) -> Option<Wealth> {
    value.object(|wealth| {
        Some(Wealth {
            source_of_wealth: wealth.optional("sourceOfWealth", choice),
            currency: wealth.optional("currency", currency),
            amount: wealth.optional("amount", text),
            date_of_receipt: wealth.optional("dateOfReceipt", date),
            originator: wealth.optional("originator", originator),
        })
    })
}

fn originator(value: Value<'_>) -> Option<Originator> {
    value.object(|originator| {
        Some(Originator {
            name: originator.optional("name", text),
            relation_to_customer: originator.optional("relationToCustomer", text),
            occupation: originator.optional("occupation", text),
        })
    })
}

fn prior_bank(value: Value<'_>) -> Option<PriorBank> {
    value.object(|bank| {
        Some(PriorBank {
            name_prior_bank: bank.optional("namePriorBank", text),
            domicile_prior_bank: bank.optional("domicilePriorBank", country),
        })
    })
}
