#!/usr/bin/env bash
# Downloads a 64 MiB file over HTTP/3 from the example server with the example client, over loopback.
#
# EXAMPLES names the directory of the two programs.
. "$(dirname "$0")/common.sh"

examples=${EXAMPLES:-$BUILD_DIR/examples}
size=$((64 * 1024 * 1024))
work=$(mktemp -d)
server=

stop() {
    if [ -n "$server" ] && kill "$server" 2>/dev/null; then
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Waits for the line that names the address; prints the port.
wait_for_port() {
    local port
    for _ in $(seq 100); do
        port=$(sed -n 's/^xqc_server: listening on .*:\([0-9]*\)$/\1/p' "$work/server.log")
        if [ -n "$port" ] || ! kill -0 "$server" 2>/dev/null; then
            echo "$port"
            return
        fi
        sleep 0.1
    done
}

say "making a certificate and a file of 64 MiB"
"$ROOT/tools/make-certificate.sh" "$work/tls"
mkdir "$work/root" "$work/download"
head -c "$size" /dev/urandom >"$work/root/demo.bin"

"$examples/xqc_server" --cert "$work/tls/cert.pem" --key "$work/tls/key.pem" \
    --root "$work/root" --port 0 --stats >"$work/server.log" 2>&1 &
server=$!
port=$(wait_for_port)
[ -n "$port" ] || die "the server did not start: $(cat "$work/server.log")"

say "downloading from 127.0.0.1 port $port"
"$examples/xqc_client" --ca "$work/tls/cert.pem" --sni localhost --output "$work/download" \
    --progress --expect "$size" --stats 127.0.0.1 "$port" /demo.bin

# Stopping the server makes it report the connection from its side too.
kill "$server"
wait "$server" || true
server=
sed -n 's/^connection ended: /server side: /p' "$work/server.log"

say "comparing digests"
sent=$(sha256sum <"$work/root/demo.bin")
received=$(sha256sum <"$work/download/demo.bin")
printf 'sent      %s\nreceived  %s\n' "${sent%% *}" "${received%% *}"
[ "$sent" = "$received" ] || die "the digests differ"
echo "The digests match."
