// SPDX-License-Identifier: Apache-2.0
#include "admin/explanation.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "config/settings_parser.h"

namespace foz::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Explanations : public testing::Test {
  protected:
    Result<std::vector<Explanation>> explain_payload(
            std::string payload, const std::optional<std::string>& only = std::nullopt) {
        const std::size_t size = payload.size();
        payload.resize(size + kReadablePadding);
        mqtt::Message message;
        message.topic = "esp32/pub";
        message.payload = std::string_view(payload).substr(0, size);
        message.client_id = "test";
        return explain(settings_, message, only);
    }

    config::Settings settings_ = config::default_settings();
};

TEST_F(Explanations, show_the_row_of_each_route_as_sql) {
    const auto explained =
            explain_payload(R"({"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"})");
    ASSERT_TRUE(explained) << explained.error().message;
    ASSERT_EQ(explained->size(), 1U);
    const Explanation& only = explained->front();
    ASSERT_EQ(only.routes.size(), 2U);
    EXPECT_EQ(only.routes[0].table, "messages");
    EXPECT_EQ(only.routes[1].table, "temperature");
    EXPECT_THAT(only.routes[1].create_table, HasSubstr("CREATE TABLE"));
    EXPECT_THAT(only.routes[1].inserts, ElementsAre(HasSubstr("23.5")));
    EXPECT_FALSE(only.any_refused());
}

TEST_F(Explanations, say_why_a_reading_would_be_a_dead_letter) {
    const auto explained = explain_payload(R"({"Temperature": "warm"})");
    ASSERT_TRUE(explained) << explained.error().message;
    EXPECT_TRUE(explained->front().any_refused());
    EXPECT_THAT(explained->front().routes.back().refusals, ElementsAre(HasSubstr("Temperature")));
}

TEST_F(Explanations, know_no_database_that_is_not_configured) {
    const auto explained = explain_payload("{}", "other");
    ASSERT_FALSE(explained);
    EXPECT_THAT(explained.error().message, HasSubstr("\"other\""));
}

}  // namespace
}  // namespace foz::admin
