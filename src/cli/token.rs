//! `dossier token`.

use clap::Args;
use events::{consent::Scope, id::ClientId};

use super::{Misused, Settings};
use crate::{access::Issuer, clock, folder};

#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(flatten)]
    settings: Settings,
    /// The client that the token is for.
    #[arg(long, value_name = "ID")]
    client: String,
    /// A scope that the token carries; may be given several times [default: all].
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
}

impl Token {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        if !self.settings.dev {
            let hint = "only the development issuer's tokens can be printed: give --dev";
            return Err(Misused(anyhow::anyhow!(hint)).into());
        }
        let config = self.settings.load()?;
        let client = ClientId::parse(&self.client);
        let client = client.map_err(|error| Misused(anyhow::anyhow!("the client's id {error}")))?;
        folder::check_exists(&config).map_err(Misused)?;
        let issuer = Issuer::new(&folder::issuer_key(&config.data.dir)?)?;
        let scopes = if self.scopes.is_empty() { &Scope::ALL[..] } else { &self.scopes };
        println!("{}", issuer.token(&client, scopes, clock::now())?);
        Ok(())
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        format!("known are {known}")
    })
}
