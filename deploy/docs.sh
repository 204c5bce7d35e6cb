#!/usr/bin/env bash
# Checks the OpenAPI document against its meta-schema, and /docs and /docs/events in a browser that has no way out to the network.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/docs-tools

main() {
  need chromium chromium
  fetch_python "$tools" openapi-spec-validator==0.9.0 playwright==1.65.2
  PYTHONPATH=$tools python3 -m openapi_spec_validator openapi.json
  build
  start_service 10
  PYTHONPATH=$tools python3 deploy/docs.py "$base" "$token"
  echo "deploy/docs.sh: the document is sound, and both pages work without a network"
}

main
