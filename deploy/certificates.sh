#!/usr/bin/env bash
# Makes certificates to try TLS with, good for 30 days: an authority, this machine's own and one of the client wealthtech-alpha, in the folder $1.
set -euo pipefail

folder=${1:?which folder?}
days=30

main() {
  mkdir -p "$folder"
  cd "$folder"
  umask 077
  make authority authority -addext 'keyUsage=critical,keyCertSign'
  certify server localhost 'DNS:localhost,IP:127.0.0.1' serverAuth
  certify client wealthtech-alpha 'DNS:wealthtech-alpha.example' clientAuth
}

# A key $1-key.pem with its certificate $1.pem for the common name $2.
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$days" -subj "/CN=$2" \
    -keyout "$1-key.pem" -out "$1.pem" "${@:3}" 2>/dev/null
}

# The same, signed by the authority, with the other names $3, for the purpose $4.
certify() {
  make "$1" "$2" -CA authority.pem -CAkey authority-key.pem -addext 'basicConstraints=critical,CA:FALSE' \
    -addext "subjectAltName=$3" -addext "extendedKeyUsage=$4"
}

main
