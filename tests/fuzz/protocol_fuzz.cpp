// SPDX-License-Identifier: Apache-2.0
// Fuzzes the server's side of a connection: the input is what two clients of one server send, one
// after another, split at the byte 0xFE 0xFE into the two. Whatever it is, no invariant may break,
// and what is journaled must decode again.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mqtt/message.h"
#include "mqtt/subscription_record.h"
#include "tests/broker/scripted_client.h"

namespace foz::broker {
namespace {

bool is_readable(std::uint8_t kind, ByteView bytes) {
    switch (static_cast<mqtt::RecordKind>(kind)) {
        case mqtt::RecordKind::message: return mqtt::decode_message(bytes).has_value();
        case mqtt::RecordKind::subscribed:
        case mqtt::RecordKind::unsubscribed:
            return mqtt::decode_subscription_record(bytes).has_value();
        case mqtt::RecordKind::delivered: return mqtt::decode_delivery_record(bytes).has_value();
        default: return mqtt::decode_session_record(bytes).has_value();
    }
}

/// Every record of a batch is one that recovery and the mapping can read.
void check_records(const journal::RecordBatch& batch) {
    const ByteView stored = batch.stored();
    for (std::size_t offset = 0; offset < stored.size();) {
        constexpr std::size_t kHeader = sizeof(std::uint32_t) + 1;
        const auto length = load_little<std::uint32_t>(stored.data() + offset);
        const auto kind = static_cast<std::uint8_t>(stored[offset + sizeof length]);
        const ByteView bytes = stored.subspan(offset + kHeader, length);
        FOZ_CHECK(is_readable(kind, bytes));
        offset += kHeader + length;
    }
}

std::shared_ptr<const delivery::MessageBlock> some_messages() {
    auto block = std::make_shared<delivery::MessageBlock>();
    std::string record;
    mqtt::encode_message({.topic = "a/b",
                             .payload = "payload",
                             .client_id = "c",
                             .received = {},
                             .qos = 2,
                             .properties = std::string_view("\x02\x00\x00\x00\x09", 5)},
            record);
    const auto message = mqtt::decode_message(as_bytes(record));
    FOZ_CHECK(message.has_value());
    block->add(std::make_shared<const delivery::StoredMessage>(
            journal::Position(), as_bytes(record), *message));
    return block;
}

/// What the dispatcher would do for it.
void deliver(ScriptedServer& server, Protocol& protocol, std::size_t turn) {
    if (protocol.state() != Protocol::State::connected || !protocol.is_subscriber()) {
        return;
    }
    std::string out;
    protocol.take_result(mqtt::ReasonCode::granted_qos_1, out);
    if (protocol.state() != Protocol::State::connected) {
        return;
    }
    static const auto messages = some_messages();
    static const delivery::RecentMessages recent = [] {
        delivery::RecentMessages all(1 << 20);
        all.add(messages);
        return all;
    }();
    protocol.session()->with_deliveries([&](session::Deliveries& deliveries) {
        const std::uint32_t identifiers[] = {1, 300};
        deliveries.queue.push({.position = journal::Position::from_number(turn % 3 == 0 ? 7 : 0),
                                  .qos = static_cast<std::uint8_t>(turn % 3)},
                std::span(identifiers).first(turn % 3));
    });
    const DeliveryContext context{
        .inbox = server.inbox, .recent = recent, .now = {}, .output_max = 1'000};
    DeliveryFlow& flow = protocol.deliveries();
    flow.send_now((*messages)[0], false, {}, context, out);
    flow.note_queued();
    if (!flow.send(context, out).empty()) {
        flow.note_fetched(std::make_shared<delivery::MessageBlock>(), 1);
        (void)flow.send(context, out);
    }
}

void run_client(ScriptedServer& server, std::string_view bytes) {
    ScriptedClient client(server);
    for (std::size_t offset = 0; offset < bytes.size(); offset += 50) {
        client.send(bytes.substr(offset, 50));
        deliver(server, client.protocol(), offset);
    }
    client.acknowledgements();
    client.send("");
    if (!client.protocol().client_id().empty()) {
        client.lose();
    }
}

void try_input(std::string_view input) {
    const std::size_t split = input.find("\xFE\xFE");
    config::Limits limits;
    limits.in_flight = 3;
    limits.topic_aliases = 4;
    ScriptedServer server(limits);
    run_client(server, input.substr(0, split));
    if (split != std::string_view::npos) {
        run_client(server, input.substr(split + 2));
    }
    for (const journal::RecordBatch& batch : server.inbox.batches()) {
        check_records(batch);
    }
}

}  // namespace
}  // namespace foz::broker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::broker::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}
