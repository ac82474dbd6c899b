// SPDX-License-Identifier: Apache-2.0
// What a configuration means. What is wrong with one: settings_errors_test.cpp.
#include "config/settings_parser.h"

#include <gtest/gtest.h>

namespace foz::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The settings, without the places of their parts; a test of those takes parse_settings itself.
Settings parsed(std::string_view toml) {
    auto settings = parse_settings(toml, "foz.toml");
    if (!settings) {
        for (const std::string& line : settings.error().lines) {
            ADD_FAILURE() << line;
        }
        return {};
    }
    for (Listener& listener : settings->listeners) {
        listener.place = {};
    }
    for (Database& database : settings->databases) {
        database.place = {};
    }
    for (Route& route : settings->routes) {
        route.place = {};
        for (Column& column : route.columns) {
            column.place = {};
        }
    }
    return *settings;
}

TEST(Settings, of_an_empty_file_are_the_defaults) {
    EXPECT_EQ(parsed(""), default_settings());
    EXPECT_EQ(parsed("# nothing\n[limits]\n[journal]\n[listener.default]\n"), default_settings());
}

TEST(Settings, by_default_listen_on_loopback_and_keep_everything_in_one_sqlite_database) {
    const Settings settings = default_settings();
    ASSERT_EQ(settings.listeners.size(), 1U);
    EXPECT_EQ(settings.listeners[0].address, "127.0.0.1:1883");
    EXPECT_FALSE(settings.listeners[0].allow_anonymous);
    ASSERT_EQ(settings.databases.size(), 1U);
    EXPECT_EQ(settings.databases[0].name, "foz");
    EXPECT_EQ(settings.databases[0].url, "sqlite:foz.sqlite");
    ASSERT_EQ(settings.routes.size(), 2U);
    EXPECT_EQ(settings.routes[0].table, "messages");
    EXPECT_EQ(settings.routes[1].table, "temperature");
    EXPECT_EQ(settings.routes[1].topic, "esp32/pub");
}

TEST(Settings, with_a_source_and_no_listener_listen_nowhere) {
    const Settings settings =
            parsed("[source.plant]\nurl = \"mqtt://127.0.0.1\"\nsubscribe = [\"#\"]\n");
    EXPECT_TRUE(settings.listeners.empty());
}

// The example of design.md, without what a later version will know (tls, source).
TEST(Settings, of_the_example_in_the_design_are_what_it_says) {
    const Settings settings = parsed(R"(
[listener.devices]
address = "0.0.0.0:8883"
allow_anonymous = true

[database.warehouse]
url = "postgresql://foz@127.0.0.1/mqtt"

[[route]]
topic    = "esp32/pub"              # {name} captures a level: "sites/{site}/{device}/climate"
database = "warehouse"
table    = "temperature"            # created when missing; checked when it is there
columns  = { temp = { field = "Temperature" }, dh = { field = "Data Hora", type = "timestamp", zone = "America/Sao_Paulo" } }
key      = ["dh"]
)");
    Settings expected;
    Listener listener;
    listener.name = "devices";
    listener.address = "0.0.0.0:8883";
    listener.allow_anonymous = true;
    expected.listeners = {listener};
    Database database;
    database.name = "warehouse";
    database.url = "postgresql://foz@127.0.0.1/mqtt";
    expected.databases = {database};
    Route route;
    route.topic = "esp32/pub";
    route.database = "warehouse";
    route.table = "temperature";
    Column temperature;
    temperature.name = "temp";
    temperature.source = FieldSource{{"Temperature"}};
    Column time;
    time.name = "dh";
    time.source = FieldSource{{"Data Hora"}};
    time.type = "timestamp";
    time.zone = "America/Sao_Paulo";
    route.columns = {temperature, time};
    route.key = {"dh"};
    expected.routes = {route};
    EXPECT_EQ(settings, expected);
}

TEST(Settings, take_every_kind_of_value) {
    const Settings settings = parsed(R"(
data = "/var/lib/foz"
ack = "commit"
reactors = 4
[log]
level = "debug"
[limits]
connections = 5000
connect_timeout = "2500ms"
packet_bytes = "2MiB"
topic_bytes = 2048
keep_alive_max = "2m"
session_expiry_max = "30d"
[journal]
retain_age = "12h"
size_max = "1 TiB"
[database.a]
url = "sqlite:/tmp/a.sqlite"
lanes = 2
batch_delay = "5ms"
)");
    EXPECT_EQ(settings.data, "/var/lib/foz");
    EXPECT_EQ(settings.ack, Ack::commit);
    EXPECT_EQ(settings.reactors, 4U);
    EXPECT_EQ(settings.log_level, "debug");
    EXPECT_EQ(settings.limits.connections, 5'000U);
    EXPECT_EQ(settings.limits.connect_timeout, milliseconds(2'500));
    EXPECT_EQ(settings.limits.packet_bytes, 2U << 20);
    EXPECT_EQ(settings.limits.topic_bytes, 2'048U);
    EXPECT_EQ(settings.limits.keep_alive_max, 120U);
    EXPECT_EQ(settings.limits.session_expiry_max, hours(24 * 30));
    EXPECT_EQ(settings.journal.retain_age, hours(12));
    EXPECT_EQ(settings.journal.size_max, 1ULL << 40);
    EXPECT_EQ(settings.databases.at(0).lanes, 2U);
    EXPECT_EQ(settings.databases.at(0).batch_delay, milliseconds(5));
}

TEST(Settings, keep_columns_databases_and_listeners_in_the_order_of_the_file) {
    const Settings settings = parsed(R"(
[listener.z]
address = "127.0.0.1:1"
[listener.a]
address = "[::1]:1"
[database.z]
url = "sqlite:z"
[database.a]
url = "mysql://root:secret@db.example/x"
[[route]]
topic = "t"
database = "a"
table = "t"
[route.columns.z]
field = "a"
[route.columns.b]
field = "b"
[route.columns.a]
field = "z"
)");
    EXPECT_EQ(settings.listeners.at(0).name, "z");
    EXPECT_EQ(settings.listeners.at(1).name, "a");
    EXPECT_EQ(settings.databases.at(0).name, "z");
    EXPECT_EQ(settings.databases.at(1).name, "a");
    ASSERT_EQ(settings.routes.at(0).columns.size(), 3U);
    EXPECT_EQ(settings.routes[0].columns[0].name, "z");
    EXPECT_EQ(settings.routes[0].columns[1].name, "b");
    EXPECT_EQ(settings.routes[0].columns[2].name, "a");
}

TEST(Settings, know_every_source_of_a_column) {
    const Settings settings = parsed(R"(
[[route]]
name = "everything"
topic = "sites/{site}/+/climate/#"
table = "climate"
rows = "data.readings"
[route.columns]
nested = { field = "a.b", type = "double", default = 0 }
exact = { field = ["a.b", "c d"] }
whole = { field = [], type = "json" }
site = { capture = "site" }
received = { message = "received" }
constant = { value = 2.5 }
flag = { value = true, type = "boolean" }
at = { field = "t", type = "timestamp", unit = "ms", missing = "reject" }
day = { field = "d", type = "timestamp", format = "%d/%m/%Y", zone = "Europe/Lisbon" }
power = { field = ["Power", 0, "a.b"], else = "null" }
exactly = { field = "n", type = "timestamp", unit = "ns" }
[route.where]
field = ["tags", 1]
equals = "location"
)");
    const Route& route = settings.routes.at(0);
    EXPECT_EQ(route.name, "everything");
    EXPECT_EQ(route.database, "foz");
    EXPECT_EQ(route.rows, (std::vector<std::string>{"data", "readings"}));
    ASSERT_EQ(route.columns.size(), 11U);
    EXPECT_EQ(route.columns[9].source, ColumnSource(FieldSource{{"Power", 0U, "a.b"}}));
    EXPECT_EQ(route.columns[9].unfit, Unfit::null);
    EXPECT_EQ(route.columns[10].unit, EpochUnit::nanoseconds);
    EXPECT_EQ(route.where, (Filter{{"tags", 1U}, "location"}));
    EXPECT_EQ(route.columns[0].source, ColumnSource(FieldSource{{"a", "b"}}));
    EXPECT_EQ(std::get<std::int64_t>(*route.columns[0].default_value), 0);
    EXPECT_EQ(route.columns[1].source, ColumnSource(FieldSource{{"a.b", "c d"}}));
    EXPECT_EQ(route.columns[2].source, ColumnSource(FieldSource{}));
    EXPECT_EQ(route.columns[3].source, ColumnSource(CaptureSource{"site"}));
    EXPECT_EQ(route.columns[4].source, ColumnSource(MessageSource{MessagePart::received}));
    EXPECT_EQ(route.columns[5].source, ColumnSource(ConstantSource{2.5}));
    EXPECT_EQ(route.columns[6].source, ColumnSource(ConstantSource{true}));
    EXPECT_EQ(route.columns[7].unit, EpochUnit::milliseconds);
    EXPECT_EQ(route.columns[7].missing, Missing::reject);
    EXPECT_EQ(route.columns[8].format, "%d/%m/%Y");
    EXPECT_EQ(route.columns[8].zone, "Europe/Lisbon");
}

TEST(Settings, without_routes_use_the_default_ones_with_the_only_database) {
    const Settings settings = parsed("[database.warehouse]\nurl = \"postgresql://h/d\"\n");
    ASSERT_EQ(settings.routes.size(), 2U);
    EXPECT_EQ(settings.routes[0].database, "warehouse");
    EXPECT_EQ(settings.routes[1].database, "warehouse");
}

TEST(Settings, know_where_in_the_file_each_thing_stands) {
    const auto settings = parse_settings(
            "[listener.a]\n[database.b]\nurl = \"sqlite:b\"\n[[route]]\ntopic = \"t\"\ntable = "
            "\"t\"\n"
            "columns = { c = { field = \"f\" } }\n",
            "other.toml");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->listeners.at(0).place, (Place{"other.toml", 1}));
    EXPECT_EQ(settings->databases.at(0).place, (Place{"other.toml", 2}));
    EXPECT_EQ(settings->routes.at(0).place, (Place{"other.toml", 4}));
    EXPECT_EQ(settings->routes.at(0).columns.at(0).place, (Place{"other.toml", 7}));
}

}  // namespace
}  // namespace foz::config
