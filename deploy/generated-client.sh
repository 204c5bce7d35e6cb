#!/usr/bin/env bash
# Generates clients from OpenWealth's document, under both readings of its defects, and lets them read and write a sample bank.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/client-tools
clients=$PWD/target/generated-client
run_s_max=120

main() {
  fetch_python "$tools" openapi-python-client==0.29.1 datamodel-code-generator==0.89.0 pydantic==2.14.3 httpx==0.28.1 \
    python-jsonpath==2.2.2 pyyaml==6.0.3
  build
  try_reading deeper tests/openwealth/overlay.yaml
  try_reading higher tests/openwealth/overlay-higher.yaml
  echo "deploy/generated-client.sh: generated clients read every answer, and every write of theirs is accepted"
}

# The reading $1 is what the overlay $2 makes of the document.
try_reading() {
  local folder=$clients/$1
  rm -rf "$folder" && mkdir -p "$folder"
  PYTHONPATH=$tools python3 deploy/overlay.py "$2" >"$folder/openwealth.json"
  generate openapi_python_client generate --path "$folder/openwealth.json" --output-path "$folder/client" --meta none
  generate datamodel_code_generator --input "$folder/openwealth.json" --input-file-type openapi --output "$folder/models.py" \
    --output-model-type pydantic_v2.BaseModel --strict-types str bool int float --extra-fields allow --use-annotated \
    --formatters builtin --disable-timestamp
  start_service 200 DOSSIER__HTTP__PROBLEM_TYPE_STYLE=openwealth-1
  PYTHONPATH=$tools:$folder timeout "$run_s_max" python3 deploy/generated-client.py "$base" "$token" "$1" ||
    fail "a client of the $1 reading is not content"
  stop_service
}

generate() {
  PATH=$tools/bin:$PATH PYTHONPATH=$tools timeout "$run_s_max" python3 -m "$@" >"$scratch/generated" 2>&1 ||
    fail "$1 fails: $(tail -n 1 "$scratch/generated")"
}

main
