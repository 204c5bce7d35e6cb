//! The binary: the command line over the library.

fn main() -> std::process::ExitCode {
    dossier::cli::main()
}
