// SPDX-License-Identifier: Apache-2.0
// What a certificate may be called, what else it may be for, and where its file is. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "tls/certificate_facts.h"
#include "tls/certificate_index.h"

namespace foz::tls {

/// A name becomes a CN, a file's name and a part of a line of the index. Error: invalid.
[[nodiscard]] Result<void> check_certificate_name(const std::string& name);

/// "DNS:broker.example", "IP:10.0.0.5", as CertificateContent has them. Error: invalid for what is
/// none.
[[nodiscard]] Result<std::vector<std::string>> alternative_names(
        std::span<const std::string> names, std::span<const std::string> addresses);
/// The same of a certificate that is there.
[[nodiscard]] std::vector<std::string> alternative_names_again(const CertificateFacts& facts);

/// Below the authority's folder: "servers/_wildcard.example.crt".
[[nodiscard]] std::string certificate_file(CertificateKind kind, std::string name);

}  // namespace foz::tls
