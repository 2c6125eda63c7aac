#!/bin/sh
# Prints all figures of the benchmark. Usage: run.sh PATH-TO-BENCH [quick]; the program "loopback"
# is looked for beside it.
#
# Instructions per byte: callgrind counts a large and a small transfer; the difference, divided by
# the difference in bytes, is free of start-up, handshake and tear-down; and so are the instructions
# per request. "crypto" is the part spent
# in BoringSSL, which in this phase is AEAD and header protection (callgrind hides the widest vector
# instructions, so it is higher here than on the machine itself).
set -eu

bench=${1:?usage: run.sh PATH-TO-BENCH [quick]}
mode=${2:-full}
megabytes=300
handshakes=1000
pairs=1000
requests=20000
large_requests=2000
rounds=3
if [ "$mode" = quick ]; then
    megabytes=100
    handshakes=200
    pairs=300
    requests=5000
    large_requests=500
    rounds=1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

round=0
while [ "$round" -lt "$rounds" ]; do
    "$bench" bulk --mb "$megabytes"
    round=$((round + 1))
done
"$bench" bulk --mb "$megabytes" --mmsg | sed 's/^bulk/bulk with mmsg/'
round=0
while [ "$round" -lt "$rounds" ]; do
    "$bench" handshake --count "$handshakes"
    round=$((round + 1))
done
"$bench" idle --count "$pairs"
round=0
while [ "$round" -lt "$rounds" ]; do
    "$bench" h3-small --count "$requests"
    "$bench" h3-large --count "$large_requests"
    round=$((round + 1))
done
"$bench" link --mb 20
loopback=$(dirname "$bench")/loopback
if [ -x "$loopback" ]; then
    "$loopback" --mb "$megabytes" --rounds "$rounds"
fi

if ! command -v valgrind >/dev/null 2>&1; then
    echo "instructions: valgrind is not installed"
    exit 0
fi

# count NAME ARGUMENT...: writes the profile and prints the instructions of the whole run
count() {
    name=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file="$work/$name" "$bench" "$@" \
        >"$work/$name.log" 2>&1 || { cat "$work/$name.log" >&2; exit 1; }
    sed -n 's/^==[0-9]*== Collected : //p' "$work/$name.log"
}

# crypto NAME: instructions of BoringSSL in that profile
crypto() {
    callgrind_annotate --auto=no --inclusive=no --threshold=100 "$work/$1" 2>/dev/null \
        | grep -iE 'boringssl|aes|gcm|ghash|EVP_|CRYPTO_' | sed 's/^ *\([0-9,]*\) .*/\1/; s/,//g' \
        | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

small=$(count small bulk --mb 1)
large=$(count large bulk --mb 20)
crypto_small=$(crypto small)
crypto_large=$(crypto large)
awk -v a="$small" -v b="$large" -v c="$crypto_small" -v d="$crypto_large" 'BEGIN {
    bytes = 19e6
    printf "instructions per byte: %.2f, of them crypto %.2f\n", (b - a) / bytes, (d - c) / bytes
}'

# per_request MODE FEW MANY
per_request() {
    few=$(count few "$1" --count "$2")
    many=$(count many "$1" --count "$3")
    echo "instructions per request, $1: $(((many - few) / ($3 - $2)))"
}

per_request h3-small 500 2500
per_request h3-large 50 150
