#!/usr/bin/env bash
# Checks what dependencies are: their licences, where they come from, and that none is banned (deny.toml).
set -euo pipefail
cd "$(dirname "$0")/.."

tools=${CARGO_TARGET_DIR:-$PWD/target}/deny-tools
version=0.20.2

main() {
  export PATH=$tools/bin:$PATH
  cargo-deny --version >/dev/null 2>&1 || fetch
  cargo deny --log-level error --locked check licenses bans sources
  if cargo deny --log-level error --locked check advisories; then
    echo "deploy/deny.sh: licences, bans, sources and advisories are in order"
  elif [ -n "$(find "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" -name .git -maxdepth 2 2>/dev/null)" ]; then
    echo "deploy/deny.sh: an advisory speaks against a dependency" >&2
    exit 1
  else
    echo "deploy/deny.sh: licences, bans and sources are in order; the database of advisories cannot be had here, so they were not looked at"
  fi
}

fetch() {
  echo "Installing cargo-deny into $tools." >&2
  cargo install --quiet --locked --root "$tools" --target-dir "$tools/build" cargo-deny@$version
  rm -rf "$tools/build"
}

main
