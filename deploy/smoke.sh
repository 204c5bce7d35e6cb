#!/usr/bin/env bash
# Does what a newcomer does: starts deploy/run.sh in a folder of its own, pastes every line it prints, presses Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

wait_s=300
folder=$(mktemp -d)
run_pid=''

main() {
  need_curl
  cargo build --release --locked
  start
  follow_examples
  follow_events
  follow_page
  stop
  echo "deploy/smoke.sh: all that is printed works, and nothing is left running"
}

need_curl() {
  if command -v curl >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ]; then { apt-get update -qq && apt-get install -qq -y curl; } >&2; else fail "curl is missing"; fi
}

# A shell lets what it starts in the background ignore Ctrl-C; this one is to be stopped by it.
start() {
  trap leave EXIT
  DOSSIER_RUN=$folder/run setsid env --default-signal=INT deploy/run.sh >"$folder/out" 2>"$folder/err" </dev/null &
  run_pid=$!
  for ((i = 0; i < wait_s * 10; i++)); do
    if grep -qs 'Ctrl-C stops it' "$folder/out"; then return; fi
    kill -0 "$run_pid" 2>/dev/null || fail "deploy/run.sh ended early"
    sleep 0.1
  done
  fail "deploy/run.sh was not ready after $wait_s s"
}

# Each curl line must answer with the status that the line above it names.
follow_examples() {
  local line expected='' answered=0
  eval "$(grep '^export TOKEN=' "$folder/out")"
  while read -r line; do
    case $line in
      '# '*) expected=${line##*: } ;;
      'curl '*) follow "$line" "$expected" && answered=$((answered + 1)) ;;
    esac
  done <"$folder/out"
  [ "$answered" = 11 ] || fail "$answered of 11 operations answered"
}

follow() {
  local status
  status=$(eval "$1 --max-time 30 --output '$folder/answer' --write-out '%{http_code}'")
  echo "$status $1" | cut -c -100
  [ "$status" = "$2" ] || fail "expected $2, and got: $(cat "$folder/answer")"
}

follow_events() {
  local events
  grep -q 'nats://' "$folder/out" || fail "it ran without NATS"
  events=$(eval "timeout 60 $(grep ' replay --url ' "$folder/out")" | grep -c '"position"' || true)
  [ "$events" -ge 1000 ] || fail "replay gave $events events for 1000 customers"
}

# What the page about events tells its reader to save and to type, in a folder with nothing else; killed in between.
follow_page() {
  local url place lines
  url=$(grep -o 'http://[0-9.:]*' "$folder/out" | head -n 1)
  place=$(grep -o 'nats://[0-9.:]*' "$folder/out" | head -n 1)
  mkdir "$folder/reader" && cd "$folder/reader"
  curl -sS --noproxy '*' "$url/docs/events" >page.html
  curl -sS --noproxy '*' -O "$url$(grep -o '[^"]*address_book.py' page.html | head -n 1)"
  mapfile -t lines < <(sed -n '/<pre><code class="language-sh">/,/<\/code>/p' page.html | sed 's/<[^>]*>//g' | grep .)
  [ "${#lines[@]}" = 3 ] || fail "the page has ${#lines[@]} lines to type"
  echo 'nats-py==2.16.0' >pinned
  export PIP_TARGET=$PWD/packages PYTHONPATH=$PWD/packages
  PIP_CONSTRAINT=$PWD/pinned PIP_ROOT_USER_ACTION=ignore eval "${lines[0]} --quiet --disable-pip-version-check"
  until_caught_up "${lines[1]//nats:\/\/127.0.0.1:4222/$place}" 'going on at position 0:'
  until_caught_up "${lines[1]//nats:\/\/127.0.0.1:4222/$place}" 'going on at position [1-9]'
  eval "${lines[2]}" >shown.json
  curl -sS --noproxy '*' "$url/customers/C-000001" -H "Authorization: Bearer $TOKEN" -H "X-Correlation-ID: smoke" >served.json
  python3 -c 'import json; shown, served = json.load(open("shown.json")), json.load(open("served.json"))
assert shown and sorted(shown) == sorted(str(one["addressIdentification"]) for one in served["addressList"]), (shown, served)' ||
    fail "the book is not what the API serves"
  echo "address book: $(tail -n 1 said)"
  cd - >/dev/null
}

# Runs $1 until it has caught up, and kills it; it must have begun with $2.
until_caught_up() {
  local reader code=0
  eval "exec $1" 2>said &
  reader=$!
  for ((i = 0; i < wait_s * 10; i++)); do
    if grep -q 'caught up' said; then break; fi
    kill -0 "$reader" 2>/dev/null || fail "the address book ended: $(cat said)"
    sleep 0.1
  done
  kill -9 "$reader"
  wait "$reader" 2>/dev/null || code=$?
  [ "$code" = 137 ] || fail "the address book ended with $code"
  grep -q 'caught up' said || fail "the address book did not catch up: $(cat said)"
  grep -q "$2" said || fail "the address book did not go on where it was: $(cat said)"
}

# The signal of Ctrl-C goes to the whole group, as a terminal sends it.
stop() {
  local code=0
  kill -INT -- "-$run_pid"
  wait "$run_pid" || code=$?
  [ "$code" = 0 ] || fail "deploy/run.sh ended with $code"
  flock --nonblock "$folder/run/lock" true || fail "something was left running"
  run_pid=''
}

leave() {
  if [ -n "$run_pid" ] && kill -TERM "$run_pid" 2>/dev/null; then wait "$run_pid" || true; fi
  rm -rf "$folder"
}

fail() {
  tail -n 20 "$folder/err" >&2 || true
  echo "deploy/smoke.sh: $1" >&2
  exit 1
}

main
