// SPDX-License-Identifier: Apache-2.0
// Making the database's tables what the routes want.
#pragma once

#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/column_fields.h"
#include "sink/mariadb/catalogue.h"

namespace foz::sink::mariadb {

struct TablePreparation {
    CatalogueTable found;  // nothing in it for an inferred table that has no columns yet
    std::vector<mapping::Refusal> refused;
    ColumnFields fields;  // of an inferred table
};

/// Creates `table`, or checks it (Failure::blocked: it does not fit) and gives an inferred one the
/// columns that it lacks, as far as the database allows. Yields what is there then. Each statement
/// commits.
[[nodiscard]] SinkResult<TablePreparation> prepare_table(
    Connection& connection, const mapping::Table& table
);

/// What prepare_table would do, as a line for a person. Changes nothing. Failure::blocked: it does
/// not fit.
[[nodiscard]] SinkResult<std::string> describe_table(
    Connection& connection, const mapping::Table& table
);

}  // namespace foz::sink::mariadb
