#!/usr/bin/env bash
# Makes the images of compose.yaml out of this machine's own programs, for where there is an engine and no registry:
#
#   deployment/local-images.sh BINARY
#
# BINARY is a built `duologue`. PostgreSQL is the one that is installed here; `nats-server` is that of NATS_SERVER_BIN, or
# on the PATH, or where `cargo xtask unit` installs it. The images are for trying a deployment out: they hold what the
# programs are linked with and little else, and get no updates.
#
#   duologue-deployment             the binary on the Dockerfile's target `run`, on duologue-deployment-base
#   duologue-deployment-postgres    speaks as the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB
#   duologue-deployment-nats
set -euo pipefail

[ $# -eq 1 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 64; }
binary=$(realpath "$1")
cd "$(dirname "$0")/.."
nats=${NATS_SERVER_BIN:-$(command -v nats-server || ls /usr/sbin/nats-server .tools/nats-server-*/bin/nats-server 2>/dev/null | tail -n 1 || true)}
[ -x "$nats" ] || { echo "$0: there is no nats-server" >&2; exit 69; }
nats=$(realpath "$nats")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# root, programs…: each by its own path, and whatever it is linked with.
gather() {
    local root=$1 file
    shift
    for file in "$@"; do
        echo "$file"
        ldd "$file" 2>/dev/null | grep -o '/[^ )]*' || true
    done | sort -u | while read -r file; do
        install -D "$(readlink -f "$file")" "$root$file"
    done
}

# root: its content as an archive that belongs to root, whoever runs this.
pack() { tar -C "$1" --owner=0 --group=0 -c .; }

# What the binary is linked with comes along, but not the binary.
base=$work/base
gather "$base" "$(command -v install)" "$binary"
rm "$base$binary"
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/ca-certificates.crt" 2>/dev/null || true
install -d -m 1777 "$base/tmp"
pack "$base" | docker import --change "ENV PATH=/usr/local/bin:/usr/bin" - duologue-deployment-base >/dev/null

# The engine's own builder: buildx may be missing here, and nothing of it is needed.
export DOCKER_BUILDKIT=0
mkdir "$work/binary"
strip -o "$work/binary/duologue" "$binary" 2>/dev/null || cp "$binary" "$work/binary/duologue"
docker build --quiet --target run --build-arg RUN_IMAGE=duologue-deployment-base --file Dockerfile \
    --tag duologue-deployment-run "$work/binary" >/dev/null
printf '%s\n' 'FROM duologue-deployment-run' 'COPY duologue /usr/local/bin/duologue' >"$work/binary/Dockerfile"
docker build --quiet --tag duologue-deployment "$work/binary"

root=$work/nats
gather "$root" "$nats" "$(command -v wget)"
mkdir -p "$root/usr/bin" && mv "$root$nats" "$root/usr/bin/nats-server"
install -d -m 1777 "$root/tmp"
pack "$root" | docker import --change 'ENV PATH=/usr/bin' --change 'ENTRYPOINT ["nats-server"]' - duologue-deployment-nats

initdb=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | tail -n 1)
bin=$(dirname "$(readlink -f "$initdb")")
lib=$("$bin/pg_config" --pkglibdir) share=$("$bin/pg_config" --sharedir)
root=$work/postgres
gather "$root" /bin/sh "$bin"/{initdb,postgres,pg_isready,psql,pg_dump,pg_restore,pg_basebackup} \
    "$lib"/{plpgsql,dict_snowball,libpqwalreceiver}.so
mkdir -p "$root$share" "$root/usr/share/zoneinfo" "$root/etc"
cp -RL "$share/." "$root$share"
cp -RL /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc "$root/usr/share/zoneinfo/"
echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >"$root/etc/passwd"
echo 'postgres:x:999:' >"$root/etc/group"
install -d -m 1777 "$root/tmp" "$root/var/run/postgresql"
install -d -m 700 "$root/var/lib/postgresql" "$root/var/lib/postgresql/data"
cat >"$root/start" <<'START'
#!/bin/sh
# Makes the database where there is none, then is the server.
set -eu
data=/var/lib/postgresql/data
if [ ! -e $data/PG_VERSION ]; then
    umask 077
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb -D $data -U "$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C --no-instructions
    : >/tmp/password
    echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
    echo 'host replication all all scram-sha-256' >>$data/pg_hba.conf
    printf 'CREATE DATABASE "%s"\n' "$POSTGRES_DB" | postgres --single -j -D $data postgres
fi
[ "${1:-}" = postgres ] && shift
exec postgres -D $data -c listen_addresses='*' "$@"
START
chmod 755 "$root/start"
# The home of the data belongs to postgres.
tar -C "$root" --owner=0 --group=0 --exclude=./var/lib/postgresql -cf "$work/postgres.tar" .
tar -C "$root" --owner=999 --group=999 -rf "$work/postgres.tar" ./var/lib/postgresql
docker import --change "ENV PATH=$bin" --change 'USER postgres' \
    --change 'VOLUME /var/lib/postgresql/data' --change 'ENTRYPOINT ["/start"]' "$work/postgres.tar" duologue-deployment-postgres
