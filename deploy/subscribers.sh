#!/usr/bin/env bash
# Lets both examples keep an address book while they, the service's NATS server and its memory die, and compares it with the API.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/subscriber-tools
run_s_max=300

main() {
  fetch_python "$tools" nats-py==2.16.0
  build
  cargo build --locked --example address_book
  # shellcheck disable=SC2034 # for start_service; the server itself comes later, as it may
  nats=nats://127.0.0.1:$(free_port)
  start_service 200
  see_all_customers
  guard
  PYTHONPATH=$tools timeout "$run_s_max" python3 deploy/subscribers.py "$base" "$token" "$(token_of mail-house customer:read)" \
    "$(deploy/nats-server.sh)" "$nats" "$(dirname "$dossier")/examples/address_book" ||
    fail "a subscriber does not end with the addresses that the API serves"
  echo "deploy/subscribers.sh: both examples end with exactly the addresses that the API serves"
}

# Who is to compare must see everybody.
see_all_customers() {
  local customers
  mapfile -t customers < <("$dossier" sample --customers 200 --seed 1 |
    python3 -c 'import json, sys
for line in map(json.loads, sys.stdin):
    if "customer" in line: print("--customer=" + line["customer"]["customerIdentification"])')
  "$dossier" consent grant N-MAIL --client mail-house --scope customer:read "${customers[@]}" --url "$admin" >"$scratch/granted"
}

# What deploy/nats-access.conf asks for, and whom the examples believe.
guard() {
  deploy/certificates.sh "$scratch/tls"
  export NATS_CERT=$scratch/tls/server.pem NATS_KEY=$scratch/tls/server-key.pem NATS_CA=$scratch/tls/authority.pem
  export DOSSIER_PASSWORD=secret OPERATOR_PASSWORD=secret READER_PASSWORD=secret CORE_PASSWORD=secret
  export SSL_CERT_FILE=$NATS_CA
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

main
