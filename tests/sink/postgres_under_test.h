// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL for the tests of one program: one server, and for each test a database of its own.
#pragma once

#include <memory>
#include <string>

#include "tests/support/postgres_server.h"

namespace foz::sink::postgres {

/// The program's server, started if it does not run.
[[nodiscard]] support::PostgresServer& running_server();

}  // namespace foz::sink::postgres
