#!/usr/bin/env bash
# Checks the OpenAPI document against its meta-schema, and /docs in a browser that has no way out to the network.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/docs-tools
dossier=${CARGO_TARGET_DIR:-target}/debug/dossier
client=wealthtech-alpha
wait_s=60
scratch=$(mktemp -d)
service_pid=''

main() {
  trap leave EXIT
  fetch_tools
  PYTHONPATH=$tools python3 -m openapi_spec_validator openapi.json
  cargo build --locked
  start_service
  local token
  token=$("$dossier" token --data "$scratch/data" --dev --client "$client")
  PYTHONPATH=$tools python3 deploy/docs.py "http://$public" "$token"
  echo "deploy/docs.sh: the document is sound, and its page works without a network"
}

fetch_tools() {
  need python3 python3-pip
  need chromium chromium
  if [ -e "$tools/complete" ]; then return; fi
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --upgrade --only-binary :all: \
    --target "$tools" openapi-spec-validator==0.9.0 playwright==1.65.2 2>"$scratch/pip" ||
    fail "pip cannot install openapi-spec-validator and playwright: $(tail -n 1 "$scratch/pip")"
  touch "$tools/complete"
}

# The command $1 of Debian's package $2, installed where that is allowed.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2"; } >&2 || true
  fi
  command -v "$1" >/dev/null || fail "$1 is missing: install the package $2"
}

# A small bank, served on a port that the system chooses.
start_service() {
  "$dossier" sample --customers 10 --seed 1 | "$dossier" import - --data "$scratch/data" --dev 2>"$scratch/import" ||
    fail "the sample cannot be imported: $(tail -n 1 "$scratch/import")"
  DOSSIER__TELEMETRY__FORMAT=json "$dossier" serve --data "$scratch/data" --dev --nats off \
    --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 2>"$scratch/log" &
  service_pid=$!
  for ((i = 0; i < wait_s * 10; i++)); do
    public=$(sed -n 's/.*"Serving\.".*"public":"\([^"]*\)".*/\1/p' "$scratch/log")
    if [ -n "$public" ]; then return; fi
    kill -0 "$service_pid" 2>/dev/null || fail "dossier ended early: $(tail -n 1 "$scratch/log")"
    sleep 0.1
  done
  fail "dossier did not serve within $wait_s s"
}

leave() {
  if [ -n "$service_pid" ] && kill -TERM "$service_pid" 2>/dev/null; then wait "$service_pid" || true; fi
  rm -rf "$scratch"
}

fail() {
  echo "deploy/docs.sh: $1" >&2
  exit 1
}

main
