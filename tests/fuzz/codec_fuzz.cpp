// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the MQTT codec and of the records in the journal. The first byte of the input says
// what the rest is: 0 to 5, what a client or a server sends in one of the three versions (with 8
// added, under tight limits); 6, a message record; 7, a session record; 16, a topic filter, a line
// feed and a name.
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mqtt/message.h"
#include "mqtt/topic.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/mqtt/reencode.h"

namespace foz::mqtt {
namespace {

constexpr DecodeLimits kTight{
    .topic_bytes = 16,
    .topic_levels = 3,
    .client_id_bytes = 8,
    .user_properties = 2,
    .user_properties_bytes = 16,
    .subscriptions = 2,
};

void try_packets(unsigned selector, std::string_view input) {
    DecodeContext context;
    context.version = static_cast<ProtocolVersion>(3 + selector % 8 % 3);
    context.sender = selector % 8 < 3 ? Sender::client : Sender::server;
    if (selector >= 8) {
        context.limits = kTight;
    }
    exercise_codec(input, context);
}

void try_message_record(std::string_view input) {
    const Result<Message> message = decode_message(as_bytes(input));
    if (!message) return;
    std::string again;
    encode_message(*message, again);
    FOZ_CHECK(again == input);
}

void try_session_record(std::string_view input) {
    const Result<SessionRecord> record = decode_session_record(as_bytes(input));
    if (!record) return;
    std::string again;
    encode_session_record(*record, again);
    FOZ_CHECK(again == input);
}

void try_topics(std::string_view input) {
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos) return;
    const std::string_view filter = input.substr(0, end);
    const std::string_view name = input.substr(end + 1);
    if (!is_valid_topic_name(name)) return;
    FOZ_CHECK(topic_matches(name, name));
    FOZ_CHECK(is_valid_topic_filter(name) || name.starts_with("$share/"));
    FOZ_CHECK(topic_matches("#", name) == !name.starts_with('$'));
    if (is_valid_topic_filter(filter) && topic_matches(filter, name) && !filter.ends_with('#')) {
        FOZ_CHECK(topic_levels(filter) == topic_levels(name));
    }
}

void try_input(std::span<const std::uint8_t> input) {
    if (input.empty()) return;
    const std::string_view rest(reinterpret_cast<const char*>(input.data()) + 1, input.size() - 1);
    const unsigned selector = input[0] % 17U;
    switch (selector) {
        case 6: try_message_record(rest); break;
        case 7: try_session_record(rest); break;
        case 16: try_topics(rest); break;
        default: try_packets(selector, rest); break;
    }
}

}  // namespace
}  // namespace foz::mqtt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::mqtt::try_input({data, size});
    return 0;
}
