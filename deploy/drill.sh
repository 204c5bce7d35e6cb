#!/usr/bin/env bash
# The drill for operators: a service is backed up while it runs, gets another master key, loses its folder, and is restored as it was; its stream on NATS goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/live.sh
. deploy/live.sh
nats_pid=''
trap stop_nats EXIT

main() {
  need curl curl
  build
  start_nats
  start_service 200
  say "a bank of 200 customers is served; it is backed up while it runs"
  write first 201
  back_up
  write second 201
  back_up
  stop_service

  say "it gets another master key"
  "$dossier" keys rotate --to "$scratch/master.key" --data "$scratch/data" --dev
  serve "DOSSIER__KEYS__MASTER_FILE=$scratch/master.key"
  write third 201
  back_up
  answers >"$scratch/before"

  say "it dies, and its folder is lost, but for who issues the tokens"
  kill -KILL "$service_pid"
  wait "$service_pid" 2>/dev/null || true
  service_pid=''
  mv "$scratch/data" "$scratch/lost"
  mkdir -p "$scratch/data/dev"
  cp "$scratch/lost/dev/issuer.key" "$scratch/data/dev"

  say "it is restored, looked at, and served"
  export DOSSIER__KEYS__MASTER_FILE=$scratch/master.key
  "$dossier" verify --backup "$scratch/backup"
  "$dossier" restore "$scratch/backup" --data "$scratch/data"
  "$dossier" verify --data "$scratch/data"
  serve
  answers >"$scratch/after"
  diff "$scratch/before" "$scratch/after" >/dev/null || fail "answers differ from those before"
  for key in first second third; do
    write "$key" 201
    grep -qi '^idempotency-replayed: true' "$scratch/head" || fail "what was written under $key was done twice"
  done
  say "every answer is as before, and nothing is done twice"
  write fourth 201
  "$dossier" reconcile --url "$admin" >"$scratch/reconciled" 2>&1 ||
    fail "stream and log differ: $(cat "$scratch/reconciled")"
  say "the stream goes on behind what it held before, each event once"
}

# A NATS server that outlives the service; it ends with the drill.
start_nats() {
  local server
  server=$(deploy/nats-server.sh) || fail "there is no nats-server"
  mkdir "$scratch/nats"
  "$server" --addr 127.0.0.1 --port -1 --jetstream --store_dir "$scratch/nats" --ports_file_dir "$scratch/nats" \
    --log "$scratch/nats/log" &
  nats_pid=$!
  for ((i = 0; i < serve_s_max * 10; i++)); do
    nats=$(sed -n 's/.*"nats":\["\([^"]*\)".*/\1/p' "$scratch/nats/"*.ports 2>/dev/null) || true
    if [ -n "$nats" ]; then return; fi
    kill -0 "$nats_pid" 2>/dev/null || fail "nats-server ended early: $(tail -n 1 "$scratch/nats/log")"
    sleep 0.1
  done
  fail "nats-server did not start within $serve_s_max s"
}

stop_nats() {
  if [ -n "$nats_pid" ] && kill -TERM "$nats_pid" 2>/dev/null; then wait "$nats_pid" || true; fi
  leave
}

say() {
  echo "drill: $1"
}

back_up() {
  "$dossier" backup "$scratch/backup" --url "$admin"
}

# An address, under the idempotency key $1; the status must be $2.
write() {
  local status
  status=$(curl -s --max-time 30 -D "$scratch/head" -o "$scratch/body" -w '%{http_code}' "$base/customers/C-000001/addresses" \
    -H "Authorization: Bearer $token" -H 'X-Correlation-ID: drill' -H "Idempotency-Key: drill-$1" -H 'Content-Type: application/json' \
    -d '{"postalAddress":{"salutation":{},"physicalAddress":{"postCode":"8001","townName":"Zürich","country":"CH"}}}')
  [ "$status" = "$2" ] || fail "$status: $(cat "$scratch/body")"
}

# What a client sees, all of it.
answers() {
  local id
  ask '/customers?limit=1000'
  ask '/persons?limit=1000'
  for ((id = 1; id <= 200; id++)); do
    ask "/customers/C-$(printf %06d "$id")"
    ask "/customers/C-$(printf %06d "$id")/kyc"
  done
}

ask() {
  echo "$1"
  curl -s --max-time 30 "$base$1" -H "Authorization: Bearer $token" -H 'X-Correlation-ID: drill'
  echo
}

main
