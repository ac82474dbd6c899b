// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mqtt/encoder.h"
#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

std::string connect_and_keep(std::string_view client_id) {
    mqtt::Connect connect;
    connect.client_id = client_id;
    connect.clean_start = false;
    std::string bytes;
    mqtt::append_connect(bytes, connect);
    return bytes;
}

std::string qos_2() {
    mqtt::Publish publish;
    publish.topic = "sensors/a";
    publish.payload = "{}";
    publish.qos = 2;
    publish.packet_id = 5;
    std::string bytes;
    mqtt::append_publish(bytes, publish, mqtt::ProtocolVersion::v3_1_1);
    return bytes;
}

class Sessions : public testing::Test {
  protected:
    [[nodiscard]] bool lists(std::string_view text) {
        return support::wait_until([&] { return foz_.run_configured({"sessions"}).says(text); },
                std::chrono::seconds(20));
    }

    FozUnderTest foz_;
};

TEST_F(Sessions, AreListedWithWhatTheyHoldAndEndedWhileFozRuns) {
    foz_.configure("[limits]\nsessions = 7\n" + kReadings);
    foz_.start();
    broker::RawClient holder(foz_.port());
    holder.send(connect_and_keep("holder") + qos_2());
    ASSERT_EQ(holder.receive(8).size(), 8U);
    {
        broker::RawClient idle(foz_.port());
        idle.send(connect_and_keep("idle"));
        ASSERT_EQ(idle.receive(4).size(), 4U);
    }
    ASSERT_TRUE(lists("\"idle\"  gone since "));
    const Outcome list = foz_.run_configured({"sessions"});
    EXPECT_EQ(list.exit_code, 0) << list;
    EXPECT_TRUE(list.says("\"holder\"  connected since ")) << list;
    EXPECT_TRUE(list.says("holds 1 QoS 2 message not released")) << list;
    EXPECT_TRUE(list.says("2 sessions of limits.sessions = 7, 1 of them hold nothing")) << list;
    EXPECT_FALSE(foz_.run_configured({"sessions", "--empty"}).says("holder"));

    const Outcome unknown = foz_.run_configured({"sessions", "end", "nobody"});
    EXPECT_EQ(unknown.exit_code, 1) << unknown;
    EXPECT_TRUE(unknown.says("there is no session of \"nobody\"")) << unknown;
    const Outcome ended = foz_.run_configured({"sessions", "end", "idle", "holder"});
    EXPECT_EQ(ended.exit_code, 0) << ended;
    EXPECT_TRUE(ended.says("ended")) << ended;
    EXPECT_TRUE(holder.receive_until_closed());
    EXPECT_TRUE(lists("0 sessions of"));
}

TEST_F(Sessions, AreEndedAtTheNextStartWhenFozDoesNotRun) {
    foz_.configure(kReadings);
    foz_.start();
    {
        broker::RawClient idle(foz_.port());
        idle.send(connect_and_keep("idle"));
        ASSERT_EQ(idle.receive(4).size(), 4U);
    }
    ASSERT_TRUE(lists("\"idle\"  gone since "));
    ASSERT_EQ(foz_.stop(), 0);
    const Outcome noted = foz_.run_configured({"sessions", "end", "idle"});
    EXPECT_EQ(noted.exit_code, 0) << noted;
    EXPECT_TRUE(noted.says("or when it runs again")) << noted;
    foz_.start();
    EXPECT_TRUE(lists("0 sessions of"));
}

}  // namespace
}  // namespace foz::end_to_end
