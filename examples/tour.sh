#!/usr/bin/env bash
# Walks through the README's tour and holds every answer against the one that the README prints.
#
#   examples/tour.sh                          against a server that runs on the default ports
#   examples/tour.sh --at URL                 against the REST door at that URL
#   examples/tour.sh --serve PATH [ARGUMENT…] starts that binary for the walk, on free ports, and stops it afterwards
#
# A block of `sh` in the README's section "The tour" is run; the block of `json` or `text` behind it is what it must
# print, whatever the ids, tokens, times and cursors. Nothing is needed but bash, curl, sed and awk.
set -euo pipefail

readme="$(cd "$(dirname "$0")/.." && pwd)/README.md"
work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

api=http://127.0.0.1:8080
if [ "${1:-}" = "--at" ]; then
    api=$2
elif [ "${1:-}" = "--serve" ]; then
    binary=$(realpath "$2")
    shift 2
    any=127.0.0.1:0
    (cd "$work" && exec "$binary" serve --rest-listen $any --grpc-listen $any --metrics-listen $any "$@") \
        >"$work/server.out" 2>"$work/server.log" &
    server=$!
    # The server says on its standard output where it listens, once it does.
    until grep -q '^rest ' "$work/server.out"; do
        kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
        sleep 0.05
    done
    api=$(sed -n 's/^rest //p' "$work/server.out")
fi

# Block 1, 2, 3 … of the section, each in a file named after its place and language.
awk -v folder="$work" '
    /^## /                    { inside = ($0 == "## The tour") }
    inside && /^```(sh|json|text)$/ { number++; file = sprintf("%s/%03d.%s", folder, number, substr($0, 4)); next }
    inside && /^```$/         { file = ""; next }
    file != ""                { print > file }
' "$readme"

# What differs from run to run.
mask() {
    sed -E \
        -e 's/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/ID/g' \
        -e 's/"accessToken":"[^"]*"/"accessToken":"TOKEN"/g' \
        -e 's/"refreshToken":"[^"]*"/"refreshToken":"TOKEN"/g' \
        -e 's/"nextCursor":"[^"]*"/"nextCursor":"CURSOR"/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' \
        -e '/^: /d' -e '/^$/d'
}

passed=0 failed=0
for block in "$work"/*.sh; do
    number=$(basename "$block" .sh)
    expected=$(find "$work" -name "$(printf '%03d' $((10#$number + 1))).*" ! -name '*.sh')
    # A tour on another port is the same tour.
    sed -i.original "s#^api=.*#api=$api#" "$block"
    # shellcheck disable=SC1090
    . "$block" >"$work/answer" 2>&1 || echo "(exit $?)" >>"$work/answer"
    [ -n "$expected" ] || continue
    if diff <(mask <"$expected") <(mask <"$work/answer") >"$work/difference"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        { echo "this:"; sed 's/^/    /' "$block"; echo "answered otherwise (< README, > server):"; cat "$work/difference"; } >&2
    fi
done
echo "tour: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
