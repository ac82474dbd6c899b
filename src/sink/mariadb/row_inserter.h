// SPDX-License-Identifier: Apache-2.0
// Prepared INSERTs: for many rows at once by bulk binding, or, for MySQL, with many rows of
// question marks in one statement. One thread; belongs to one connection.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mysql.h>

#include "sink/mariadb/column_arrays.h"
#include "sink/mariadb/connection.h"

namespace foz::sink::mariadb {

/// What an INSERT looks like around its rows of values.
struct InsertShape {
    std::string before;  // "INSERT INTO t (a, b) VALUES "
    std::size_t columns = 0;
    std::string after;  // " ON DUPLICATE KEY UPDATE ..."
};

class RowInserter {
  public:
    RowInserter(Connection& connection, bool bulk) : connection_(&connection), bulk_(bulk) {}

    /// Inserts rows [first, last) of `arrays`, in as many pieces as fit into packets. Yields how
    /// many rows the server counts as inserted. SinkError::row counts like `first`.
    [[nodiscard]] SinkResult<std::uint64_t> insert(
            const InsertShape& shape, ColumnArrays& arrays, std::size_t first, std::size_t last);

  private:
    struct Close {
        void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
    };
    using Statement = std::unique_ptr<MYSQL_STMT, Close>;

    [[nodiscard]] SinkResult<MYSQL_STMT*> prepared(const InsertShape& shape, std::size_t rows);
    [[nodiscard]] std::size_t piece_rows(const InsertShape& shape, const ColumnArrays& arrays,
            std::size_t first, std::size_t last) const;
    [[nodiscard]] SinkError error_in(
            MYSQL_STMT* statement, std::size_t first, std::size_t last) const;

    Connection* connection_;
    bool bulk_;
    std::map<std::string, Statement> statements_;  // by SQL
    std::vector<MYSQL_BIND> bindings_;
};

}  // namespace foz::sink::mariadb
