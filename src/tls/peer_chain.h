// SPDX-License-Identifier: Apache-2.0
// The certificates that the other side of a connection showed, for `foz check --connect`.
#pragma once

#include <vector>

#include "tls/certificate_facts.h"

namespace foz::tls {

/// As the peer sent them, its own first; empty when it showed none, or after a resumed session.
/// Also after a handshake whose verification failed, if the connection was made ready by
/// ClientContext::prepare or is a ServerStream's. Call on the thread that uses `connection`.
[[nodiscard]] std::vector<CertificateFacts> peer_chain(const ssl_st* connection);

}  // namespace foz::tls
