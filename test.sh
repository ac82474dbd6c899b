#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./test.sh [CTEST OPTION...]: installs what is missing, builds foz and its tests, and runs them against real PostgreSQL,
# MariaDB and Mosquitto servers, which the tests start themselves, on loopback, in temporary folders.
# For example: ./test.sh -R Segment
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

tools/install_packages build run test
# The same folder as run.sh's: only the tests are compiled in addition.
tools/build release -DFOZ_TESTS=ON
exec ctest --test-dir build/release --output-on-failure -j2 "$@"
