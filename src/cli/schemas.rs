//! `dossier schemas`.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::Value;

use crate::asyncapi::schemas;

#[derive(Debug, Args)]
pub(super) struct Schemas {
    /// The folder; what it holds already is refused to be changed where subscribers would break.
    dir: PathBuf,
}

impl Schemas {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.dir).with_context(|| self.cannot("made"))?;
        let broken = schemas::broken(&self.found().with_context(|| self.cannot("read"))?);
        ensure!(
            broken.is_empty(),
            "nothing is written, since subscribers rely on what is there. Give what changed a tag \
             of its own. {}",
            broken.join("; ")
        );
        for (name, text) in schemas::files() {
            fs::write(self.dir.join(name), text).with_context(|| self.cannot("written"))?;
        }
        Ok(())
    }

    /// The schemas in the folder, by the names of their files.
    fn found(&self) -> io::Result<BTreeMap<String, Value>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if path.extension().is_some_and(|extension| extension == "json") {
                found.insert(name.to_owned(), serde_json::from_slice(&fs::read(&path)?)?);
            }
        }
        Ok(found)
    }

    fn cannot(&self, be: &str) -> String {
        format!("the schemas in {} cannot be {be}", self.dir.display())
    }
}
