// SPDX-License-Identifier: Apache-2.0
// foz explain TOPIC PAYLOAD: what foz would do with a message: which routes take it, the tables as
// it would create them, and the rows as SQL, or why a reading would become a dead letter. Connects
// to nothing.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "config/settings_parser.h"
#include "mapping/mapping.h"
#include "mqtt/topic.h"
#include "sink/sink.h"

namespace foz::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

struct ExplainArguments {
    std::string topic;
    std::string payload;
    std::optional<std::string> config;
    std::optional<std::string> database;
    std::string client = "explain";
    std::string user;
};

void complain(std::string_view what) {
    fmt::print(stderr, "foz explain: {}\n", what);
}

/// The dialect's INSERT with its places filled. For display: foz itself never puts values into SQL.
std::string insert_with_literals(
    const sink::Dialect& dialect, const mapping::Table& table, std::span<const mapping::Value> cells
) {
    constexpr std::string_view kValues = " VALUES (";
    std::string sql = dialect.insert(table);
    const std::size_t begin = sql.rfind(kValues);
    const std::size_t end = begin == std::string::npos ? begin : sql.find(')', begin);
    if (end == std::string::npos) return sql;
    std::string filled = sql.substr(0, begin + kValues.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) filled += ", ";
        filled += dialect.literal(i < cells.size() ? cells[i] : mapping::Value());
    }
    return filled + sql.substr(end);
}

/// One database's part of the answer.
class Explanation {
  public:
    Explanation(const config::Database& database, const sink::Dialect& dialect)
        : database_(database), dialect_(dialect) {}

    /// The number of routes that take the message.
    std::size_t explain(mapping::Mapping& mapping, const mqtt::Message& message) {
        mapping.remark_at_once();
        mapping::RowBatch batch;
        const std::size_t matched = mapping.map(message, 0, batch);
        for (std::uint32_t route = 0; route < mapping.routes().size(); ++route) {
            explain_route(mapping.routes()[route], route, batch);
        }
        for (const std::string& remark : mapping.take_remarks()) {
            fmt::print("-- note: {}\n", printable_whole(remark));
        }
        return matched;
    }

    [[nodiscard]] bool refused() const { return refused_; }

  private:
    /// Prints nothing for a route that made no item, which is one that does not match.
    void explain_route(
        const mapping::RouteInfo& info, std::uint32_t route, const mapping::RowBatch& batch
    ) {
        bool introduced = false;
        const auto introduce = [&] {
            if (introduced) return;
            introduced = true;
            fmt::print("-- route \"{}\": topic {}, ", info.name, info.topic);
            fmt::print(
                "database {} ({}), table {}\n", database_.name, dialect_.name(), info.table->name
            );
            fmt::print("{};\n", dialect_.create_table(*info.table));
        };
        for (const mapping::Row& row : batch.rows()) {
            if (row.route != route) continue;
            introduce();
            fmt::print("{};\n", insert_with_literals(dialect_, *info.table, batch.cells(row)));
        }
        for (const mapping::Rejection& rejection : batch.rejections()) {
            if (rejection.route != route) continue;
            introduce();
            fmt::print(
                "-- refused, would be a dead letter: {}\n", printable_whole(rejection.reason)
            );
            refused_ = true;
        }
        if (introduced) fmt::print("\n");
    }

    const config::Database& database_;
    const sink::Dialect& dialect_;
    bool refused_ = false;
};

std::optional<config::Settings> read_settings(const ExplainArguments& arguments) {
    if (!arguments.config) return config::default_settings();
    auto settings = config::load_settings(*arguments.config);
    if (!settings) {
        for (const std::string& line : settings.error().lines) {
            complain(line);
        }
        return std::nullopt;
    }
    return std::move(*settings);
}

/// The databases that are asked about; empty, after saying why, if there are none.
std::vector<const config::Database*> chosen_databases(
    const config::Settings& settings, const ExplainArguments& arguments
) {
    std::vector<const config::Database*> chosen;
    for (const config::Database& database : settings.databases) {
        if (!arguments.database || *arguments.database == database.name)
            chosen.push_back(&database);
    }
    if (chosen.empty()) {
        complain(
            arguments.database ? fmt::format("no database is called \"{}\"", *arguments.database)
                               : "the configuration has no database"
        );
    }
    return chosen;
}

int report_no_match(const config::Settings& settings, const ExplainArguments& arguments) {
    complain(fmt::format("no route matches topic {}; the routes' topics are:", arguments.topic));
    for (const config::Route& route : settings.routes) {
        fmt::print(stderr, "  {}{}\n", route.topic, route.where ? " (some payloads: `where`)" : "");
    }
    return kFailed;
}

int explain(const config::Settings& settings, const ExplainArguments& arguments) {
    std::string padded = arguments.payload;
    padded.resize(padded.size() + kReadablePadding);
    mqtt::Message message;
    message.topic = arguments.topic;
    message.payload = std::string_view(padded).substr(0, arguments.payload.size());
    message.client_id = arguments.client;
    message.user = arguments.user;
    message.received = real_clock().system_now();

    const auto databases = chosen_databases(settings, arguments);
    if (databases.empty()) return kWrongUse;
    std::size_t matched = 0;
    bool refused = false;
    for (const config::Database* database : databases) {
        const auto kind = sink::sink_kind_for(database->url);
        auto mapping = mapping::Mapping::compile(settings, database->name);
        if (!kind || !mapping) {
            complain(kind ? mapping.error().message : kind.error().message);
            return kWrongUse;
        }
        Explanation explanation(*database, (*kind)->dialect());
        matched += explanation.explain(*mapping, message);
        refused = refused || explanation.refused();
    }
    if (matched == 0) return report_no_match(settings, arguments);
    return refused ? kFailed : 0;
}

int run(const ExplainArguments& arguments) {
    if (!mqtt::is_valid_topic_name(arguments.topic)) {
        complain(fmt::format(
            "\"{}\" is not a topic that can be published to: it must not be empty or hold + or #",
            arguments.topic
        ));
        return kWrongUse;
    }
    const auto settings = read_settings(arguments);
    return settings ? explain(*settings, arguments) : kWrongUse;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<ExplainArguments>();
    CLI::App* command = app.add_subcommand(
        "explain", "Show the rows and the SQL that a message would become, without connecting"
    );
    command->footer(
        "Exit code 0: every reading becomes a row; 1: one would be a dead letter, or no route "
        "matches;\n"
        "2: wrong use, or a configuration that cannot be used."
    );
    command->add_option("topic", arguments->topic, "Topic of the message")->required();
    command->add_option("payload", arguments->payload, "Its payload")->required();
    command->add_option(
        "--config", arguments->config, "Configuration; default: as foz run without one"
    );
    command->add_option("--database", arguments->database, "Only this database");
    command->add_option("--user", arguments->user, "User name of the publisher");
    command->add_option("--client", arguments->client, "Client id of the publisher")
        ->capture_default_str();
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace foz::cli
