//! The command line: what operators type, and what it answers to the shell.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "this is what a terminal shows")]

mod access;
mod backup;
mod consent;
mod import;
mod keys;
mod reconcile;
mod remote;
mod replay;
mod restore;
mod sample;
mod schemas;
mod serve;
mod token;
mod verify;

use std::{
    error::Error,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use events::{
    keys::{KeyError, KeyImportError},
    log::OpenError,
};

use crate::{
    app, asyncapi,
    config::{self, Config},
    discretion,
    folder::NoKey,
    http,
    intake::IntakeError,
    publisher::PublisherError,
    service::Refused,
    telemetry,
};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed; standard error says why
  2  it was not even begun: wrong arguments, wrong configuration, or no key or a wrong one
  3  an import went through, but some lines were rejected
  4  something was compared or verified, and differs or is damaged

Examples:
  dossier sample --customers 100 --seed 1 | dossier import - --data bank --dev
  dossier serve --data bank --dev
  dossier token --data bank --dev --client wealthtech-alpha";

/// The complete history of what a bank knows about its customers, and the API that serves it.
#[derive(Debug, Parser)]
#[command(name = "dossier", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API from a data folder and publishes its events.
    Serve(serve::Serve),
    /// Takes in master data and consents: NDJSON, one object a line.
    Import(import::Import),
    /// Writes a synthetic bank as NDJSON, the same for the same numbers.
    Sample(sample::Sample),
    /// Writes the history, decrypted, as NDJSON: every event with its envelope.
    Replay(replay::Replay),
    /// Compares the stream on NATS with the log, and publishes what is missing at its end.
    Reconcile(reconcile::Reconcile),
    /// Adds to a backup what has come since it was last made: from a folder or a running service.
    ///
    /// A backup is a folder of archives, each of which goes on where the one before ended, and the
    /// newest data keys, wrapped under the master key. Everything is read back before it counts.
    /// The master key is not in it: keep it apart. Nor are projections, which are built anew, and
    /// the access journal, whose files can be copied as they are.
    Backup(backup::Backup),
    /// Writes the whole history as one archive: sealed as it is stored, a line a record.
    Export(backup::Export),
    /// Makes a data folder of a backup or an archive, once all of it verifies.
    ///
    /// Events, positions, hashes and receipts are those that were; the folder must be empty but
    /// for the access journal (`access`) and development keys (`dev`).
    Restore(restore::Restore),
    /// Exports the data keys, or changes the master key.
    Keys(keys::Keys),
    /// Looks at every file of a data folder that no service has open, and tells what is damaged.
    ///
    /// Reads all records, payloads, keys, receipts and the index of streams, compares the
    /// projections with what the log makes, and looks at the access journal. It works on a copy in
    /// the folder, so it needs room for one, and changes nothing. Each finding is a line on
    /// standard output: the file, the position, what is wrong.
    Verify(verify::Verify),
    /// Tells who read or changed the data of a customer, and when, from the access journal.
    Access(access::Access),
    /// Grants, amends, revokes and lists consents: which client may see which customers.
    Consent(consent::Consent),
    /// Prints a bearer token of the development issuer.
    Token(token::Token),
    /// Prints the configuration as it is in force, without secrets.
    Config(Settings),
    /// Prints the OpenAPI document of the service as it is configured.
    Openapi(Settings),
    /// Prints the AsyncAPI document of the events as they are published.
    Asyncapi(Settings),
    /// Writes the JSON Schema of each tag into a folder.
    Schemas(schemas::Schemas),
    /// Prints completions for a shell.
    Completions { shell: clap_complete::Shell },
}

/// What every command that opens a folder takes.
#[derive(Debug, Args)]
struct Settings {
    /// A TOML file that overrides the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder [default: data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Development: keys are made in the data folder, which protects nothing.
    #[arg(long)]
    dev: bool,
}

impl Settings {
    /// The configuration in force, with log lines set up as it says.
    fn load(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref()).map_err(Misused)?;
        if let Some(dir) = &self.data {
            config.data.dir.clone_from(dir);
        }
        telemetry::log_lines(&config.telemetry).map_err(Misused)?;
        if let Some(file) = self.config.as_ref().filter(|file| config::states_secret(file)) {
            discretion::look_at(file);
        }
        Ok(config)
    }
}

/// What is wrong before anything was begun.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
struct Misused(anyhow::Error);

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    if let Err(error) = discretion::keep() {
        eprintln!("dossier: core dumps cannot be switched off: {error}");
    }
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            // Who reads our output may stop reading; that is no failure of ours.
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            eprintln!("dossier: {error:#}");
            ExitCode::from(if error.chain().any(is_misuse) { 2 } else { 1 })
        }
    }
}

/// Whether what was given cannot be right, however often it is tried.
fn is_misuse(cause: &(dyn Error + 'static)) -> bool {
    let wrong_master = |error| matches!(error, &OpenError::Keys(KeyError::WrongMaster));
    let wrong_import = |error| matches!(error, &KeyImportError::Key(KeyError::WrongMaster));
    cause.is::<Misused>()
        || cause.is::<NoKey>()
        || cause.is::<Refused>()
        || cause.is::<PublisherError>()
        || cause.is::<IntakeError>()
        || cause.downcast_ref().is_some_and(wrong_master)
        || cause.downcast_ref().is_some_and(wrong_import)
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => serve.run()?,
        Command::Import(import) => return import.run(),
        Command::Sample(sample) => sample.run()?,
        Command::Replay(replay) => replay.run()?,
        Command::Reconcile(reconcile) => return reconcile.run(),
        Command::Backup(backup) => backup.run()?,
        Command::Export(export) => export.run()?,
        Command::Restore(restore) => restore.run()?,
        Command::Keys(keys) => keys.run()?,
        Command::Verify(verify) => return verify.run(),
        Command::Access(access) => access.run()?,
        Command::Consent(consent) => consent.run()?,
        Command::Token(token) => token.run()?,
        Command::Config(settings) => print(&settings.load()?.to_toml()?)?,
        Command::Openapi(settings) => {
            print(&http::openapi::text(&app::Settings::of(&settings.load()?)))?;
        }
        Command::Asyncapi(settings) => {
            print(&asyncapi::text(&app::Settings::of(&settings.load()?)))?;
        }
        Command::Schemas(schemas) => schemas.run()?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "dossier", &mut io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Unlike `print!`, an error where nobody reads on.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(broken)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
