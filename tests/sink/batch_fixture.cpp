// SPDX-License-Identifier: Apache-2.0
#include "tests/sink/batch_fixture.h"

#include <stdexcept>

namespace foz::sink {

mapping::Mapping mapping_of(const std::vector<RouteUnderTest>& routes) {
    config::Settings settings;
    config::Database database;
    database.name = "db";
    settings.databases.push_back(database);
    for (const RouteUnderTest& one : routes) {
        config::Route route;
        route.name = one.name;
        route.topic = one.name;
        route.database = "db";
        route.table = one.table;
        route.key = one.key;
        route.on_duplicate = one.on_duplicate;
        for (const auto& [name, type] : one.columns) {
            config::Column column;
            column.name = name;
            column.source = config::FieldSource{{name}};
            column.type = type;
            if (type == "received") {
                column.source = config::MessageSource{config::MessagePart::received};
                column.type = "timestamp";
            }
            route.columns.push_back(column);
        }
        settings.routes.push_back(route);
    }
    auto mapping = mapping::Mapping::compile(settings, "db");
    if (!mapping) {
        throw std::runtime_error(mapping.error().message);
    }
    return std::move(*mapping);
}

BatchUnderTest& BatchUnderTest::add_cells(
        std::span<const mapping::Value> cells, std::uint32_t route) {
    for (const mapping::Value& cell : cells) {
        batch_.add_cell(cell);
    }
    batch_.finish_row({next_++, 0}, route);
    return *this;
}

namespace {

std::unique_ptr<Sink> make(const SinkKind& kind, const SinkOptions& options) {
    auto sink = kind.make(options);
    if (!sink) {
        throw std::runtime_error(sink.error().message);
    }
    return std::move(*sink);
}

}  // namespace

std::unique_ptr<Sink> sink_for(
        const SinkKind& kind, const std::string& url, const std::string& password) {
    return make(kind, {.url = url, .password = password});
}

std::unique_ptr<Sink> impatient_sink_for(
        const SinkKind& kind, const std::string& url, std::chrono::milliseconds silence) {
    return make(kind,
            {.url = url, .password = "", .connect_timeout = silence, .answer_timeout = silence});
}

void expect_refused(const SinkResult<Written>& result, std::size_t row, std::string_view part) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().failure, FailureKind::refused) << why(result);
    EXPECT_EQ(result.error().row, row) << why(result);
    EXPECT_NE(result.error().message.find(part), std::string::npos) << why(result);
}

}  // namespace foz::sink
