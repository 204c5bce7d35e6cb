# shellcheck shell=bash
# For the scripts beside it, which source it: a service over a fresh sample bank, on ports that the system chooses, gone at the end.

dossier=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/dossier
client=wealthtech-alpha
nats=off
serve_s_max=60
scratch=$(mktemp -d)
service_pid=''
trap leave EXIT

# As the tests have built it, so that nothing is compiled twice.
build() {
  cargo build --workspace --tests --locked
}

# Serves a bank of $1 customers; what follows are settings, such as DOSSIER__HTTP__BASE_PATH=/v1. Sets base, admin and token.
start_service() {
  rm -rf "$scratch/data"
  "$dossier" sample --customers "$1" --seed 1 | "$dossier" import - --data "$scratch/data" --dev 2>"$scratch/import" ||
    fail "the sample cannot be imported: $(tail -n 1 "$scratch/import")"
  serve "${@:2}"
}

# Serves what is there; what follows are settings.
serve() {
  local public=''
  : >"$scratch/log"
  env DOSSIER__TELEMETRY__FORMAT=json "$@" "$dossier" serve --data "$scratch/data" --dev --nats "$nats" \
    --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 2>>"$scratch/log" &
  service_pid=$!
  for ((i = 0; i < serve_s_max * 10; i++)); do
    public=$(sed -n 's/.*"Serving\.".*"public":"\([^"]*\)".*/\1/p' "$scratch/log")
    if [ -n "$public" ]; then break; fi
    kill -0 "$service_pid" 2>/dev/null || fail "dossier ended early: $(tail -n 1 "$scratch/log")"
    sleep 0.1
  done
  [ -n "$public" ] || fail "dossier did not serve within $serve_s_max s"
  # shellcheck disable=SC2034 # for the script that sources this
  base=http://$public
  # shellcheck disable=SC2034
  admin=http://$(sed -n 's/.*"Serving\.".*"admin":"\([^"]*\)".*/\1/p' "$scratch/log")
  # shellcheck disable=SC2034
  token=$(token_of "$client")
}

# A token for the client $1, with the scopes that follow, or all.
token_of() {
  local scopes=("${@:2}")
  "$dossier" token --data "$scratch/data" --dev --client "$1" "${scopes[@]/#/--scope=}"
}

stop_service() {
  if [ -n "$service_pid" ] && kill -TERM "$service_pid" 2>/dev/null; then wait "$service_pid" || true; fi
  service_pid=''
}

# The command $1 of Debian's package $2, installed where that is allowed.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2"; } >&2 || true
  fi
  command -v "$1" >/dev/null || fail "$1 is missing: install the package $2"
}

# The Python packages $2… in the folder $1, unless these very ones are there.
fetch_python() {
  need python3 python3-pip
  if [ "$(cat "$1/complete" 2>/dev/null)" = "${*:2}" ]; then return; fi
  rm -rf "$1"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    --target "$1" "${@:2}" 2>"$scratch/pip" || fail "pip cannot install ${*:2}: $(tail -n 1 "$scratch/pip")"
  echo "${*:2}" >"$1/complete"
}

# The same of npm.
fetch_node() {
  need node nodejs
  need npm npm
  if [ "$(cat "$1/complete" 2>/dev/null)" = "${*:2}" ]; then return; fi
  rm -rf "$1" && mkdir -p "$1"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1" "${@:2}" >"$scratch/npm" 2>&1 ||
    fail "npm cannot install ${*:2}: $(tail -n 1 "$scratch/npm")"
  echo "${*:2}" >"$1/complete"
}

leave() {
  stop_service
  rm -rf "$scratch"
}

fail() {
  echo "$0: $1" >&2
  exit 1
}
