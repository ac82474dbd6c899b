// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the mapping: the input is a payload. Every route that takes it must make at least
// one item of it, and what is stored as JSON must be JSON.
#include <algorithm>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/bytes.h"
#include "base/check.h"
#include "mapping/mapping.h"
#include "tests/fuzz/fuzz_target.h"

namespace foz::mapping {
namespace {

config::Column field(std::string name, std::string type) {
    config::Column column;
    column.source = config::FieldSource{{name}};
    column.name = std::move(name);
    column.type = std::move(type);
    return column;
}

Mapping new_mapping() {
    config::Settings settings = config::default_settings();
    config::Route typed;
    typed.topic = "{device}";
    typed.database = settings.databases[0].name;
    typed.table = "typed";
    for (const char* type :
            {"integer", "double", "decimal", "text", "boolean", "timestamp", "json"}) {
        typed.columns.push_back(field(std::string(type, 2), type));
        typed.columns.back().name = type;
    }
    settings.routes.push_back(typed);
    typed.table = "nested";
    typed.rows = {"r"};
    settings.routes.push_back(typed);
    typed.columns.clear();
    typed.rows.clear();
    typed.table = "inferred";
    settings.routes.push_back(typed);
    auto mapping = Mapping::compile(settings, typed.database);
    FOZ_CHECK(mapping.has_value());
    return std::move(*mapping);
}

void check_cell(const Value& cell) {
    if (cell.is_null() || cell.type() != ColumnType::json) return;
    simdjson::dom::parser parser;
    const auto error = parser.parse(simdjson::padded_string(cell.text())).error();
    FOZ_CHECK(error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR);
}

void check_batch(const Mapping& mapping, const RowBatch& batch) {
    for (const Row& row : batch.rows()) {
        const Table& table = *mapping.routes()[row.route].table;
        FOZ_CHECK(row.cell_count <= table.columns.size());
        std::ranges::for_each(batch.cells(row), check_cell);
    }
}

void try_input(std::string_view input) {
    static Mapping mapping = new_mapping();
    std::string payload(input);
    payload.resize(input.size() + kReadablePadding);
    mqtt::Message message;
    message.topic = "esp32";
    message.client_id = "fuzz";
    message.payload = std::string_view(payload).substr(0, input.size());
    RowBatch batch;
    const std::size_t matched = mapping.map(message, 0, batch);
    FOZ_CHECK(batch.rows().size() + batch.rejections().size() >= matched);
    check_batch(mapping, batch);
}

}  // namespace
}  // namespace foz::mapping

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::mapping::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}
