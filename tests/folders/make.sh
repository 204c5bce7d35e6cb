#!/usr/bin/env bash
# Writes a data folder of today's format to this folder, as text, with what it says: dossier-$1.txt and what stands beside it. For a new format only; what is here stays.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/live.sh
. deploy/live.sh

main() {
  local into=tests/folders/dossier-$1
  [ ! -e "$into.txt" ] || fail "$into.txt is there already, and stays as it is"
  need curl curl
  build
  start_service 3
  for town in Bern Basel; do write "$town"; done
  "$dossier" export "$into.events.ndjson" --url "$admin"
  "$dossier" keys export "$into.keys.ndjson" --url "$admin"
  stop_service
  "$dossier" replay --data "$scratch/data" --dev >"$into.replay.ndjson"
  pack >"$into.txt"
}

write() {
  curl -s --fail --max-time 30 -o /dev/null "$base/customers/C-000001/addresses" \
    -H "Authorization: Bearer $token" -H 'X-Correlation-ID: folder' -H "Idempotency-Key: folder-$1" -H 'Content-Type: application/json' \
    -d "{\"postalAddress\":{\"salutation\":{},\"physicalAddress\":{\"postCode\":\"8001\",\"townName\":\"$1\",\"country\":\"CH\"}}}"
}

# Each file: its path, then its bytes, compressed, in Base64.
pack() {
  local file
  find "$scratch/data" -type f ! -name lock -printf '%P\n' | LC_ALL=C sort | while read -r file; do
    echo "== $file"
    gzip -9 -n <"$scratch/data/$file" | base64
  done
}

main "$@"
