//! Any address.

use proptest::{option, prelude::*, sample::select};

use super::{country, text};
use crate::address::{
    Address, AddresseeName, DispatchType, PhysicalAddress, PostalAddress, Salutation,
};

prop_compose! {
    pub(super) fn address()(
        address_name in option::of(text()),
        is_domicile in any::<bool>(),
        is_mailing_address in any::<bool>(),
        mailing_instruction in option::of(text()),
        dispatch_type in select(
            &[DispatchType::Postal, DispatchType::Electronical, DispatchType::Other][..],
        ),
        language in option::of(text()),
        salutation in salutation(),
        name in option::of(addressee_name()),
        physical_address in physical_address(),
    ) -> Address {
        let postal_address = PostalAddress { salutation, name, physical_address };
        Address {
            address_name, is_domicile, is_mailing_address, mailing_instruction, dispatch_type,
            language, postal_address,
        }
    }
}

prop_compose! {
    fn salutation()(
        reception_restriction in option::of(text()),
        salutation in option::of(text()),
        title in option::of(text()),
        override_salutation in option::of(text()),
    ) -> Salutation {
        Salutation { reception_restriction, salutation, title, override_salutation }
    }
}

prop_compose! {
    fn addressee_name()(
        organisation_name in option::of(text()),
        given_name in option::of(text()),
        middle_name in option::of(text()),
        last_name in option::of(text()),
        name_suffix in option::of(text()),
    ) -> AddresseeName {
        AddresseeName { organisation_name, given_name, middle_name, last_name, name_suffix }
    }
}

prop_compose! {
    fn physical_address()(
        (care_of, to_the_attention_of, street_name, building_number) in
            (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        post_box in option::of(text()),
        address_suffix in option::of(text()),
        post_code in text(),
        town_name in text(),
        country_sub_division in option::of(text()),
        country in country(),
    ) -> PhysicalAddress {
        PhysicalAddress {
            care_of, to_the_attention_of, street_name, building_number, post_box, address_suffix,
            post_code, town_name, country_sub_division, country,
        }
    }
}
