#!/usr/bin/env bash
# Every decoder under libFuzzer, guided by the coverage of our own crates: deploy/fuzz.sh SECONDS [TARGET…].
# An input that breaks a promise is kept under target/fuzz/, and its name is printed.
# Needs a C++ compiler beside Rust.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?"for how many seconds each target runs"}
shift
targets=("${@:-archive body envelope line payload record stored token}")
read -ra targets <<<"${targets[*]}"
command -v c++ >/dev/null || { apt-get update -qq && apt-get install -y --no-install-recommends g++; }

# Only our own crates are instrumented, generic code of others that they use among it; the others
# are those of every other build.
work=${CARGO_TARGET_DIR:-target}/fuzz
mkdir -p "$work"
cat >"$work/rustc" <<'WRAPPER'
#!/bin/sh
exec "$@" -Copt-level=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares
WRAPPER
chmod +x "$work/rustc"
RUSTC_WORKSPACE_WRAPPER=$(realpath "$work/rustc") cargo build --quiet --locked -p fuzz --features libfuzzer
fuzzer=$(realpath "${CARGO_TARGET_DIR:-target}/debug/fuzz")

# What one target found last time is where it goes on.
run() {
  local target=$1 dir=$work/$1
  mkdir -p "$dir/corpus" "$dir/seeds" "$dir/found"
  DOSSIER_FUZZ=$target DOSSIER_FUZZ_SEEDS=$dir/seeds "$fuzzer" "$dir/corpus" "$dir/seeds" \
    -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$dir/found/" >"$dir/log" 2>&1 || { tail -30 "$dir/log"; return 1; }
  echo "$target: $(grep -o 'number_of_executed_units: .*' "$dir/log"), $(grep -o 'cov: [0-9]*' "$dir/log" | tail -1)"
}

# As many at a time as there are processors.
rm -f "$work/failed"
for target in "${targets[@]}"; do
  while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n || true; done
  run "$target" || touch "$work/failed" &
done
wait
[[ ! -e $work/failed ]]
