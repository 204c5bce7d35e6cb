#!/usr/bin/env bash
# Builds dossier and runs it with NATS beside it and a sample bank in it, until Ctrl-C; its folder is DOSSIER_RUN, or run/.
set -euo pipefail
cd "$(dirname "$0")/.."

run=${DOSSIER_RUN:-run}
dossier=${CARGO_TARGET_DIR:-target}/release/dossier
client=wealthtech-alpha
wait_s=120

nats_pid='' nats_url=off
service_pid=''

main() {
  cargo build --release --locked
  take_folder
  trap leave EXIT
  trap stop_service INT TERM HUP
  start_nats
  import_sample
  start_service
  await_ready
  say_what_next
  wait_for "$service_pid"
}

# The lock is held by this script and by what it starts, so it is free again only when all have ended.
take_folder() {
  mkdir -p "$run"
  exec 9<>"$run/lock"
  flock --nonblock 9 || fail "$run is in use: by $(cat "$run/lock"), or by what it left running"
  echo "the run with process id $$" >"$run/lock"
}

start_nats() {
  local server port log=$run/nats.log
  if ! server=$(deploy/nats-server.sh 2>"$run/nats-server.log"); then
    echo "Running without NATS: there is no nats-server, so events wait in the log until one is configured."
    return
  fi
  port=$(free_port 4222)
  rm -f "$run"/*.ports
  apart "$server" --addr 127.0.0.1 --port "$port" --jetstream --store_dir "$run/nats" \
    --ports_file_dir "$run" --log "$log"
  nats_pid=$started nats_url=nats://127.0.0.1:$port
  # The server writes this file when clients can connect.
  within "$wait_s" "$nats_pid" test -e "$run/$(basename "$server")_$nats_pid.ports" ||
    fail "nats-server did not start: see $log"
}

# Only an empty folder gets the sample; an import that was cut short is done again, which doubles nothing.
import_sample() {
  if [ -n "$(ls -A "$run/data" 2>/dev/null)" ] && [ ! -e "$run/importing" ]; then return; fi
  touch "$run/importing"
  "$dossier" sample --customers 1000 --seed 1 | "$dossier" import - --data "$run/data" --dev
  rm "$run/importing"
}

start_service() {
  public=127.0.0.1:$(free_port 8080)
  admin=127.0.0.1:$(free_port 9080)
  apart "$dossier" serve --data "$run/data" --dev --listen "$public" --admin-listen "$admin" --nats "$nats_url" >&2
  service_pid=$started
}

await_ready() {
  if within "$wait_s" "$service_pid" answers 200 "$admin" /readyz; then return; fi
  if kill -0 "$service_pid" 2>/dev/null; then fail "dossier is not ready after $wait_s s"; fi
  wait_for "$service_pid"
  exit
}

say_what_next() {
  echo
  echo "dossier answers on http://$public; operators use http://$admin. Paste into another terminal:"
  echo
  deploy/examples.sh "http://$public" "$("$dossier" token --data "$run/data" --dev --client "$client")"
  echo
  echo "Every event, in order, in the clear:"
  echo "$dossier replay --url http://$admin"
  if [ "$nats_url" != off ]; then
    echo "and on NATS at $nats_url, stream DOSSIER, subjects dossier.> as in:"
    echo "nats --server $nats_url subscribe 'dossier.>'"
  fi
  echo
  echo "Everything is kept in $run/. Ctrl-C stops it."
}

# A signal ends the service, and main goes on when it has ended; before there is one, it ends this script.
stop_service() {
  if [ -z "$service_pid" ]; then exit 130; fi
  kill -TERM "$service_pid" 2>/dev/null || true
}

leave() {
  trap '' INT TERM HUP
  terminate "$service_pid"
  terminate "$nats_pid"
}

terminate() {
  if [ -n "$1" ] && kill -TERM "$1" 2>/dev/null; then wait_for "$1" || true; fi
}

# Starts $@ out of the terminal's reach, so that Ctrl-C comes to this script alone.
apart() {
  setsid "$@" </dev/null &
  started=$!
}

# Waits until the process $1 has ended, whatever signals come meanwhile, and returns its exit code.
wait_for() {
  while kill -0 "$1" 2>/dev/null; do wait "$1" || true; done
  wait "$1"
}

# Tries the command $3… until it succeeds, $1 seconds at most and only while the process $2 lives.
within() {
  local tries=$(($1 * 10)) pid=$2
  shift 2
  until "$@"; do
    if ! kill -0 "$pid" 2>/dev/null || [ $((tries -= 1)) = 0 ]; then return 1; fi
    sleep 0.1
  done
}

# Whether GET $3 at the address $2 answers with status $1.
answers() {
  local host=${2%:*} port=${2##*:} status
  {
    exec 8<>"/dev/tcp/$host/$port" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$3" "$2" >&8
    read -r -t 5 _ status _ <&8 || true
    exec 8>&-
  } 2>/dev/null
  [ "${status:-}" = "$1" ]
}

# The first port from $1 on that nobody listens at.
free_port() {
  local port
  for ((port = $1; port < $1 + 100; port++)); do
    if ! (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  fail "no free port from $1 to $port"
}

fail() {
  echo "$1" >&2
  exit 1
}

main
