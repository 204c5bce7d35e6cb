//! `dossier replay`.

use std::io::{self, BufWriter, Write};

use clap::Args;
use events::id::{Position, StreamId};

use super::{
    Misused, Settings,
    remote::{AdminPort, Remote},
};
use crate::{
    folder,
    replay::{self, Part},
};

#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
    /// Only one history: customer/ID, person/ID or consent/ID.
    #[arg(long, value_name = "STREAM")]
    stream: Option<String>,
    /// The first position.
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// The last position, included.
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
}

impl Replay {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let stream = self.stream.as_deref().map(StreamId::parse).transpose();
        let stream =
            stream.map_err(|error| Misused(anyhow::anyhow!("the argument of --stream {error}")))?;
        match self.admin.remote(&self.settings)? {
            Some(remote) => super::runtime()?.block_on(self.replay_service(&remote)),
            None => self.replay_folder(stream),
        }
    }

    fn replay_folder(&self, stream: Option<StreamId>) -> anyhow::Result<()> {
        let config = self.settings.load()?;
        folder::check_exists(&config).map_err(Misused)?;
        let log = folder::open_log(&config, self.settings.dev, false)?;
        let (from, to) = (self.from.map(Position), self.to.map(Position));
        let mut out = BufWriter::new(io::stdout().lock());
        for line in replay::lines(&log, &Part { stream, from, to })? {
            out.write_all(&line?)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        log.close();
        Ok(())
    }

    async fn replay_service(&self, remote: &Remote) -> anyhow::Result<()> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let from = self.from.map(|from| from.to_string());
        let to = self.to.map(|to| to.to_string());
        for (name, value) in [("stream", &self.stream), ("from", &from), ("to", &to)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        remote.print(&format!("/replay?{}", query.finish())).await
    }
}
