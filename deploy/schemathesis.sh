#!/usr/bin/env bash
# Lets schemathesis compare a live service with its own document, and with OpenWealth's.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/schemathesis-tools
run_s_max=240

main() {
  fetch_python "$tools" schemathesis==4.32.5 python-jsonpath==2.2.2 pyyaml==6.0.3
  build
  examine_own
  examine_reference
  echo "deploy/schemathesis.sh: the service does what both documents say"
}

# Cases add addresses and contact details to the same few customers: as many as may be set.
bounds=(DOSSIER__RULES__ADDRESSES_MAX=200 DOSSIER__RULES__CONTACTS_MAX=200)

examine_own() {
  start_service 40 "${bounds[@]}"
  examine "$base/openapi.json"
  stop_service
}

# OpenWealth's document names no security scheme.
examine_reference() {
  PYTHONPATH=$tools python3 deploy/overlay.py tests/openwealth/overlay.yaml >"$scratch/openwealth.json"
  start_service 40 "${bounds[@]}" DOSSIER__HTTP__PROBLEM_TYPE_STYLE=openwealth-1
  examine "$scratch/openwealth.json" --header "Authorization: Bearer $token"
  stop_service
}

# Every phase and every check, over the document $1, at the service; what follows are further options.
examine() {
  local code=0
  DOSSIER_TOKEN=$token DOSSIER_CLIENT=$client HYPOTHESIS_STORAGE_DIRECTORY=$scratch/hypothesis PYTHONPATH=$tools timeout "$run_s_max" python3 -m schemathesis.cli \
    --config-file tests/schemathesis/config.toml run "$1" --url "$base" --checks all --seed 1 "${@:2}" \
    >"$scratch/report" 2>&1 || code=$?
  [ "$code" != 124 ] || fail "schemathesis took longer than $run_s_max s"
  if [ "$code" != 0 ]; then
    cut -c -1000 "$scratch/report" >&2
    fail "schemathesis found something in $1"
  fi
  sed -n '/^Test Phases:/,/^Seed:/p' "$scratch/report"
  kill -0 "$service_pid" || fail "dossier did not survive it"
}

main
