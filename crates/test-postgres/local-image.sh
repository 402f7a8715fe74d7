#!/bin/sh
# Builds a Docker image of PostgreSQL out of this machine's own programs, for where there is an engine and no registry:
#
#   crates/test-postgres/local-image.sh && DUOLOGUE_TEST_POSTGRES_IMAGE=duologue-test-postgres cargo test
#
# It takes part in tests only: data is kept in the container, and everybody is trusted.
set -eu

name=${1:-duologue-test-postgres}
initdb=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb | tail -n 1)
bin=$(dirname "$(readlink -f "$initdb")")
lib=$("$bin/pg_config" --pkglibdir)
share=$("$bin/pg_config" --sharedir)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# Everything by its own path, and whatever it is linked with.
for file in /bin/sh "$bin/initdb" "$bin/postgres" "$bin/pg_isready" "$lib/plpgsql.so" "$lib/dict_snowball.so"; do
    ldd "$file" | grep -o '/[^ )]*' || true
    echo "$file"
done | sort -u | while read -r file; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
mkdir -p "$root$share" "$root/usr/share/zoneinfo" "$root/tmp" "$root/data"
cp -RL "$share/." "$root$share"
cp -RL /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc "$root/usr/share/zoneinfo/"
chmod 1777 "$root/tmp" "$root/data"
mkdir -p "$root/etc"
echo 'postgres:x:999:999::/data:/bin/sh' > "$root/etc/passwd"
cat > "$root/start" <<'START'
#!/bin/sh
set -eu
initdb -D /data/cluster -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions > /dev/null
echo 'host all all all trust' >> /data/cluster/pg_hba.conf
[ "${1:-}" = postgres ] && shift
exec postgres -D /data/cluster -c listen_addresses='*' -c unix_socket_directories=/tmp -c timezone=UTC "$@"
START
chmod 755 "$root/start"
tar -C "$root" -c . | docker import --change "ENV PATH=$bin" --change 'USER 999:999' --change 'ENTRYPOINT ["/start"]' - "$name"
