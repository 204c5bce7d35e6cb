#!/usr/bin/env bash
# The drill for operators: a service is backed up while it runs, gets another master key, loses its folder, and is restored as it was.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/live.sh
. deploy/live.sh

main() {
  need curl curl
  build
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
