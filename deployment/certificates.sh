#!/usr/bin/env bash
# Makes a private authority and a certificate for each service of compose.yaml, or renews the certificates:
#
#   deployment/certificates.sh [DIRECTORY]         default: deployment/certificates
#
# The authority is made once, for ten years; certificates are for 90 days, and the servers take new ones without a
# restart. GATEWAY_NAMES are further names of the gateway, as in DNS:chat.example.org,IP:192.0.2.1. Needs openssl.
#
# Only the owner may look into the directory. Inside, keys are readable to all, so that a container that the engine
# mounts one into can read its own, whatever its user.
set -euo pipefail

directory=${1:-$(dirname "$0")/certificates}
install -d -m 700 "$directory"
cd "$directory"
echo '*' >.gitignore
umask 077
if [ ! -e authority.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj '/CN=duologue authority' \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout authority.key -out authority.pem
fi 2>/dev/null

for service in auth user social notification chat-1 chat-2 gateway; do
    names="DNS:$service,DNS:localhost,IP:127.0.0.1"
    [ "$service" = gateway ] && names="$names${GATEWAY_NAMES:+,$GATEWAY_NAMES}"
    install -d -m 755 "$service"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$service" \
        -keyout "$service/key.new" -out request.pem 2>/dev/null
    openssl x509 -req -in request.pem -CA authority.pem -CAkey authority.key -days 90 -out "$service/certificate.new" \
        -extfile <(printf '%s\n' "subjectAltName=$names" extendedKeyUsage=serverAuth,clientAuth \
            basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature) 2>/dev/null
    cp authority.pem "$service/authorities.pem"
    chmod 644 "$service"/*
    # A server that looks in between finds a key that does not fit, keeps what it has, and looks again.
    mv "$service/key.new" "$service/key.pem"
    mv "$service/certificate.new" "$service/certificate.pem"
done
rm request.pem
echo "certificates in $(pwd), until $(openssl x509 -in gateway/certificate.pem -noout -enddate | cut -d= -f2)"
