// SPDX-License-Identifier: Apache-2.0
// A mapping with one database, "db", and what it makes of a message, as text that a test can
// compare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "mapping/mapping.h"

namespace foz::mapping {

[[nodiscard]] config::Column field(std::string name, std::vector<std::string> path);
[[nodiscard]] config::Column field(std::string name, std::string key, std::string type);
[[nodiscard]] config::Column capture(std::string name, std::string captured);
[[nodiscard]] config::Column part(std::string name, config::MessagePart of_message);
[[nodiscard]] config::Route route(
        std::string topic, std::string table, std::vector<config::Column> columns = {});

/// The design's example: table temperature (temp double, dh timestamp in Sao Paulo, device text).
[[nodiscard]] config::Route temperature_route();

class MappingUnderTest {
  public:
    /// Fails the test if the routes do not compile.
    explicit MappingUnderTest(std::vector<config::Route> routes);

    /// The message's items in order, one in a line: "TABLE: name=value name=value", or "TABLE
    /// refused: reason".
    [[nodiscard]] std::vector<std::string> map(
            std::string_view payload, std::string_view topic = "t");
    /// The only item.
    [[nodiscard]] std::string map_one(std::string_view payload, std::string_view topic = "t");

    [[nodiscard]] Mapping& mapping() { return mapping_; }
    [[nodiscard]] const RowBatch& batch() const { return batch_; }
    mqtt::Message& message() { return message_; }

  private:
    Mapping mapping_;
    RowBatch batch_;
    mqtt::Message message_;
    std::string padded_;
};

/// The error of compiling these routes; fails the test if there is none.
[[nodiscard]] std::string compile_error(std::vector<config::Route> routes);

/// "23.5", "'text'", "true", "null", "2022-08-01 10:00:00.000000".
[[nodiscard]] std::string shown(const Value& value);

}  // namespace foz::mapping
