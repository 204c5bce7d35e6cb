//! A synthetic Swiss bank as a feed: the same lines for the same seed, on every machine.

mod address;
mod consent;
mod contact;
mod customer;
mod kyc;
mod party;
mod person;
mod places;
mod random;
mod wealth;
mod words;

#[cfg(test)]
mod tests;

use std::io;

use serde_json::Value;

use self::consent::CUSTOMERS_PER_CONSENT_MAX;
use self::customer::Customer;

/// Writes the bank line by line; no more than one customer is ever held in memory.
///
/// A customer's lines depend on the seed and its number only, so that a larger bank begins like
/// a smaller one.
pub fn write(customers: u64, seed: u64, out: &mut impl io::Write) -> io::Result<()> {
    for number in 1..=customers {
        write_all(story(seed, number), out)?;

        if number == customers || number.is_multiple_of(CUSTOMERS_PER_CONSENT_MAX) {
            write_all(consent::granted_up_to(number), out)?;
        }
    }
    write_all(consent::lapsed(customers), out)
}

/// All lines of one customer, each after those it leans on.
fn story(seed: u64, number: u64) -> Vec<Value> {
    let customer = Customer::new(seed, number);

    let mut lines = vec![customer.line(seed)];
    lines.extend(customer.newcomers().into_iter().map(|person| person::line(seed, person)));
    lines.extend(address::lines(seed, &customer));
    lines.extend(kyc::line(seed, &customer));
    lines
}

fn write_all(lines: Vec<Value>, out: &mut impl io::Write) -> io::Result<()> {
    for mut line in lines {
        drop_nulls(&mut line);
        // The order of members must not hang on a feature of `serde_json`.
        line.sort_all_objects();

        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// What a person or customer lacks is left out: the schema knows no null.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
