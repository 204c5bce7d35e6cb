//! The fuzzer for one target, which `DOSSIER_FUZZ` names; its seeds go into `DOSSIER_FUZZ_SEEDS`.
#![no_main]

use std::{env, fs, path::PathBuf, sync::OnceLock};

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        let dir = PathBuf::from(env::var_os("DOSSIER_FUZZ_SEEDS").expect("a folder for the seeds"));
        for (nth, seed) in (target().seeds)().iter().enumerate() {
            fs::write(dir.join(format!("seed-{nth}")), seed).expect("the seeds can be written");
        }
    },
    |bytes: &[u8]| (target().run)(bytes)
);

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = env::var("DOSSIER_FUZZ").unwrap_or_default();
        let target = TARGETS.iter().find(|target| target.name == name);
        target.unwrap_or_else(|| panic!("no target is called {name:?}"))
    })
}
