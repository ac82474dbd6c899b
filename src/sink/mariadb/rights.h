// SPDX-License-Identifier: Apache-2.0
// What the user of the connection may do, and the GRANT that a person has to give him for the rest.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping.h"
#include "sink/mariadb/connection.h"

namespace foz::sink::mariadb {

/// The lines of SHOW GRANTS. Pure.
class Grants {
  public:
    explicit Grants(std::span<const std::string> lines);

    /// Whether one of them gives `right` ("INSERT") in a table of a database; "" as table: in all
    /// of the database. A right in some columns only does not count.
    [[nodiscard]] bool give(
            std::string_view right, std::string_view database, std::string_view table) const;

  private:
    struct Grant {
        std::vector<std::string> rights;  // "ALL PRIVILEGES" is one
        std::string database;             // "*", or a pattern as LIKE takes it
        std::string table;                // "*" is all
    };
    std::vector<Grant> grants_;
};

/// A line for each right that a later batch of `mapping` would need and the user does not have:
/// what it is for, and the statement that gives it. Asks the server; changes nothing.
[[nodiscard]] SinkResult<std::vector<std::string>> missing_rights(
        Connection& connection, const mapping::Mapping& mapping);

/// What a person has to do about an error of this number and message, when it is about a right or
/// about TLS: a clause to be put behind it; "" otherwise. Pure.
[[nodiscard]] std::string grant_for(unsigned number, std::string_view message);

}  // namespace foz::sink::mariadb
