// SPDX-License-Identifier: Apache-2.0
// Publishers of another make: Paho → Mosquitto → `foz run` → PostgreSQL, and Paho → foz.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

constexpr int kPublished = 200;

/// Debian's Python: it is what has Debian's Paho.
void publish(std::uint16_t port, std::string_view version, int qos) {
    support::run_to_end({"/usr/bin/python3", FOZ_PAHO_PUBLISH, std::to_string(port), "load",
        std::string(version), std::to_string(qos), std::to_string(kPublished)});
}

constexpr std::string_view kConfiguration = R"(
[source.plant]
url = "mqtt://127.0.0.1:{}"
subscribe = [{{ topic = "load", qos = 2 }}]
[database.store]
url = "{}"
[[route]]
topic = "load"
database = "store"
table = "load"
[route.columns]
client = {{ message = "client_id" }}
n = {{ field = "n", type = "integer" }}
version = {{ field = "version", type = "text" }}
qos = {{ field = "qos", type = "integer" }}
)";

/// Each protocol version with each QoS, one after the other. What the table then has of them:
/// "way|version|qos|rows|different readings".
std::string publish_all(std::uint16_t port, std::string_view way) {
    std::string rows;
    for (const std::string_view version : {"3.1.1", "5"}) {
        for (const int qos : {1, 2}) {
            publish(port, version, qos);
            rows += fmt::format("{}|{}|{}|{}|{}\n", way, version, qos, kPublished, kPublished);
        }
    }
    return rows;
}

TEST(Paho, EachReadingIsStoredOnceBehindMosquittoAndWithoutIt) {
    support::PostgresServer server;
    support::MosquittoBroker mosquitto;
    server.start();
    mosquitto.start();
    FozUnderTest foz;
    foz.configure(fmt::format(kConfiguration, mosquitto.port(), server.url()));
    foz.start();
    ASSERT_TRUE(support::wait_until([&] { return foz.log().contains("plant: connected"); }))
            << foz.log();
    const std::string expected =
            publish_all(mosquitto.port(), "$source/plant") + publish_all(foz.port(), "paho");
    const auto stored = [&] {
        const std::string rows = server.query(
                "SELECT split_part(client, '-', 1) COLLATE \"C\", version, qos, count(*), "
                "count(DISTINCT n) FROM load GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
        return rows + '\n';
    };
    EXPECT_TRUE(support::wait_until([&] { return stored() == expected; })) << stored() << foz.log();
    EXPECT_EQ(foz.stop(), 0) << foz.log();
    EXPECT_EQ(foz.run_configured({"verify"}).exit_code, 0);
}

}  // namespace
}  // namespace foz::end_to_end
