// SPDX-License-Identifier: Apache-2.0
// Making a table in MariaDB what its routes want.
#pragma once

#include <optional>
#include <string>

#include "mapping/table.h"
#include "sink/mariadb/catalogue.h"
#include "sink/mariadb/error_number.h"
#include "sink/table_setup.h"

namespace foz::sink::mariadb {

/// Each statement commits. Must not outlive the connection.
class MariadbTableSetup final : public TableSetup {
  public:
    MariadbTableSetup(Connection& connection, const mapping::Table& table)
        : TableSetup(connection, table, &refused_by), connection_(connection) {}

  private:
    SinkResult<std::optional<FoundTable>> find() override;
    SinkResult<std::string> hint_at_other_case() override;
    std::string create_statement() const override;
    SinkResult<void> alter(const std::string& clauses) override;

    Connection& connection_;
};

}  // namespace foz::sink::mariadb
