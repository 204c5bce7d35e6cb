#!/usr/bin/env bash
# Serves with the certificates that certificates.sh makes, and asks with curl: only who shows one is answered.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/live.sh

main() {
  local files=$scratch/tls
  need curl curl
  need openssl openssl
  build
  deploy/certificates.sh "$files"
  start_service 10 "DOSSIER__HTTP__TLS__CERTIFICATE=$files/server.pem" "DOSSIER__HTTP__TLS__KEY=$files/server-key.pem" \
    "DOSSIER__HTTP__TLS__CLIENT_AUTHORITIES=$files/authority.pem" DOSSIER__HTTP__TLS__CLIENTS=wealthtech-alpha.example
  [ "$(ask "$files" --cert "$files/client.pem" --key "$files/client-key.pem")" = 200 ] ||
    fail "the client with a certificate got no answer: $(tail -n 1 "$scratch/log")"
  [ "$(ask "$files" || true)" = 000 ] || fail "a client without a certificate got an answer"
  [ "$(ask "$files" --cert "$files/server.pem" --key "$files/server-key.pem" || true)" = 000 ] ||
    fail "a server's certificate was taken for a client's"
  echo "deploy/tls.sh: with a certificate 200, without one nothing"
}

# The status of an answer to who believes the authority in $1; what follows are arguments of curl.
ask() {
  curl -s --max-time 30 --output /dev/null --write-out '%{http_code}' --cacert "$1/authority.pem" "${@:2}" \
    "https://${base#http://}/customers/C-000001" -H "Authorization: Bearer $token" -H "X-Correlation-ID: demo-1"
}

main
