#!/usr/bin/env bash
# Runs the Bruno collection in collection/ against a live service, and the requests of its .http file.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

tools=$PWD/target/collection-tools
run_s_max=120

main() {
  fetch_node "$tools" @usebruno/cli@4.1.0
  build
  start_service 40
  run_collection
  check_beside
  echo "deploy/collection.sh: every request is answered as the collection says"
}

run_collection() {
  local code=0
  (cd collection && timeout "$run_s_max" "$tools/node_modules/.bin/bru" run -r --sandbox developer --env local --noproxy \
    --env-var "base=$base" --env-var "token=$token" --env-var "reader=$(token_of "$client" customer:read)" \
    --env-var "gamma=$(token_of robo-gamma)" --env-var "expired=$(expired_token)") >"$scratch/report" 2>&1 || code=$?
  [ "$code" != 124 ] || fail "the collection took longer than $run_s_max s"
  # A script of the collection that does not run is told, but does not count.
  if [ "$code" != 0 ] || grep -q 'Error executing the script' "$scratch/report"; then
    cat "$scratch/report" >&2
    fail "the service does not answer as the collection says"
  fi
  sed -n '/Execution Summary/,$p' "$scratch/report"
}

# The token, as it was a day ago, under the same key.
expired_token() {
  node - "$token" "$scratch/data/dev/issuer.key" <<'JS'
const { createPrivateKey, sign } = require("node:crypto");
const [token, file] = process.argv.slice(2);
const [header, payload] = token.split(".");
const claims = JSON.parse(Buffer.from(payload, "base64url"));
for (const instant of ["iat", "nbf", "exp"]) claims[instant] -= 2 * 24 * 60 * 60;
const der = Buffer.from(require("node:fs").readFileSync(file, "utf8").trim(), "hex");
const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
console.log(`${text}.${sign(null, text, createPrivateKey({ key: der, format: "der", type: "pkcs8" })).toString("base64url")}`);
JS
}

# Each request of the .http file must answer with the status that stands above it.
check_beside() {
  node deploy/http-file.js collection/dossier.http "$base" "$token" || fail "collection/dossier.http does not hold"
}

main
