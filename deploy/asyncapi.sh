#!/usr/bin/env bash
# Lets the official parser judge the AsyncAPI document, and today's schemas keep what every committed one promised.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/asyncapi-tools

main() {
  need git git
  fetch_node "$tools" @asyncapi/parser@3.6.3
  build
  NODE_PATH=$tools/node_modules node deploy/asyncapi.js asyncapi.json || fail "asyncapi.json is not sound"
  keep_promises
  echo "deploy/asyncapi.sh: the document is sound, and no change of a schema breaks a subscriber"
}

# A tag's schema lives as long as the events: whatever stood in the history must still hold, as far back as this clone knows it.
keep_promises() {
  local commit folder count=0
  [ "$(git rev-parse --is-shallow-repository)" = false ] || echo "deploy/asyncapi.sh: this clone is shallow, so only its own part of the history is compared (git fetch --unshallow for all of it)"
  for commit in $(git log --first-parent --format=%h -- schemas); do
    folder=$scratch/$commit
    mkdir "$folder"
    git archive "$commit" schemas 2>/dev/null | tar -x -C "$folder" 2>/dev/null || continue
    "$dossier" schemas "$folder/schemas" || fail "the schemas of $commit are broken"
    count=$((count + 1))
  done
  [ "$count" -gt 0 ] || fail "no schemas were ever committed"
}

main
