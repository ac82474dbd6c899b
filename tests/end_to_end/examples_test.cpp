// SPDX-License-Identifier: Apache-2.0
// The shipped examples, as they are but for names and addresses, with the real programs.
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/mariadb_server.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

std::string example(std::string_view name) {
    std::ifstream file(fmt::format("{}/{}", FOZ_EXAMPLES, name));
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

struct Postgres : support::PostgresServer {
    static constexpr std::string_view kName = "postgresql";
    static constexpr std::string_view kUrl = "postgresql://foz@127.0.0.1/mqtt";
    static constexpr std::string_view kRows =
            "SELECT temp, dh AT TIME ZONE 'UTC' FROM temperature ORDER BY dh";
    static constexpr std::string_view kStored = "23.5|2022-08-01 13:00:00\n24|2022-08-01 13:00:05";
};

struct Mariadb : support::MariadbServer {
    static constexpr std::string_view kName = "mariadb";
    static constexpr std::string_view kUrl = "mariadb://foz@127.0.0.1/mqtt";
    static constexpr std::string_view kRows =
            "SELECT temperature, data_hora FROM temperature ORDER BY data_hora";
    static constexpr std::string_view kStored =
            "23.5|2022-08-01 13:00:00.000000\n24|2022-08-01 13:00:05.000000";
};

template <class Server>
class TemperatureExample : public testing::Test {
  protected:
    void publish(std::string_view payload) {
        support::run_to_end({"mosquitto_pub", "-p", std::to_string(mosquitto_.port()), "-q", "1",
            "-t", "esp32/pub", "-m", std::string(payload)});
    }

    Server server_;
    support::MosquittoBroker mosquitto_;
    FozUnderTest foz_;
};

using Servers = testing::Types<Postgres, Mariadb>;
TYPED_TEST_SUITE(TemperatureExample, Servers);

TYPED_TEST(TemperatureExample, FillsTheTableFromMosquitto) {
    this->server_.start();
    this->mosquitto_.start();
    this->server_.query(example(fmt::format("temperature/{}.sql", TypeParam::kName)));
    std::string toml = example(fmt::format("temperature/{}.toml", TypeParam::kName));
    toml = replaced(toml, TypeParam::kUrl, this->server_.url());
    toml = replaced(toml, "mqtt://127.0.0.1:1883",
            fmt::format("mqtt://127.0.0.1:{}", this->mosquitto_.port()));
    FozUnderTest& foz = this->foz_;
    foz.configure(toml);
    foz.write("mosquitto.password", "secret\n");
    const Outcome checked = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    foz.start();
    ASSERT_TRUE(support::wait_until([&] {
        return foz.log().find("source mosquitto: connected") != std::string::npos;
    })) << foz.log();

    this->publish(R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})");
    this->publish(R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})");
    this->publish(R"({"Temperature": 24, "Data Hora": "2022-08-01 10:00:05"})");
    EXPECT_TRUE(support::wait_until([&] {
        return this->server_.query(TypeParam::kRows) == TypeParam::kStored;
    })) << this->server_.query(TypeParam::kRows)
        << foz.log();
}

}  // namespace
}  // namespace foz::end_to_end
