//! What projections promise, through a real log and a real store.

mod access;
mod bank;
mod bodies;
mod cache;
mod forgotten;
mod laws;
mod parked;
mod rebuild;
mod restart;
