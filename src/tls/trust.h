// SPDX-License-Identifier: Apache-2.0
// What servers and clients set on an SSL_CTX alike: who they are, whom they trust.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "tls/certificate_facts.h"

namespace foz::tls {

/// TLS 1.2 and 1.3, small idle connections, no renegotiation.
[[nodiscard]] Handle<ssl_ctx_st> make_context(bool server);

/// Shows the certificates of that file (its own first), whose key is in the other. Returns the
/// facts of its own.
[[nodiscard]] Result<CertificateFacts> use_identity(
        ssl_ctx_st* context, const std::string& certificate, const std::string& key);

/// Trusts the CAs of a file, and refuses what its CRL (if there is one) revokes. `what` stands in
/// errors. `warnings` gets one line for a list that is out of date, and one for each CA when none
/// is valid for some time to come.
struct TrustFiles {
    std::string what;
    std::string authorities;
    std::optional<std::string> crl;
};
[[nodiscard]] Result<void> use_trust(ssl_ctx_st* context, const TrustFiles& files, SystemTime now,
        std::vector<std::string>& warnings);

/// Adds a line when the certificate in `file` is not valid now, or not for much longer.
void warn_of_dates(const CertificateFacts& facts, const std::string& file, SystemTime now,
        std::vector<std::string>& warnings);

}  // namespace foz::tls
