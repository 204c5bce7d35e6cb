#!/usr/bin/env bash
# What an event takes on the disk: deploy/disk.sh [CUSTOMERS]. The sample bank, then its addresses changed
# over and over by the bank and by a client; each part of the folder apart, after the service has rested.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

customers=${1:-20000}
requests=30000
towns=(Bern Chur Genf Luzern Olten Sion Thun Uster Vevey Zug)

# Blocks that a part of the folder takes, so that holes in a file count for nothing.
bytes_of() {
  du --block-size=1 --summarize "$scratch/data/$1" | cut -f1
}

# Started and stopped once, so that whatever waits to be written or given back is.
settle() {
  serve DOSSIER__HTTP__RATE_PER_S=0
  events=$(curl -sS "$admin/metrics" | sed -n 's/^dossier_log_position //p')
  stop_service
}

# What every part has grown by since the last time, for each of the $2 that $1 speaks of.
tell() {
  local part now
  printf '%s:' "$1"
  for part in log projections access; do
    now=$(bytes_of "$part")
    printf ' %s %d' "$part" $(((now - ${before[$part]:-0}) / $2))
    before[$part]=$now
  done
  printf ' bytes each; log %d MB, projections %d MB in all\n' \
    $((before[log] / 1000000)) $((before[projections] / 1000000))
}

declare -A before
"$dossier" sample --customers "$customers" --seed 1 >"$scratch/bank"
"$dossier" import "$scratch/bank" --data "$scratch/data" --dev 2>/dev/null
settle
tell "sample bank of $customers customers, $events events" "$events"

grep '^{"address"' "$scratch/bank" >"$scratch/addresses"
first=$events
for town in "${towns[@]}"; do
  sed "s/\"townName\":\"[^\"]*\"/\"townName\":\"$town\"/" "$scratch/addresses" |
    "$dossier" import - --data "$scratch/data" --dev 2>/dev/null
done
settle
tell "$((events - first)) changes of addresses by the bank" $((events - first))

serve DOSSIER__HTTP__RATE_PER_S=0
for ((nth = 0; nth < requests; nth++)); do
  [ "$nth" = 0 ] || echo next
  cat <<PUT
url = "$base/customers/C-000001/addresses"
request = PUT
header = "authorization: Bearer $token"
header = "content-type: application/json"
header = "idempotency-key: $nth"
header = "x-correlation-id: $nth"
header = "if-match: *"
silent
fail
data = "{\"addressIdentification\":1,\"dispatchType\":\"postal\",\"postalAddress\":{\"salutation\":{},\"physicalAddress\":{\"postCode\":\"8001\",\"townName\":\"${towns[nth % 10]} $nth\",\"country\":\"CH\"}}}"
PUT
done >"$scratch/changes"
curl -K "$scratch/changes"
stop_service
first=$events
settle
tell "$((events - first)) changes of an address by a client, each under a key" $((events - first))
