//! What the log waits by and waits for: the system's, or, for tests that choose who goes on when
//! (`log/tests/schedules.rs`), those of a model.

#[cfg(feature = "shuttle")]
pub(crate) mod model;
#[cfg(not(feature = "shuttle"))]
mod real {
    pub(crate) use std::{
        fs::File,
        sync::{atomic, mpsc},
        thread,
    };

    pub(crate) use ::sled;
    pub(crate) use parking_lot::{Mutex, RwLock};
    pub(crate) use tokio::sync::watch;
}

#[cfg(feature = "shuttle")]
pub(crate) use self::model::*;
#[cfg(not(feature = "shuttle"))]
pub(crate) use self::real::*;
