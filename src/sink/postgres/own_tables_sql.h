// SPDX-License-Identifier: Apache-2.0
// foz's own tables in PostgreSQL's SQL. Pure.
#pragma once

#include "sink/own_tables_sql.h"

namespace foz::sink::postgres {

[[nodiscard]] const OwnTablesSql& own_tables_sql();

}  // namespace foz::sink::postgres
