//! What happened, and how it is kept.
//!
//! In reading order: the names of things, the values that events carry, the closed lists of
//! facts, their stored form, and the log that keeps them.

pub mod id;
pub mod text;

pub mod address;
pub mod contact;
pub mod kyc;
pub mod party;

pub mod behind;
pub mod causes;
pub mod consent;
pub mod customer;
pub mod person;

pub mod envelope;
pub mod event;
pub mod freed;
pub mod nudge;
pub mod room;
pub mod schema;
mod sync;
pub mod tag;
mod upcast;

pub mod archive;
pub mod keys;
pub mod record;
pub mod seal;

pub mod log;

#[cfg(test)]
mod arbitrary;

pub use upcast::UpcastError;
