#!/usr/bin/env bash
# Generates clients from OpenWealth's document, as it was published and under both readings of its defects, and lets them read
# and write a sample bank.
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
  try_reading published as_published
  try_reading deeper overlaid tests/openwealth/overlay.yaml
  try_reading higher overlaid tests/openwealth/overlay-higher.yaml
  echo "deploy/generated-client.sh: generated clients read every answer, and every write of theirs is accepted"
}

as_published() {
  cat tests/openwealth/customer-management-1.2.1.yaml
}

overlaid() {
  PYTHONPATH=$tools python3 deploy/overlay.py "$1"
}

# The document of the reading $1 is what the command prints that follows.
try_reading() {
  local folder=$clients/$1
  rm -rf "$folder" && mkdir -p "$folder"
  "${@:2}" >"$folder/openwealth.yaml"
  generate openapi_python_client generate --path "$folder/openwealth.yaml" --output-path "$folder/client" --meta none
  generate datamodel_code_generator --input "$folder/openwealth.yaml" --input-file-type openapi --output "$folder/models.py" \
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
