// SPDX-License-Identifier: Apache-2.0
// foz explain TOPIC PAYLOAD: what foz would do with a message.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "admin/explanation.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/printable.h"
#include "cli/commands.h"
#include "cli/configuration.h"
#include "mqtt/topic.h"

namespace foz::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

struct ExplainArguments {
    std::string topic;
    std::string payload;
    ConfigurationArguments configuration;
    std::optional<std::string> database;
    std::string client = "explain";
    std::string user;
};

void complain(std::string_view what) {
    fmt::print(stderr, "foz explain: {}\n", what);
}

void print(const admin::RouteExplanation& route) {
    fmt::print("-- route \"{}\": topic {}, database {} ({}), table {}\n", route.route, route.topic,
            route.database, route.kind, route.table);
    fmt::print("{};\n", route.create_table);
    for (const std::string& insert : route.inserts) {
        fmt::print("{};\n", insert);
    }
    for (const std::string& refusal : route.refusals) {
        fmt::print("-- refused, would be a dead letter: {}\n", printable_whole(refusal));
    }
    fmt::print("\n");
}

void print(const admin::Explanation& explanation) {
    for (const admin::RouteExplanation& route : explanation.routes) {
        print(route);
    }
    for (const std::string& remark : explanation.remarks) {
        fmt::print("-- note: {}\n", printable_whole(remark));
    }
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

    const auto explanations = admin::explain(settings, message, arguments.database);
    if (!explanations) {
        complain(explanations.error().message);
        return kWrongUse;
    }
    std::size_t matched = 0;
    bool any_refused = false;
    for (const admin::Explanation& explanation : *explanations) {
        print(explanation);
        matched += explanation.matched;
        any_refused = any_refused || explanation.any_refused();
    }
    if (matched == 0) {
        return report_no_match(settings, arguments);
    }
    return any_refused ? kFailed : 0;
}

int run(const ExplainArguments& arguments) {
    if (!mqtt::is_valid_topic_name(arguments.topic)) {
        complain(
                fmt::format("\"{}\" is not a topic that can be published to: it must not be empty "
                            "or hold + or #",
                        arguments.topic));
        return kWrongUse;
    }
    const auto settings = settings_for(arguments.configuration);
    if (!settings) {
        complain(settings.error().message);
        return kWrongUse;
    }
    return explain(*settings, arguments);
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<ExplainArguments>();
    CLI::App* command = app.add_subcommand(
            "explain", "Show the rows and the SQL that a message would become, without connecting");
    command->footer(
            "Exit code 0: every reading becomes a row; 1: one would be a dead letter, or no route "
            "matches;\n"
            "2: wrong use, or a configuration that cannot be used.");
    command->add_option("topic", arguments->topic, "Topic of the message")->required();
    command->add_option("payload", arguments->payload, "Its payload")->required();
    add_configuration_options(*command, arguments->configuration);
    command->add_option("--database", arguments->database, "Only this database");
    command->add_option("--user", arguments->user, "User name of the publisher");
    command->add_option("--client", arguments->client, "Client id of the publisher")
            ->capture_default_str();
    command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace foz::cli
