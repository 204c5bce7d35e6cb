//! The service from outside, as clients, operators and the bank see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod addresses;
mod backup;
mod bodies;
mod command_line;
mod consents;
mod contacts;
mod crash;
mod customers;
mod damage;
mod drill;
mod errors;
mod feed;
mod forgotten;
mod health;
mod import;
mod introspection;
mod journal;
mod jwks;
mod kyc;
mod leaks;
mod limits;
mod nats;
mod openapi;
mod paging;
mod persons;
mod refusals;
mod replay;
mod restart;
mod support;
mod tidy;
mod transport;
mod upgrades;
mod writes;
