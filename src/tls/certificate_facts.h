// SPDX-License-Identifier: Apache-2.0
// What a person wants to know about a certificate. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "tls/handle.h"

namespace foz::tls {

struct CertificateFacts {
    std::string name;                // the CN; the whole subject when it has none
    std::string issuer;              // the same of its CA
    std::vector<std::string> names;  // DNS names and addresses it is for (subjectAltName)
    std::string serial;              // hexadecimal, capitals
    std::string key;                 // "EC P-256", "RSA 2048 bits"
    SystemTime not_before;
    SystemTime not_after;
    bool self_signed = false;
    bool authority = false;  // may sign others (basicConstraints CA:TRUE)
    bool for_servers =
            false;  // extendedKeyUsage: may be a server's; both true without that extension
    bool for_clients = false;
};

[[nodiscard]] CertificateFacts facts_of(const x509_st* certificate);

/// The CN alone; "" when it has none. Cheaper than facts_of.
[[nodiscard]] std::string common_name_of(const x509_st* certificate);

/// "2027-03-01"
[[nodiscard]] std::string date_text(SystemTime time);

/// "expired on 2026-01-01, 3 days ago", "valid until 2027-03-01, for 90 days", "not valid before
/// 2027-01-01: is the clock right?"
[[nodiscard]] std::string validity_text(const CertificateFacts& facts, SystemTime now);

/// One line: `broker.example (broker.example, 10.0.0.5) by "foz CA", EC P-256, valid until ...`
[[nodiscard]] std::string describe(const CertificateFacts& facts, SystemTime now);

}  // namespace foz::tls
