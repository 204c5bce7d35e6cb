//! What the tests stand on: the service in a folder of its own, who asks it, and what it is told.

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod asyncapi;
pub(crate) mod bank;
pub(crate) mod binary;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod copy;
pub(crate) mod disk;
pub(crate) mod document;
pub(crate) mod folder;
pub(crate) mod issuer;
pub(crate) mod nats;
pub(crate) mod nats_accounts;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod signing;
pub(crate) mod tls;
pub(crate) mod writers;
