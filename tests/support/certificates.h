// SPDX-License-Identifier: Apache-2.0
// Throw-away certificates for tests, made in-process: a certificate authority with EC P-256 keys
// that issues server and client certificates as PEM files, also expired and revoked ones. Throws
// std::runtime_error when OpenSSL fails.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foz::support {

struct CertificateFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

struct CertificateRequest {
    std::string common_name;
    /// DNS names and IP addresses of a server; none: it is a client's certificate.
    std::vector<std::string> names;
    /// When it is valid, from now.
    std::chrono::seconds from{-3600};
    std::chrono::seconds until{24 * 3600};
};

/// One thread. Leaves its files where they are: give it a TemporaryDirectory.
class CertificateAuthority {
  public:
    /// Makes `folder`/`name`.crt and `name`.crl, which revokes nothing.
    explicit CertificateAuthority(std::filesystem::path folder, std::string name = "ca");
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    [[nodiscard]] std::filesystem::path certificate() const;
    /// Of all that were revoked so far.
    [[nodiscard]] std::filesystem::path crl() const;

    /// Makes `file`.crt and `file`.key beside the authority's own.
    CertificateFiles issue(std::string_view file, const CertificateRequest& request);
    void revoke(const CertificateFiles& files);

  private:
    struct Keys;
    void write_crl();

    std::filesystem::path folder_;
    std::string name_;
    std::unique_ptr<Keys> keys_;
    std::vector<long> revoked_;  // serial numbers
};

}  // namespace foz::support
