// SPDX-License-Identifier: Apache-2.0
// Fuzzes the server's side of a connection: the input is what two clients of one server send, one
// after another, split at the byte 0xFE 0xFE into the two. Whatever it is, no invariant may break,
// and what is journaled must decode again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mqtt/message.h"
#include "tests/broker/scripted_client.h"

namespace foz::broker {
namespace {

bool is_readable(std::uint8_t kind, ByteView bytes) {
    return kind == static_cast<std::uint8_t>(mqtt::RecordKind::message)
                   ? mqtt::decode_message(bytes).has_value()
                   : mqtt::decode_session_record(bytes).has_value();
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

void run_client(ScriptedServer& server, std::string_view bytes) {
    ScriptedClient client(server);
    for (std::size_t offset = 0; offset < bytes.size(); offset += 50) {
        client.send(bytes.substr(offset, 50));
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
