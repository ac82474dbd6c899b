// SPDX-License-Identifier: Apache-2.0
#include "config/settings.h"

#include <utility>

namespace foz::config {
namespace {

constexpr const char* kDatabaseName = "foz";

Column column(std::string name, ColumnSource source, std::string type) {
    Column made;
    made.name = std::move(name);
    made.source = std::move(source);
    made.type = std::move(type);
    return made;
}

Route route(std::string topic, std::string table, std::vector<Column> columns) {
    Route made;
    made.name = table;
    made.topic = std::move(topic);
    made.database = kDatabaseName;
    made.table = std::move(table);
    made.columns = std::move(columns);
    return made;
}

Route messages_route() {
    return route("#", "messages",
            {
                column("time", MessageSource{MessagePart::received}, "timestamp"),
                column("topic", MessageSource{MessagePart::topic}, "text"),
                column("client", MessageSource{MessagePart::client_id}, "text"),
                column("payload", MessageSource{MessagePart::payload}, "json"),
            });
}

Route temperature_route() {
    Route made = route("esp32/pub", "temperature",
            {
                column("temp", FieldSource{{"Temperature"}}, "double"),
                column("dh", FieldSource{{"Data Hora"}}, "timestamp"),
            });
    // Some other payload on that topic becomes a dead letter, which is seen, and not a row of
    // nulls.
    made.columns.front().missing = Missing::reject;
    return made;
}

}  // namespace

Settings default_settings() {
    Settings settings;
    Listener listener;
    listener.name = "default";
    settings.listeners.push_back(std::move(listener));
    Database database;
    database.name = kDatabaseName;
    database.url = "sqlite:foz.sqlite";  // relative: in the data directory
    settings.databases.push_back(std::move(database));
    settings.routes = {messages_route(), temperature_route()};
    return settings;
}

}  // namespace foz::config
