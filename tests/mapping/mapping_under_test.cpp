// SPDX-License-Identifier: Apache-2.0
#include "tests/mapping/mapping_under_test.h"

#include <date/date.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "mapping/binary_text.h"

namespace foz::mapping {
namespace {

Mapping compile_or_fail(std::vector<config::Route> routes) {
    config::Settings settings;
    settings.routes = std::move(routes);
    auto mapping = Mapping::compile(settings, "db");
    if (!mapping) {
        ADD_FAILURE() << mapping.error().message;
        mapping = Mapping::compile({}, "db");
    }
    return std::move(*mapping);
}

struct Item {
    Origin origin;
    std::string text;
};

}  // namespace

config::Column field(std::string name, std::vector<std::string> path) {
    config::Column column;
    column.name = std::move(name);
    column.source = config::FieldSource{{path.begin(), path.end()}};
    return column;
}

config::Column field(std::string name, std::string key, std::string type) {
    config::Column column = field(std::move(name), std::vector{std::move(key)});
    column.type = std::move(type);
    return column;
}

config::Column capture(std::string name, std::string captured) {
    config::Column column;
    column.name = std::move(name);
    column.source = config::CaptureSource{std::move(captured)};
    return column;
}

config::Column part(std::string name, config::MessagePart of_message) {
    config::Column column;
    column.name = std::move(name);
    column.source = config::MessageSource{of_message};
    return column;
}

config::Route route(std::string topic, std::string table, std::vector<config::Column> columns) {
    config::Route made;
    made.topic = std::move(topic);
    made.table = std::move(table);
    made.database = "db";
    made.columns = std::move(columns);
    return made;
}

config::Route temperature_route() {
    config::Column dh = field("dh", "Data Hora", "timestamp");
    dh.zone = "America/Sao_Paulo";
    return route("{device}/pub", "temperature",
            {field("temp", "Temperature", "double"), dh, capture("device", "device")});
}

MappingUnderTest::MappingUnderTest(std::vector<config::Route> routes)
    : mapping_(compile_or_fail(std::move(routes))) {
    message_.client_id = "esp32-1";
    message_.received = date::sys_days(date::year(2026) / 1 / 2) + std::chrono::hours(3);
    message_.qos = 1;
}

std::vector<std::string> MappingUnderTest::map(std::string_view payload, std::string_view topic) {
    padded_.assign(payload);
    padded_.append(kReadablePadding, '}');
    message_.topic = topic;
    message_.payload = std::string_view(padded_).substr(0, payload.size());
    batch_.clear();
    (void)mapping_.map(message_, 7, batch_);

    std::vector<Item> items;
    for (const Row& row : batch_.rows()) {
        const Table& table = *mapping_.routes()[row.route].table;
        std::string text = table.name + ":";
        const auto cells = batch_.cells(row);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            text += fmt::format(" {}={}", table.columns[i].name, shown(cells[i]));
        }
        items.push_back({row.origin, text});
    }
    for (const Rejection& rejection : batch_.rejections()) {
        const Table& table = *mapping_.routes()[rejection.route].table;
        items.push_back(
                {rejection.origin, fmt::format("{} refused: {}", table.name, rejection.reason)});
    }
    std::ranges::sort(items, {}, &Item::origin);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < items.size(); ++i) {
        EXPECT_EQ(items[i].origin, (Origin{7, static_cast<std::uint32_t>(i)}));
        texts.push_back(items[i].text);
    }
    return texts;
}

std::string MappingUnderTest::map_one(std::string_view payload, std::string_view topic) {
    const auto items = map(payload, topic);
    EXPECT_EQ(items.size(), 1U) << payload;
    return items.empty() ? "" : items.front();
}

std::string compile_error(std::vector<config::Route> routes) {
    config::Settings settings;
    settings.routes = std::move(routes);
    auto mapping = Mapping::compile(settings, "db");
    EXPECT_FALSE(mapping.has_value());
    return mapping ? "" : mapping.error().message;
}

std::string shown(const Value& value) {
    if (value.is_null()) return "null";
    switch (value.type()) {
        case ColumnType::integer: return fmt::format("{}", value.integer());
        case ColumnType::real: return fmt::format("{}r", value.real());
        case ColumnType::decimal: return fmt::format("{}d", value.text());
        case ColumnType::text: return fmt::format("'{}'", value.text());
        case ColumnType::boolean: return value.boolean() ? "true" : "false";
        case ColumnType::timestamp: return date::format("%F %T", value.timestamp());
        case ColumnType::json: return fmt::format("json:{}", value.text());
        case ColumnType::bytes: return fmt::format("x'{}'", to_hex(value.text()));
    }
    return "";
}

}  // namespace foz::mapping
