// SPDX-License-Identifier: Apache-2.0
// Verifying the peer's certificate: OpenSSL decides, this remembers with the connection what was
// wrong, because after a failed handshake OpenSSL no longer knows whose certificate it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tls/certificate_facts.h"

struct x509_store_ctx_st;

namespace foz::tls {

/// Who asks: the listener about a client, or foz as a client about a broker.
enum class Role : std::uint8_t { server, client };

/// The first thing that was wrong with the peer's certificates.
struct FailedVerification {
    int error = 0;                        // X509_V_ERR_...
    bool authority = false;               // it is with a CA's certificate, not the peer's own
    bool namesake = false;                // a CA is trusted that has the name of the peer's
    CertificateFacts certificate;         // the one at fault
    std::vector<CertificateFacts> chain;  // as the peer sent them
};

/// For SSL_CTX_set_verify. Lets a revocation list pass that is out of date: what it lists is
/// revoked, and a fleet is not locked out because nobody made a new one.
int remember_verification(int good, x509_store_ctx_st* context);

/// Null when verification did not fail on this connection.
[[nodiscard]] const FailedVerification* failed_verification(const ssl_st* connection);

/// One line: what is wrong with whose certificate, and what to do. `host` for Role::client.
[[nodiscard]] std::string explain_verification(
        const FailedVerification& failed, Role role, std::string_view host, SystemTime now);

/// The same for any error of a TLS connection: alerts of the peer, no TLS at all, versions.
/// `openssl_error` is one of OpenSSL's queue; 0: the connection ended.
[[nodiscard]] std::string explain_error(
        const ssl_st* connection, unsigned long openssl_error, Role role, std::string_view host);

}  // namespace foz::tls
