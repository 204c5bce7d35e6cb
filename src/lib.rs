//! dossier: the complete, provable history of what a bank knows about its customers, and the API
//! that serves its newest page.

/// Many small values on few threads: glibc's arenas spend more time on their locks than on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod access;
pub mod admin;
pub mod app;
pub mod asyncapi;
pub mod backup;
pub mod cli;
mod clock;
pub mod commands;
pub mod config;
pub mod consents;
mod discretion;
pub mod feed;
pub mod folder;
pub mod http;
pub mod intake;
pub mod journal;
mod lasting;
pub mod listener;
mod loopback;
pub mod opaque;
pub mod parse;
pub mod publisher;
pub mod replay;
pub mod sample;
mod seldom;
pub mod service;
mod shares;
mod telemetry;
mod turns;
pub mod verify;
