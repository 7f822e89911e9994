#!/bin/sh
# Makes the certificates of the TLS tests in the directory given: an authority, a server's, one for another name, a client's with its key
# open and locked, and one that nobody signed.
set -eu
mkdir -p "$1"
cd "$1"

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}

signed() { # name, extensions
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
    echo "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

key ca
openssl req -x509 -new -key ca.key -subj "/CN=test authority" -days 2 -out ca.pem \
    -addext "basicConstraints=critical,CA:TRUE" 2>/dev/null
signed server "subjectAltName=IP:127.0.0.1"
signed other "subjectAltName=DNS:other.example"
signed client "extendedKeyUsage=clientAuth"
openssl ec -aes256 -passout "pass:open sesame" -in client.key -out locked.key 2>/dev/null
key self
openssl req -x509 -new -key self.key -subj "/CN=self" -days 2 -out self.pem -addext "subjectAltName=IP:127.0.0.1" 2>/dev/null
