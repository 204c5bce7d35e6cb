#!/usr/bin/env bash
# Prints the eleven operations as curl lines that work when pasted; takes the base URL and a bearer token.
set -euo pipefail

base=${1:?base URL}
token=${2:?bearer token}

number=0

# One operation: what it does, the status it answers with, then the method, the path and a body, if any.
example() {
  local what=$1 status=$2 method=$3 path=$4 body=${5:-}
  number=$((number + 1))
  printf '# %s: %s\ncurl -si' "$what" "$status"
  if [ "$method" != GET ]; then printf ' -X %s' "$method"; fi
  # shellcheck disable=SC2016 # the reader's shell expands $TOKEN
  printf ' "%s%s" -H "Authorization: Bearer $TOKEN" -H "X-Correlation-ID: demo-%s"' "$base" "$path" "$number"
  if [ -n "$body" ]; then printf " -H 'Content-Type: application/json' -d '%s'" "$body"; fi
  printf '\n'
}

# What POST and PUT of an address have in common: the street $1, the number $2.
postal() {
  printf '"postalAddress":{"salutation":{},"physicalAddress":'
  printf '{"streetName":"%s","buildingNumber":"%s","postCode":"8001","townName":"Zürich","country":"CH"}}' "$@"
}

printf 'export TOKEN=%s\n' "$token"
example 'list customers' 200 GET '/customers?limit=3'
example 'one customer' 200 GET /customers/C-000001
example 'its KYC record' 200 GET /customers/C-000001/kyc
example 'list persons' 200 GET '/persons?limit=3'
example 'one person' 200 GET /persons/P-000001
example 'contact details of a person' 200 GET /persons/P-000001/contactdetails
example 'add a contact detail' 201 POST /persons/P-000001/contactdetails \
  '{"medium":"email","contactMediumType":"private","contactContent":"anna.keller@example.ch"}'
example 'add an address' 201 POST /customers/C-000001/addresses \
  "{$(postal Bahnhofstrasse 1)}"
example 'the mailing address' 200 GET /customers/C-000001/addresses
example 'change an address' 204 PUT /customers/C-000001/addresses \
  "{\"addressIdentification\":1,\"dispatchType\":\"postal\",$(postal Rennweg 12)}"
example 'health' 200 GET /healthcheck
