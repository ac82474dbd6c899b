// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and revocation lists from PEM files. Every error is one line that names the
// file, what it was to be, and what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tls/handle.h"

namespace foz::tls {

/// All certificates of the file, at least one, in its order. `what` stands in errors:
/// "certificate", "client_ca".
[[nodiscard]] Result<std::vector<Handle<x509_st>>> read_certificates(
        const std::string& path, std::string_view what);
/// RSA, EC or any other that OpenSSL knows; not one that needs a passphrase.
[[nodiscard]] Result<Handle<evp_pkey_st>> read_private_key(const std::string& path);
[[nodiscard]] Result<std::vector<Handle<X509_crl_st>>> read_revocation_lists(
        const std::string& path);

[[nodiscard]] std::string to_pem(const x509_st* certificate);
[[nodiscard]] std::string to_pem(const X509_crl_st* list);
/// PKCS #8, not encrypted.
[[nodiscard]] std::string to_pem(const evp_pkey_st* key);

}  // namespace foz::tls
