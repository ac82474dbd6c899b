// SPDX-License-Identifier: Apache-2.0
// Making the database's tables what the routes want.
#pragma once

#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/column_fields.h"
#include "sink/postgres/catalogue.h"

namespace foz::sink::postgres {

struct TablePreparation {
    CatalogueTable found;  // nothing in it for an inferred table that has no columns yet
    std::vector<mapping::Refusal> refused;
    ColumnFields fields;  // of an inferred table

    [[nodiscard]] PreparedTable prepared() const {
        PreparedTable table{known_columns(found), refused};
        set_fields(table.columns, fields);
        return table;
    }
};

/// Creates `table`, or checks it (Failure::blocked: it does not fit) and gives an inferred one the
/// columns that it lacks, as far as the database allows. In a transaction. Yields what is there
/// then.
[[nodiscard]] SinkResult<TablePreparation> prepare_table(
    Connection& connection, const mapping::Table& table
);

/// What prepare_table would do, as a line for a person. Changes nothing. Failure::blocked: it does
/// not fit.
[[nodiscard]] SinkResult<std::string> describe_table(
    Connection& connection, const mapping::Table& table
);

}  // namespace foz::sink::postgres
