#!/usr/bin/env bash
# Starts a whole deployment of one process for each role, two of them chats, on one PostgreSQL and one NATS:
#
#   examples/deployment.sh STORAGE_URL NATS_URL                 runs until Ctrl-C
#   examples/deployment.sh STORAGE_URL NATS_URL COMMAND …       runs the command against it, and ends with its exit code
#
# The command finds the doors in REST and GRPC (the gateway's), and those of a second gateway, before the other chat
# replica, in REST_2 and GRPC_2. DUOLOGUE names the binary; DUOLOGUE_PORTS the first of twelve ports (default 52000).
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 64; }
storage=$1 nats=$2
shift 2
binary=${DUOLOGUE:-target/debug/duologue}
first=${DUOLOGUE_PORTS:-52000}
folder=$(mktemp -d)
processes=()

finish() {
  kill "${processes[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

at() { echo "127.0.0.1:$((first + $1))"; }
url() { echo "http://$(at "$1")"; }

# name, number of its port, then its arguments
start() {
  local name=$1 port=$2
  shift 2
  "$binary" serve --roles "${name%%-*}" --grpc-listen "$(at "$port")" --metrics-listen 127.0.0.1:0 \
    --storage "$storage" --wakeup "$nats" --keys "$folder/keys" --log warn "$@" \
    >"$folder/$name.out" 2>"$folder/$name.log" &
  processes+=($!)
  # It says where it listens once it does: the gateway three lines, the others two.
  until grep -qs ^metrics "$folder/$name.out"; do
    kill -0 "${processes[-1]}" 2>/dev/null || { cat "$folder/$name.log" >&2; exit 1; }
    sleep 0.05
  done
}

"$binary" migrate --storage "$storage"
"$binary" keys create --keys "$folder/keys" >"$folder/keys.out"

start auth 0
start user 1 --auth-url "$(url 0)"
start notification 2 --auth-url "$(url 0)"
asks=(--auth-url "$(url 0)" --user-url "$(url 1)" --notification-url "$(url 2)")
start social 3 "${asks[@]}"
start chat-1 4 "${asks[@]}"
start chat-2 5 "${asks[@]}"
start gateway-1 6 "${asks[@]}" --social-url "$(url 3)" --chat-url "$(url 4),$(url 5)" --rest-listen "$(at 8)"
start gateway-2 7 "${asks[@]}" --social-url "$(url 3)" --chat-url "$(url 5)" --rest-listen "$(at 9)"

export GRPC REST GRPC_2 REST_2
GRPC=$(url 6) REST=$(url 8) GRPC_2=$(url 7) REST_2=$(url 9)
printf 'grpc %s\nrest %s\n' "$GRPC" "$REST"
if [ $# -gt 0 ]; then "$@"; else wait; fi
