//! `dossier access`.

use std::io::{self, BufWriter, Write};

use anyhow::{Context, ensure};
use clap::Args;

use super::{
    Misused, Settings,
    remote::{AdminPort, Remote},
};
use crate::{
    folder,
    journal::{self, Found, Wanted},
};

#[derive(Debug, Args)]
pub(super) struct Access {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
    /// Only where data of this customer were seen or changed.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only where data of this person were.
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// Only what this client did.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// From this instant on, as in RFC 3339.
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Before this instant.
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
}

impl Access {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let wanted = Wanted::named(self.pairs().map(|(name, value)| (name.into(), value.into())));
        let wanted = wanted.map_err(|wrong| Misused(anyhow::anyhow!("--{wrong}")))?;
        match self.admin.remote(&self.settings)? {
            Some(remote) => super::runtime()?.block_on(self.ask_service(&remote)),
            None => self.ask_folder(wanted),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("customer", &self.customer),
            ("person", &self.person),
            ("client", &self.client),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// The journal is read beside a service too, but for what that has not written yet.
    fn ask_folder(&self, wanted: Wanted) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let dir = folder::journal_in(&config.data.dir);
        let (mut out, mut damaged) = (BufWriter::new(io::stdout().lock()), 0);
        for found in journal::search(&dir, wanted).context("the journal cannot be read")? {
            match found.context("the journal cannot be read to its end")? {
                Found::Entry(entry) => writeln!(out, "{entry}")?,
                Found::Damaged { file, line } => {
                    damaged += 1;
                    eprintln!("dossier: line {line} of {} cannot be read", file.display());
                }
            }
        }
        out.flush()?;
        ensure!(damaged == 0, "{damaged} lines cannot be read");
        Ok(())
    }

    async fn ask_service(&self, remote: &Remote) -> anyhow::Result<()> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        remote.print(&format!("/access?{}", query.finish())).await
    }
}
