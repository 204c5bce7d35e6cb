//! `dossier import`.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use clap::Args;
use events::envelope::{Actor, Cause};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::io::{AsyncBufRead, AsyncRead, BufReader};

use super::{
    Settings,
    remote::{AdminPort, Remote},
};
use crate::{
    admin::FeedAnswer,
    app,
    feed::{self, Reject, Summary},
    folder,
};

/// Bytes of lines that are sent to a running service in one request, about.
const REQUEST_BYTES: usize = 1024 * 1024;
/// How long one request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_mins(2);

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The NDJSON file; "-" reads standard input.
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    admin: AdminPort,
    /// Where rejected lines are told: number and every reason, as NDJSON [default: standard error].
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

type Input = Box<dyn AsyncRead + Send + Unpin>;
type Rejects = Box<dyn Write>;

impl Import {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let summary = super::runtime()?.block_on(async {
            let remote = self.admin.remote(&self.settings)?;
            let (input, bar) = self.input().await?;
            let input = BufReader::with_capacity(1 << 20, bar.wrap_async_read(input));
            let summary = match &remote {
                Some(remote) => import_service(remote, input, self.rejects()?).await?,
                None => self.import_folder(input, &bar).await?,
            };
            bar.finish_and_clear();
            anyhow::Ok(summary)
        })?;
        eprintln!(
            "{} lines: {} events appended, {} lines unchanged, {} lines rejected.",
            summary.lines, summary.appended, summary.unchanged, summary.rejected
        );
        Ok(ExitCode::from(if summary.rejected > 0 { 3 } else { 0 }))
    }

    /// What is read, and a bar that shows how far; of a pipe nobody knows the end.
    async fn input(&self) -> anyhow::Result<(Input, ProgressBar)> {
        if self.file.as_os_str() == "-" {
            let style = "{elapsed} {bytes} read, {bytes_per_sec} {msg}";
            let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template(style)?);
            return Ok((Box::new(tokio::io::stdin()), bar));
        }
        let file = tokio::fs::File::open(&self.file)
            .await
            .with_context(|| format!("{} cannot be read", self.file.display()))?;
        let style = "{elapsed} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec} {msg}";
        let bar = ProgressBar::new(file.metadata().await?.len())
            .with_style(ProgressStyle::with_template(style)?);
        Ok((Box::new(file), bar))
    }

    fn rejects(&self) -> anyhow::Result<Rejects> {
        match &self.rejects {
            None => Ok(Box::new(BufWriter::new(io::stderr()))),
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                Ok(Box::new(BufWriter::new(file)))
            }
        }
    }

    async fn import_folder(
        &self,
        input: impl AsyncBufRead + Unpin,
        bar: &ProgressBar,
    ) -> anyhow::Result<Summary> {
        let config = self.settings.load()?;
        let log = folder::open_log(&config, self.settings.dev, false)?;
        // Only now: an import that cannot begin leaves an older file as it is.
        let mut rejects = self.rejects()?;
        let projections = app::open_projections(&config, log.clone())?;
        let commands = Arc::new(app::commands(&config, log.clone()));
        let cause = Cause::by(Actor::Bank);
        let done = feed::run(&commands, &cause, input, |reject| tell(&mut rejects, &reject)).await;
        rejects.flush()?;
        let shown = if done.is_ok() {
            // Serving afterwards then starts at once.
            bar.set_message("building answers");
            app::caught_up(&projections, log.watermark()).await
        } else {
            Ok(())
        };
        projections.close();
        log.close();
        shown?;
        Ok(done?)
    }
}

/// Sends the lines on, many in one request.
async fn import_service(
    remote: &Remote,
    mut input: impl AsyncBufRead + Unpin,
    mut rejects: Rejects,
) -> anyhow::Result<Summary> {
    let mut total = Summary::default();
    let mut lines_before = 0;
    loop {
        let mut body = Vec::with_capacity(REQUEST_BYTES);
        let mut lines = 0;
        // A line that is too long is cut, and refused by the service for what is left.
        while body.len() < REQUEST_BYTES && feed::append_line(&mut input, &mut body).await? {
            body.push(b'\n');
            lines += 1;
        }
        if body.is_empty() {
            break;
        }
        let answer = send(remote, body).await?;
        add(&mut total, answer.summary);
        for reject in answer.rejects {
            tell(&mut rejects, &Reject { line: reject.line + lines_before, ..reject })?;
        }
        lines_before += lines;
    }
    rejects.flush()?;
    Ok(total)
}

async fn send(remote: &Remote, body: Vec<u8>) -> anyhow::Result<FeedAnswer> {
    let answer = remote.post("/feed").timeout(REQUEST_TIME_MAX).body(body).send().await;
    let answer = answer.context("the service's admin port did not answer")?;
    let status = answer.status();
    let text = answer.text().await.context("the answer broke off")?;
    ensure!(status.is_success(), "the service answered {status}: {}", text.trim());
    serde_json::from_str(&text).context("the answer is not the feed's")
}

fn add(total: &mut Summary, part: Summary) {
    total.lines += part.lines;
    total.appended += part.appended;
    total.unchanged += part.unchanged;
    total.rejected += part.rejected;
    total.position = total.position.max(part.position);
}

fn tell(rejects: &mut Rejects, reject: &Reject) -> io::Result<()> {
    serde_json::to_writer(&mut *rejects, reject)?;
    rejects.write_all(b"\n")
}
