//! Any contract, and any person behind one.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{country, currency, date, text};
use crate::{
    party::{
        Activity, AssociationType, CivilStatus, CustomerDetails, DateType, Gender, LegalPerson,
        LifeDate, Link, NaturalPerson, Party, PersonAssociation, PersonDetails, Relation,
        SoleProprietorship, Trust, TrustType,
    },
    text::Lei,
};

prop_compose! {
    pub(super) fn customer()(
        external_reference in option::of(text()),
        name in option::of(text()),
        activity in select(&[Activity::Active, Activity::Inactive][..]),
        reference_currency in option::of(currency()),
        opening_date in option::of(date()),
    ) -> CustomerDetails {
        CustomerDetails { external_reference, name, activity, reference_currency, opening_date }
    }
}

pub(super) fn link() -> impl Strategy<Value = Link> {
    let relation = select(
        &[
            Relation::BeneficialOwner,
            Relation::AuthorisedRepresentative,
            Relation::AssetManager,
            Relation::AccountOwner,
            Relation::AuthorisedSignatory,
            Relation::Other,
        ][..],
    );
    option::of(relation).prop_map(|person_relation| Link { person_relation })
}

prop_compose! {
    pub(super) fn person()(
        external_reference in option::of(text()),
        full_name in option::of(text()),
        country_of_domicile in option::of(country()),
        language in option::of(text()),
        person_details in party(),
        tax_domicile in option::of(vec(country(), 0..3)),
    ) -> PersonDetails {
        PersonDetails {
            external_reference, full_name, country_of_domicile, language, person_details,
            tax_domicile,
        }
    }
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        natural_person().prop_map(Party::NaturalPerson),
        legal_person().prop_map(Party::LegalPerson),
        (text(), option::of(association_type())).prop_map(|(name, kind)| {
            Party::PersonAssociation(PersonAssociation {
                person_association_name: name,
                person_association_type: kind,
            })
        }),
        (text(), trust_type())
            .prop_map(|(trust_name, trust_type)| Party::Trust(Trust { trust_name, trust_type })),
        text().prop_map(|sole_proprietorship_name| {
            Party::SoleProprietorship(SoleProprietorship { sole_proprietorship_name })
        }),
    ]
}

prop_compose! {
    fn natural_person()(
        given_name in option::of(text()),
        middle_name in option::of(text()),
        last_name in option::of(text()),
        title in option::of(text()),
        dates in option::of(vec(life_date(), 0..3)),
        gender in option::of(select(&[Gender::Male, Gender::Female, Gender::Other][..])),
        nationality in option::of(vec(country(), 0..3)),
        civil_status in option::of(civil_status()),
        tin in option::of(text()),
    ) -> NaturalPerson {
        NaturalPerson {
            given_name, middle_name, last_name, title, dates, gender, nationality, civil_status,
            tin,
        }
    }
}

prop_compose! {
    fn legal_person()(
        organisation_name in text(),
        legal_form in text(),
        lei in option::of(Just("5493001KJTIIGC8Y1R12")),
        domicilary_company in any::<bool>(),
    ) -> LegalPerson {
        let lei = lei.map(|text| Lei::parse(text).unwrap());
        LegalPerson { organisation_name, legal_form, lei, domicilary_company }
    }
}

fn life_date() -> impl Strategy<Value = LifeDate> {
    let date_type = select(&[DateType::BirthDate, DateType::DivorceDate, DateType::DeathDate][..]);
    (option::of(date()), option::of(date_type))
        .prop_map(|(date, date_type)| LifeDate { date, date_type })
}

fn civil_status() -> impl Strategy<Value = CivilStatus> {
    use CivilStatus as S;
    select(&[S::Unmarried, S::Married, S::Divorced, S::Widowed][..])
}

fn association_type() -> impl Strategy<Value = AssociationType> {
    use AssociationType as T;
    select(
        &[
            T::CompteJoint,
            T::JointHeirs,
            T::UnregisteredPartnership,
            T::LimitedPartnership,
            T::CollectiveProprietorship,
        ][..],
    )
}

fn trust_type() -> impl Strategy<Value = TrustType> {
    select(&[TrustType::SimpleTrust, TrustType::ComplexTrust, TrustType::GrantorTrust][..])
}
