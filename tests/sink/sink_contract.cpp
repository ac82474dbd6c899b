// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "tests/sink/database_under_test.h"

namespace foz::sink {

const SinkKind& SinkContract::kind() {
    auto kind = sink_kind_for(database().url());
    if (!kind) {
        throw std::runtime_error(kind.error().message);
    }
    return **kind;
}

std::unique_ptr<Sink> SinkContract::connected(const mapping::Mapping& mapping) {
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    EXPECT_TRUE(found) << why(found);
    return sink;
}

Connected SinkContract::found_by_next(const mapping::Mapping& mapping) {
    auto sink = unconnected();
    auto found = sink->connect(kLane, mapping);
    EXPECT_TRUE(found) << why(found);
    return found.value_or(Connected{});
}

std::string SinkContract::one_cell(const std::string& sql) {
    const auto rows = database().query(sql);
    return rows.size() == 1 ? rows[0][0].value_or("NULL") : "not one row";
}

std::uint64_t SinkContract::count(std::string_view table) {
    return std::stoull(one_cell("SELECT count(*) FROM " + quoted(table)));
}

mapping::Mapping readings(std::vector<std::string> key) {
    return mapping_of({{"reading", "readings", {{"device", "text"}, {"temperature", "double"}},
        std::move(key)}});
}

}  // namespace foz::sink
