#!/bin/sh
# Makes new certificates for the tests, valid for a hundred years. They protect nothing.
set -eu
cd "$(dirname "$0")"
make() {
  name=$1 extension=$2
  shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 36500 -subj "/CN=ironic-mcp tests, $name" \
    -addext "$extension" -keyout "$name.key" -out "$name.pem" "$@"
}
make ca 'keyUsage=critical,keyCertSign'
make other-ca 'keyUsage=critical,keyCertSign'
make server 'subjectAltName=IP:127.0.0.1,DNS:ironic.cloud.test' -addext 'basicConstraints=critical,CA:false' -CA ca.pem -CAkey ca.key
make client 'extendedKeyUsage=clientAuth' -addext 'basicConstraints=critical,CA:false' -CA ca.pem -CAkey ca.key
rm ca.key other-ca.key
