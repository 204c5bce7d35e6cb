"""Takes a guard out of the log, one at a time in a copy of the tree, and sees that a named test fails for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TREE = TARGET / "mutations"

LOG, KEYS = "events/src/log", "events/src/keys"
CRASH, SYNCED, RACES = "log::tests::crash::", "log::tests::crash::synced::", "log::tests::races::"
SCHEDULES, DAMAGE, RECEIPTS = "log::tests::schedules::", "log::tests::damage::", "log::tests::receipts::"

# What is taken out, in which file, what stands there, what stands there then, and the test that must fail.
MUTATIONS = [
    (
        "the fdatasync of a commit",
        f"{LOG}/store.rs",
        "Ok(self.file.sync_data()?)",
        "Ok(())",
        SYNCED + "nothing_is_said_before_the_store_is_synced",
    ),
    (
        "the fdatasync of new keys",
        "events/src/keys.rs",
        "        if !minted.is_empty() {\n            self.file.sync_data()?;\n        }\n",
        "",
        SYNCED + "nothing_is_said_before_the_store_is_synced",
    ),
    (
        "that the watermark waits for the commit",
        f"{LOG}/writer.rs",
        "        if let Err(error) = self.commit(&mut group) {",
        "        let early = Position(self.shared.watermark.borrow().0 + 1);\n"
        "        self.shared.watermark.send_replace(early);\n"
        "        if let Err(error) = self.commit(&mut group) {",
        SCHEDULES + "the_watermark_follows_the_syncs_and_never_goes_back",
    ),
    (
        "that nobody is answered before the watermark moves",
        f"{LOG}/writer.rs",
        "            self.shared.watermark.send_replace(position);\n        }\n        group.answer();",
        "            group.answer();\n            self.shared.watermark.send_replace(position);\n            return;\n        }\n"
        "        group.answer();",
        SCHEDULES + "the_watermark_follows_the_syncs_and_never_goes_back",
    ),
    (
        "that a failed sync is final",
        f"{LOG}/writer.rs",
        "AppendError::Unknown(stop(&self.shared, &error))",
        "AppendError::Unknown(causes::chain(&error).into())",
        SCHEDULES + "after_a_failed_sync_everybody_is_told_and_nothing_is_acknowledged",
    ),
    (
        "that who waits for the store is asked for again",
        f"{LOG}/store.rs",
        "self.nudge.during(|| {\n            self.tree.apply_batch(batch.0)?;\n            self.tree.flush()\n        })?;",
        "self.tree.apply_batch(batch.0)?;\n        self.tree.flush()?;",
        SCHEDULES + "whoever_the_store_leaves_waiting_is_asked_for_again",
    ),
    (
        "the checksum of a record",
        "events/src/record.rs",
        "if crc32fast::hash(frame) != u32::from_be_bytes(*checksum) {",
        "if false {",
        "record::tests::every_flipped_bit_is_refused",
    ),
    (
        "the checksum of a key slot",
        f"{KEYS}/slot.rs",
        "bytes[CRC_AT..] == crc32fast::hash(&bytes[..CRC_AT]).to_be_bytes()",
        "true",
        DAMAGE,
    ),
    (
        "the checksum of the head mark",
        f"{LOG}/mark.rs",
        "if checksum != crc32fast::hash(content).to_be_bytes() {",
        "if false {",
        "log::mark::tests::",
    ),
    (
        "the expected version",
        f"{LOG}/group.rs",
        "if version != request.expected || self.has_other_keys(request) {",
        "if self.has_other_keys(request) {",
        RACES + "of_two_writers_on_one_version_exactly_one_wins",
    ),
    (
        "that streams read along have not moved",
        f"{LOG}/group.rs",
        "if self.version(stream)? != *expected {",
        "if false {",
        "log::tests::",
    ),
]


def main():
    shutil.rmtree(TREE, ignore_errors=True)
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]:
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, TREE / name)
    survived = [mutation[0] for mutation in MUTATIONS if not is_seen(*mutation)]
    shutil.rmtree(TREE)
    if survived:
        sys.exit(f"deploy/mutations.py: no test misses {', nor '.join(survived)}")


def is_seen(what, path, there, instead, test):
    file = TREE / path
    whole = file.read_text()
    if whole.count(there) != 1:
        sys.exit(f"deploy/mutations.py: {path} does not hold once: {there}")
    file.write_text(whole.replace(there, instead))
    features = ["--features", "shuttle"] if test.startswith(SCHEDULES) else []
    command = ["cargo", "test", "-p", "events", "--lib", "--locked", *features, "--", test]
    # A mutant may wait for ever.
    done = subprocess.run(["timeout", "300", *command], cwd=TREE, capture_output=True, text=True, errors="replace")
    file.write_text(whole)
    if "error: could not compile" in done.stderr:
        sys.exit(f"deploy/mutations.py: without {what} it does not compile:\n{done.stderr}")
    failed = re.findall(r"^test (\S+) \.\.\. FAILED$", done.stdout, re.MULTILINE)
    if done.returncode == 124:
        failed.append("it waits for ever")
    print(f"without {what}: {', '.join(failed) or 'nothing fails'}", flush=True)
    return bool(failed)


main()
