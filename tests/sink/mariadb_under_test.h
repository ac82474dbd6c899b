// SPDX-License-Identifier: Apache-2.0
// A MariaDB for the tests of one program: one server, and for each test a database of its own.
#pragma once

#include "tests/support/mariadb_server.h"

namespace foz::sink::mariadb {

/// The program's server, started if it does not run.
[[nodiscard]] support::MariadbServer& running_server();

}  // namespace foz::sink::mariadb
