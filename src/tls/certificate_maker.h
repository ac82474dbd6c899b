// SPDX-License-Identifier: Apache-2.0
// Makes keys, certificates and revocation lists [RFC 5280]: EC P-256, ECDSA with SHA-256, random
// serial numbers of 126 bits. Pure, but for the randomness.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "tls/handle.h"

namespace foz::tls {

enum class CertificateUse : std::uint8_t { authority, server, device };

struct CertificateContent {
    std::string name;  // CN, 1 to 64 characters
    CertificateUse use = CertificateUse::device;
    std::vector<std::string> alternative_names;  // "DNS:broker.example", "IP:10.0.0.5"
    SystemTime not_before;
    SystemTime not_after;
};

/// Who signs; `certificate` is null for one that signs itself.
struct Signer {
    const x509_st* certificate = nullptr;
    evp_pkey_st* key = nullptr;
};

struct RevokedSerial {
    std::string serial;  // hexadecimal
    SystemTime revoked;
};

[[nodiscard]] Handle<evp_pkey_st> make_key();

/// A certificate for that (public) key. Error: invalid for a name that a certificate cannot have.
[[nodiscard]] Result<Handle<x509_st>> make_certificate(
        const CertificateContent& content, evp_pkey_st* key, const Signer& signer);

/// Valid from `now` until the signer's certificate ends: a list that expires locks everybody out,
/// and one that somebody holds back does not get worse by its date.
[[nodiscard]] Result<Handle<X509_crl_st>> make_revocation_list(
        std::span<const RevokedSerial> revoked, SystemTime now, const Signer& signer);

}  // namespace foz::tls
