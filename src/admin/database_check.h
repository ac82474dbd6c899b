// SPDX-License-Identifier: Apache-2.0
// A database's url, password, routes and tables; if asked for, as the database itself sees them.
// Changes nothing there. One thread.
#pragma once

#include "admin/findings.h"
#include "config/settings.h"

namespace foz::admin {

/// `connect`: compares its tables with what the routes want.
void check_database(const config::Settings& settings, const config::Database& database,
        bool connect, Findings& findings);

}  // namespace foz::admin
