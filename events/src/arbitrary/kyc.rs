//! Any know-your-customer record.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{country, currency, date, text};
use crate::{
    kyc::{
        FinancialSituation, Kyc, Money, NonFinancialSituation, Originator, PriorBank,
        SourceOfIncome, SourceOfWealth, TypeOfEmployment, Wealth,
    },
    text::Amount,
};

pub(super) fn kyc() -> impl Strategy<Value = Kyc> {
    (option::of(non_financial_situation()), option::of(financial_situation())).prop_map(
        |(non_financial_situation, financial_situation)| Kyc {
            non_financial_situation,
            financial_situation,
        },
    )
}

prop_compose! {
    fn non_financial_situation()(
        rest in company_and_trust(),
        profession in option::of(text()),
        employing_company in option::of(text()),
        education_level in option::of(text()),
        function in option::of(text()),
        type_of_employment in option::of(type_of_employment()),
        risk_domicile in option::of(country()),
        reason_for_domiciliary_company in option::of(text()),
        sector in option::of(text()),
        number_of_employees in option::of(any::<i64>()),
        date_of_incorporation in option::of(date()),
    ) -> NonFinancialSituation {
        NonFinancialSituation {
            profession, employing_company, education_level, function, type_of_employment,
            risk_domicile, reason_for_domiciliary_company, sector, number_of_employees,
            date_of_incorporation, ..rest
        }
    }
}

prop_compose! {
    fn company_and_trust()(
        company_purpose in option::of(text()),
        structure_controlling_person in option::of(text()),
        structure_beneficial_owners in option::of(text()),
        reason_for_trust in option::of(text()),
        revocability in option::of(any::<bool>()),
        resettled in option::of(any::<bool>()),
        merged in option::of(any::<bool>()),
        beneficial_owner in option::of(text()),
        beneficiary in option::of(text()),
        protector in option::of(text()),
        date_of_trust_contract in option::of(date()),
    ) -> NonFinancialSituation {
        NonFinancialSituation {
            company_purpose, structure_controlling_person, structure_beneficial_owners,
            reason_for_trust, revocability, resettled, merged, beneficial_owner, beneficiary,
            protector, date_of_trust_contract, ..NonFinancialSituation::default()
        }
    }
}

prop_compose! {
    fn financial_situation()(
        income_current_period in option::of(money()),
        source_of_income in option::of(source_of_income()),
        annual_turnover in option::of(money()),
        monetary_wealth in option::of(money()),
        source_of_wealth in option::of(vec(wealth(), 0..3)),
        prior_bank in option::of((option::of(text()), option::of(country()))),
    ) -> FinancialSituation {
        let prior_bank = prior_bank.map(|(name_prior_bank, domicile_prior_bank)| {
            PriorBank { name_prior_bank, domicile_prior_bank }
        });
        FinancialSituation {
            income_current_period, source_of_income, annual_turnover, monetary_wealth,
            source_of_wealth, prior_bank,
        }
    }
}

fn money() -> impl Strategy<Value = Money> {
    (option::of(currency()), option::of(amount()))
        .prop_map(|(currency, amount)| Money { currency, amount })
}

fn amount() -> impl Strategy<Value = Amount> {
    (0..1_000_000_000_000_u64, option::of(0..1_000_000_000_u32)).prop_map(|(whole, fraction)| {
        let text = match fraction {
            Some(fraction) => format!("{whole}.{fraction}"),
            None => whole.to_string(),
        };
        Amount::parse(&text).unwrap()
    })
}

prop_compose! {
    fn wealth()(
        source_of_wealth in option::of(source_of_wealth()),
        currency in option::of(currency()),
        amount in option::of(amount()),
        date_of_receipt in option::of(date()),
        originator in option::of((option::of(text()), option::of(text()), option::of(text()))),
    ) -> Wealth {
        let originator = originator.map(|(name, relation_to_customer, occupation)| {
            Originator { name, relation_to_customer, occupation }
        });
        Wealth { source_of_wealth, currency, amount, date_of_receipt, originator }
    }
}

fn type_of_employment() -> impl Strategy<Value = TypeOfEmployment> {
    use TypeOfEmployment as T;
    select(&[T::SelfEmployed, T::Employed, T::Unemployed, T::Retired][..])
}

fn source_of_income() -> impl Strategy<Value = SourceOfIncome> {
    use SourceOfIncome as S;
    select(&[S::Income, S::Savings, S::Inheritance, S::LifeInsurance, S::PensionFunds, S::Gift][..])
}

fn source_of_wealth() -> impl Strategy<Value = SourceOfWealth> {
    use SourceOfWealth as S;
    select(
        &[
            S::RetirementPolicy,
            S::SelfEmploymentIncome,
            S::EmployeeIncome,
            S::Savings,
            S::Gift,
            S::Inheritance,
            S::Redemtion,
            S::Winnings,
            S::InsurancePremiumLiquidation,
            S::SaleOfGoods,
            S::RealEstateSale,
            S::SaleAquisitionCorporation,
            S::CashProceeds,
            S::Alimony,
            S::Compensation,
            S::Other,
        ][..],
    )
}
