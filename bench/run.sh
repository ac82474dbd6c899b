#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures foz against its baselines and writes bench/RESULTS.md. See bench/run.sh --help.
set -eu
cd "$(dirname "$0")/.."
# Debian's own, which sees the python3-* packages.
python=/usr/bin/python3
case " $* " in *" --help "* | *" -h "*) exec "$python" bench/run.py --help ;; esac
cmake --preset release -DFOZ_BENCH=ON --log-level=ERROR >/dev/null
cmake --build --preset release --target foz bare_copy bare_bulk bare_sqlite bare_puback bare_subscriber bare_sync
exec "$python" bench/run.py --build build/release "$@"
