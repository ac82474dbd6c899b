// SPDX-License-Identifier: Apache-2.0
#include "tests/tls/tls_link.h"

#include <utility>

#include "tests/support/test_authority.h"

namespace foz::tls {

using support::expect_value;
using support::TlsClient;

Link::Link(const ServerContext& server_context, TlsClient& to_this_client)
    : client(to_this_client), server(expect_value(ServerStream::create(server_context))) {}

void Link::settle(std::size_t piece) {
    client.step();
    for (bool moved = true; moved;) {
        std::string from_client = client.take_output();
        moved = !from_client.empty() || !to_client.empty();
        std::string plaintext(piece + ServerStream::kExtraRoom, '\0');
        for (std::string_view rest = from_client; !rest.empty();) {
            const std::string_view part = rest.substr(0, piece);
            rest.remove_prefix(part.size());
            if (server.state() == StreamState::failed || server.state() == StreamState::closed) {
                break;
            }
            const Received received = server.receive(part, plaintext, to_client);
            server_received.append(plaintext, 0, received.size);
        }
        client.receive(std::exchange(to_client, std::string()));
    }
}

void Link::server_sends(std::string_view plaintext) {
    (void)server.send(plaintext, to_client);
}

}  // namespace foz::tls
