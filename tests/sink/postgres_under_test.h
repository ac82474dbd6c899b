// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL for the tests of one program: one server, and for each test a database of its own.
#pragma once

#include <memory>
#include <string>

#include "tests/sink/database_under_test.h"
#include "tests/support/postgres_server.h"

namespace foz::sink {

[[nodiscard]] std::unique_ptr<DatabaseUnderTest> make_fresh_postgres();

}  // namespace foz::sink

namespace foz::sink::postgres {

/// The program's server, started if it does not run.
[[nodiscard]] support::PostgresServer& running_server();

}  // namespace foz::sink::postgres
