// SPDX-License-Identifier: Apache-2.0
// A certificate authority of one's own, in a folder: what `foz certs` works on. Keys are EC P-256.
// docs/certificates.md describes the folder:
//
//   ca.crt  ca.key  crl.pem  index.txt  servers/NAME.crt|key  devices/ID.crt|key
//
// Folders are made with 0700, keys with 0600.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "tls/certificate_folder.h"
#include "tls/certificate_index.h"
#include "tls/handle.h"

namespace foz::tls {

struct AuthorityRequest {
    std::string name = "foz CA";
    std::chrono::days validity{7300};
    bool overwrite = false;  // what the old one issued is worth nothing then
};

struct ServerRequest {
    std::vector<std::string> names;      // DNS; "*.example" is possible
    std::vector<std::string> addresses;  // IPv4 or IPv6
    std::chrono::days validity{825};     // what Apple's systems take at most
    bool overwrite = false;
};

struct DeviceRequest {
    std::vector<std::string> ids;
    std::chrono::days validity{3650};
    bool overwrite = false;
};

/// One thread; the folder is locked against other processes meanwhile. Nothing that is issued is
/// valid longer than the CA.
class CertificateAuthority {
  public:
    /// Makes the folder, the CA and an empty CRL. Error: invalid when there is a CA already.
    [[nodiscard]] static Result<CertificateAuthority> create(const std::filesystem::path& folder,
            const AuthorityRequest& request, const Clock& clock);
    /// Errors: not_found when there is none; those of reading its files; unavailable when another
    /// process is at it.
    [[nodiscard]] static Result<CertificateAuthority> open(
            const std::filesystem::path& folder, const Clock& clock);

    /// Its first name is the CN. Errors: invalid for a name that cannot be one, or that has a
    /// certificate already.
    [[nodiscard]] Result<IssuedCertificate> issue_server(const ServerRequest& request);
    /// All of them or, if one id cannot be used, none. In the order of the ids.
    [[nodiscard]] Result<std::vector<IssuedCertificate>> issue_devices(
            const DeviceRequest& request);
    /// A new certificate for the same key and names; the old one stays valid until it expires.
    /// Without `validity`: as long as a new one has.
    [[nodiscard]] Result<IssuedCertificate> renew(
            const std::string& name, std::optional<std::chrono::days> validity);
    /// Revokes every certificate of those names that is still valid, and writes a new CRL. Error:
    /// not_found when a name has none; nothing is revoked then.
    [[nodiscard]] Result<void> revoke(std::span<const std::string> names);
    /// In the order of issue.
    [[nodiscard]] Result<std::vector<IssuedCertificate>> list() const;

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] const x509_st* certificate() const { return certificate_.get(); }

  private:
    struct Draft;

    CertificateAuthority(std::filesystem::path folder, const Clock& clock)
        : folder_(std::move(folder)), clock_(&clock) {}

    [[nodiscard]] Result<void> check_free(std::span<const Draft> drafts) const;
    [[nodiscard]] Result<MadeCertificate> sign(const Draft& draft, evp_pkey_st* key) const;
    [[nodiscard]] Result<std::vector<IssuedCertificate>> issue(std::span<const Draft> drafts);
    [[nodiscard]] Result<void> write_list(std::span<const IssuedCertificate> all);

    CertificateFolder folder_;
    const Clock* clock_;
    Handle<x509_st> certificate_;
    Handle<evp_pkey_st> key_;
};

}  // namespace foz::tls
