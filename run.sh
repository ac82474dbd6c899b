#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./run.sh [PORT]: from a fresh clone on Debian 12 or 13, or Ubuntu 24.04 to readings in a table. Installs what is missing, builds
# foz, starts it on 127.0.0.1 with a simulated ESP32, and says what to try. Ctrl-C drains and ends it. Everything it
# writes stays in build/ and data/.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

port=${1:-1883}
foz=build/release/foz

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    echo "foz: $*" >&2
    exit 1
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

case $port in '' | *[!0-9]*) fail "usage: ./run.sh [PORT]" ;; esac

step "1/3 Packages"
tools/install_packages build run
echo "all there"

step "2/3 Build"
tools/build release foz

step "3/3 Start"
if listens "$port"; then
    fail "port $port is in use, perhaps by another foz or a Mosquitto; stop that, or choose another port: ./run.sh $((port + 1))"
fi
mkdir -p data
configuration=()
if [ "$port" -ne 1883 ]; then
    printf '# Written by run.sh.\n[listener.default]\naddress = "127.0.0.1:%s"\n' "$port" >data/run.toml
    configuration=(--config data/run.toml)
fi

# In a session of its own, so that Ctrl-C reaches this script only, which then ends both in the right order: the
# simulated device first, then foz, once and gently.
stopping=
foz_pid=
sensor_pid=
stop() { stopping=yes; }
trap stop INT TERM HUP
setsid "$foz" run "${configuration[@]}" --data data &
foz_pid=$!
# Waits for a child although signals interrupt `wait`; its exit code.
ended() {
    local code=0
    while :; do
        wait "$1" && code=0 || code=$?
        kill -0 "$1" 2>/dev/null || break
        if [ -n "$stopping" ] && [ "${2-}" = interruptible ]; then break; fi
    done
    return "$code"
}
until listens "$port"; do
    kill -0 "$foz_pid" 2>/dev/null || fail "foz did not start; why stands above"
    [ -z "$stopping" ] || break
    sleep 0.05
done
if [ -z "$stopping" ]; then
    setsid "$foz" sensor --url "mqtt://127.0.0.1:$port" >data/sensor.log 2>&1 &
    sensor_pid=$!
    rows="SELECT * FROM temperature ORDER BY rowid DESC LIMIT 5"
    for _ in {1..100}; do
        first=$(sqlite3 -readonly data/foz.sqlite "$rows" 2>/dev/null) && [ -n "$first" ] && break
        [ -z "$stopping" ] || break
        sleep 0.05
    done
    cat <<EOF

foz is running. A simulated ESP32 publishes a temperature every second; in the table so far:

${first:-nothing yet: see what stands above}

  MQTT        127.0.0.1:$port, topic esp32/pub or any other
  rows        data/foz.sqlite: temperature(temp, dh), and every JSON message in messages
  journal     data/journal    what the ESP32 says: data/sensor.log

In another terminal, in $PWD:

  sqlite3 data/foz.sqlite '$rows'
  mosquitto_pub -p $port -q 1 -t esp32/pub -m '{"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"}'
  mosquitto_pub -p $port -q 1 -t kitchen/door -m '{"open": true}'
  sqlite3 data/foz.sqlite 'SELECT time, topic, payload FROM messages ORDER BY time DESC LIMIT 5'
  $foz verify --data data
  $foz init foz.toml             # a commented configuration to start from

Ctrl-C ends it.

EOF
fi
code=0
if [ -z "$stopping" ]; then ended "$foz_pid" interruptible || code=$?; fi
if [ -z "$stopping" ]; then
    [ -z "$sensor_pid" ] || kill "$sensor_pid" 2>/dev/null || true
    fail "foz ended by itself (exit code $code); why stands above"
fi
if [ -n "$sensor_pid" ]; then
    kill -TERM "$sensor_pid" 2>/dev/null || true
    ended "$sensor_pid" || true
fi
kill -TERM "$foz_pid" 2>/dev/null || true
code=0
ended "$foz_pid" || code=$?
exit "$code"
