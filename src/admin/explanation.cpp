// SPDX-License-Identifier: Apache-2.0
#include "admin/explanation.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "mapping/mapping.h"
#include "sink/sink.h"

namespace foz::admin {
namespace {

/// The dialect's INSERT with its places filled.
std::string insert_with_literals(const sink::Dialect& dialect, const mapping::Table& table,
        std::span<const mapping::Value> cells) {
    constexpr std::string_view kValues = " VALUES (";
    std::string sql = dialect.insert(table);
    const std::size_t begin = sql.rfind(kValues);
    const std::size_t end = begin == std::string::npos ? begin : sql.find(')', begin);
    if (end == std::string::npos) {
        return sql;
    }
    std::string filled = sql.substr(0, begin + kValues.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) {
            filled += ", ";
        }
        filled += dialect.literal(i < cells.size() ? cells[i] : mapping::Value());
    }
    return filled + sql.substr(end);
}

/// What is in `batch` for one route.
RouteExplanation explain_route(const sink::Dialect& dialect, const mapping::RouteInfo& info,
        std::uint32_t route, const mapping::RowBatch& batch) {
    RouteExplanation explained{
        .route = info.name,
        .topic = info.topic,
        .database = {},
        .kind = std::string(dialect.name()),
        .table = info.table->name,
        .create_table = {},
        .inserts = {},
        .refusals = {},
    };
    for (const mapping::Row& row : batch.rows()) {
        if (row.route == route) {
            explained.inserts.push_back(
                    insert_with_literals(dialect, *info.table, batch.cells(row)));
        }
    }
    for (const mapping::Rejection& rejection : batch.rejections()) {
        if (rejection.route == route) {
            explained.refusals.emplace_back(rejection.reason);
        }
    }
    explained.create_table = dialect.create_table(*info.table);
    return explained;
}

Result<Explanation> explain_in(const config::Settings& settings, const config::Database& database,
        const mqtt::Message& message) {
    auto kind = sink::sink_kind_for(database.url);
    if (!kind) {
        return pass_on(kind);
    }
    auto mapping = mapping::Mapping::compile(settings, database.name);
    if (!mapping) {
        return pass_on(mapping);
    }
    mapping->remark_at_once();
    mapping::RowBatch batch;
    Explanation explanation;
    explanation.matched = mapping->map(message, 0, batch);
    for (std::uint32_t route = 0; route < mapping->routes().size(); ++route) {
        RouteExplanation explained =
                explain_route((*kind)->dialect(), mapping->routes()[route], route, batch);
        if (!explained.inserts.empty() || !explained.refusals.empty()) {
            explained.database = database.name;
            explanation.routes.push_back(std::move(explained));
        }
    }
    explanation.remarks = mapping->take_remarks();
    return explanation;
}

}  // namespace

bool Explanation::any_refused() const {
    return std::ranges::any_of(
            routes, [](const RouteExplanation& route) { return !route.refusals.empty(); });
}

Result<std::vector<Explanation>> explain(const config::Settings& settings,
        const mqtt::Message& message, const std::optional<std::string>& only) {
    std::vector<Explanation> explanations;
    for (const config::Database& database : settings.databases) {
        if (only && *only != database.name) {
            continue;
        }
        auto explanation = explain_in(settings, database, message);
        if (!explanation) {
            return pass_on(explanation);
        }
        explanations.push_back(*std::move(explanation));
    }
    if (explanations.empty()) {
        return only ? fail(ErrorCode::invalid, "no database is called \"{}\"", *only)
                    : fail(ErrorCode::invalid, "the configuration has no database");
    }
    return explanations;
}

}  // namespace foz::admin
