//! `dossier sample`.

use std::io::{self, BufWriter, Write};

use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Sample {
    /// How many customers the bank has.
    #[arg(long, default_value_t = 1000)]
    customers: u64,
    /// Another number, another bank.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Sample {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
        crate::sample::write(self.customers, self.seed, &mut out)?;
        Ok(out.flush()?)
    }
}
