//! Which sequences a stream holds, and what no limit of it explains when it holds fewer.

use async_nats::jetstream::stream::{Config, RetentionPolicy, State};

/// Where a stream begins, and how much is gone from behind there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) first: u64,
    pub(super) gone: u64,
}

impl Extent {
    pub(super) fn of(state: &State) -> Self {
        let next = state.last_sequence + 1;
        // Servers do not agree on where a stream begins that holds nothing.
        let first = if state.messages == 0 { next } else { state.first_sequence };
        Self { first, gone: next.saturating_sub(first).saturating_sub(state.messages) }
    }

    /// Whether somebody has taken away what the stream held.
    pub(super) fn was_robbed(self, now: Self, config: &Config) -> bool {
        let lost_its_first = now.first > self.first && !drops_its_first(config);
        lost_its_first || (now.gone > self.gone && !thins_out(config))
    }
}

/// Whether a limit of the stream may take its first messages away.
pub(super) fn drops_its_first(config: &Config) -> bool {
    let is_bounded = config.max_messages > 0 || config.max_bytes > 0 || !config.max_age.is_zero();
    is_bounded || thins_out(config)
}

/// Whether it drops messages from anywhere.
fn thins_out(config: &Config) -> bool {
    config.max_messages_per_subject > 0 || config.retention != RetentionPolicy::Limits
}
