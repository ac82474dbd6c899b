// SPDX-License-Identifier: Apache-2.0
#include "mqtt/message.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/mqtt/wire.h"

namespace foz::mqtt {
namespace {

Message example(const std::string& properties) {
    return {
        .topic = "esp32/pub",
        .payload = R"({"Temperature": 23.5})",
        .client_id = "esp32-1",
        .received = SystemTime(Microseconds(0x0102030405060708)),
        .qos = 2,
        .retain = true,
        .packet_id = 0x1234,
        .properties = properties,
    };
}

std::string encoded(const Message& message) {
    std::string bytes;
    encode_message(message, bytes);
    return bytes;
}

TEST(MessageRecord, has_the_bytes_that_the_documentation_says) {
    Message message = example("");
    message.payload = "{}";
    EXPECT_EQ(hex(encoded(message)),
            hex(wire("01 06 3412 0807060504030201 0900 0700 00000000 'esp32/pub' 'esp32-1' '{}'")));
}

TEST(MessageRecord, comes_back_as_it_was) {
    const std::string properties = wire("26 <k> <v> 03 <json>");
    const std::string bytes = encoded(example(properties));
    const Result<Message> message = decode_message(as_bytes(bytes));
    ASSERT_TRUE(message) << message.error().message;
    EXPECT_EQ(message->topic, "esp32/pub");
    EXPECT_EQ(message->payload, R"({"Temperature": 23.5})");
    EXPECT_EQ(message->client_id, "esp32-1");
    EXPECT_EQ(message->received.time_since_epoch().count(), 0x0102030405060708);
    EXPECT_EQ(message->qos, 2);
    EXPECT_TRUE(message->retain);
    EXPECT_EQ(message->packet_id, 0x1234);
    EXPECT_EQ(message->properties, properties);
}

TEST(MessageRecord, may_have_an_empty_payload_and_no_client) {
    Message message;
    message.topic = "a";
    message.received = SystemTime(Microseconds(-1));
    const std::string bytes = encoded(message);
    const Result<Message> back = decode_message(as_bytes(bytes));
    ASSERT_TRUE(back);
    EXPECT_TRUE(back->payload.empty());
    EXPECT_TRUE(back->client_id.empty());
    EXPECT_EQ(back->received.time_since_epoch().count(), -1);
}

TEST(MessageRecord, ends_with_the_payload) {
    const std::string bytes = encoded(example(wire("03 <json>")));
    const Result<Message> message = decode_message(as_bytes(bytes));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload.data() + message->payload.size(), bytes.data() + bytes.size());
}

TEST(MessageRecord, carries_the_user_name_if_there_is_one) {
    Message message = example("");
    message.user = "caf\xC3\xA9";
    const std::string bytes = encoded(message);
    const Result<Message> back = decode_message(as_bytes(bytes));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->user, message.user);
    EXPECT_EQ(back->payload, message.payload);
    EXPECT_EQ(back->client_id, message.client_id);
    EXPECT_EQ(bytes.size(), encoded(example("")).size() + 2 + message.user.size());
    // As every foz before wrote it, and reads it.
    EXPECT_EQ(encoded(example(""))[1], 6);
    EXPECT_TRUE(decode_message(as_bytes(encoded(example(""))))->user.empty());
    message.payload = "";
    const std::string whole = encoded(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_message(as_bytes(std::string_view(whole).substr(0, size)))) << size;
    }
    std::string none = whole;
    none[none.size() - message.user.size() - 2] = 0;
    EXPECT_FALSE(decode_message(as_bytes(none)));
}

TEST(MessageRecord, that_is_cut_before_its_payload_is_corrupt) {
    Message message = example("");
    message.payload = "";
    const std::string bytes = encoded(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::vector<char> cut(
                bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const Result<Message> result = decode_message(as_bytes({cut.data(), cut.size()}));
        ASSERT_FALSE(result) << size;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
}

TEST(MessageRecord, that_foz_cannot_have_written_is_corrupt) {
    const std::string good = encoded(example(""));
    const auto changed = [&](std::size_t at, char to) {
        std::string bytes = good;
        bytes[at] = to;
        return bytes;
    };
    std::string alias = encoded(example(wire("23 0001")));
    const std::pair<std::string_view, std::string> rows[] = {
        {"another format", changed(0, 2)},
        {"a reserved flag", changed(1, 0x16)},
        {"a user name that is longer than the record", changed(1, 0x0E)},
        {"QoS 3", changed(1, 3)},
        {"a packet identifier at QoS 1", changed(1, 1)},
        {"a topic that is too long", changed(13, 1)},
        {"properties that are too long", changed(19, '\x7F')},
        {"no topic", changed(12, 0)},
        {"a wildcard in the topic", changed(20, '#')},
        {"a topic that is not UTF-8", changed(20, '\xFF')},
        {"a client identifier that is not UTF-8", changed(29, '\xFF')},
        {"properties that are none", changed(16, 4)},
        {"a topic alias", alias},
    };
    EXPECT_TRUE(decode_message(as_bytes(good)));
    for (const auto& [what, bytes] : rows) {
        const Result<Message> result = decode_message(as_bytes(bytes));
        ASSERT_FALSE(result) << what;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
        EXPECT_FALSE(result.error().message.empty());
    }
}

TEST(SessionRecord, has_the_bytes_that_the_documentation_says_and_comes_back) {
    std::string bytes;
    encode_session_record(
            {.client_id = "esp32-1", .packet_id = 0x1234, .expiry_seconds = 0xFFFFFFFE}, bytes);
    EXPECT_EQ(hex(bytes), hex(wire("01 00 3412 FEFFFFFF 'esp32-1'")));
    const Result<SessionRecord> record = decode_session_record(as_bytes(bytes));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->client_id, "esp32-1");
    EXPECT_EQ(record->packet_id, 0x1234);
    EXPECT_EQ(record->expiry_seconds, 0xFFFFFFFE);
}

TEST(SessionRecord, that_foz_cannot_have_written_is_corrupt) {
    for (const std::string_view bytes : {"", "01 00 0000 000000", "02 00 0000 00000000 'a'",
             "01 01 0000 00000000 'a'", "01 00 0000 00000000 FF"}) {
        const std::string record = wire(bytes);
        const Result<SessionRecord> result = decode_session_record(as_bytes(record));
        ASSERT_FALSE(result) << bytes;
        EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
}

}  // namespace
}  // namespace foz::mqtt
