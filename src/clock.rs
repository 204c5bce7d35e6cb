//! The one place that asks what time it is.

use chrono::{DateTime, Utc};

/// Now, in the time of this machine.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
