// SPDX-License-Identifier: Apache-2.0
// The two ends of a TLS connection without a network between them.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/tls_client.h"
#include "tls/server_stream.h"

namespace foz::tls {

/// A client and a listener's stream; what one writes, the other gets, in pieces of any size.
struct Link {
    Link(const ServerContext& server_context, support::TlsClient& to_this_client);

    /// Passes bytes until nobody has any more, `piece` at a time.
    void settle(std::size_t piece = 100'000);
    void server_sends(std::string_view plaintext);

    support::TlsClient& client;
    ServerStream server;
    std::string to_client;
    std::string server_received;
};

}  // namespace foz::tls
