// SPDX-License-Identifier: Apache-2.0
// Making a table in PostgreSQL what its routes want.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "mapping/table.h"
#include "sink/postgres/catalogue.h"
#include "sink/postgres/sqlstate.h"
#include "sink/table_setup.h"

namespace foz::sink::postgres {

/// In a transaction. Must not outlive the connection.
class PostgresTableSetup final : public TableSetup {
  public:
    PostgresTableSetup(Connection& connection, const mapping::Table& table)
        : TableSetup(connection, table, &refused_by), connection_(connection) {}

    /// What prepare() has found last; nothing in it for a table that is not there.
    [[nodiscard]] CatalogueTable take_found() { return std::move(catalogue_table_); }

  private:
    SinkResult<std::optional<FoundTable>> find() override;
    SinkResult<std::string> hint_at_other_case() override;
    SinkResult<void> check_creatable() override;
    std::string create_statement() const override;
    SinkResult<void> alter(const std::string& clauses) override;
    [[nodiscard]] SinkResult<void> check_key_of_view();

    Connection& connection_;
    CatalogueTable catalogue_table_;
};

}  // namespace foz::sink::postgres
