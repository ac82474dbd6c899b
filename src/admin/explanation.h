// SPDX-License-Identifier: Apache-2.0
// What foz would do with a message: which routes take it, the tables as it would create them, and
// the rows as SQL, or why a reading would become a dead letter. Connects to nothing. Pure; any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "mqtt/message.h"

namespace foz::admin {

struct RouteExplanation {
    std::string route;
    std::string topic;     // its filter
    std::string database;  // its name
    std::string kind;      // of database: "PostgreSQL"
    std::string table;
    std::string create_table;           // SQL
    std::vector<std::string> inserts;   // SQL with literals. foz itself never puts values into SQL
    std::vector<std::string> refusals;  // why a reading would be a dead letter
};

struct Explanation {
    /// Of the routes that made something of the message, in the configuration's order.
    std::vector<RouteExplanation> routes;
    std::vector<std::string> remarks;
    std::size_t matched = 0;  // routes that take it, also those that made no row of it

    [[nodiscard]] bool any_refused() const;
};

/// One for each database, or for `only`. `message.payload` is followed by kReadablePadding readable
/// bytes. Error: invalid = there is no such database, or a mapping that cannot be used.
[[nodiscard]] Result<std::vector<Explanation>> explain(const config::Settings& settings,
        const mqtt::Message& message, const std::optional<std::string>& only);

}  // namespace foz::admin
