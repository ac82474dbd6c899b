// SPDX-License-Identifier: Apache-2.0
// index.txt of a certificate authority: a line for each certificate, in the format of `openssl ca`,
// so that its tools (and easy-rsa's) can read what foz issued. Tab-separated:
//
//   V|R|E  expires  revoked  serial  file  /CN=name
//
// Times are YYMMDDhhmmssZ, from 2050 on YYYYMMDDhhmmssZ. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace foz::tls {

enum class CertificateKind : std::uint8_t { server, device };
enum class CertificateStatus : std::uint8_t { valid, expired, revoked };

struct IssuedCertificate {
    std::string name;  // the CN
    CertificateKind kind = CertificateKind::device;
    CertificateStatus status = CertificateStatus::valid;
    std::string serial;  // hexadecimal
    std::string file;    // below the authority's folder: "devices/esp32-1.crt"
    SystemTime not_after;
    SystemTime revoked;  // when its status is revoked
};

/// With its line end.
[[nodiscard]] std::string index_line(const IssuedCertificate& issued);

/// In the order of the file. `now` decides what has expired. Error: corrupt, with the line.
[[nodiscard]] Result<std::vector<IssuedCertificate>> parse_index(
        std::string_view content, std::string_view shown_name, SystemTime now);

}  // namespace foz::tls
