#!/usr/bin/env bash
# Makes a self-signed certificate for localhost: make-certificate.sh DIRECTORY
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || die "usage: make-certificate.sh DIRECTORY"
mkdir -p "$1"
(
    umask 077
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$1/key.pem" -out "$1/cert.pem" 2>"$1/openssl.log"
) || die "openssl failed: $(cat "$1/openssl.log")"
