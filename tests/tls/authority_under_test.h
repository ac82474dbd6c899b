// SPDX-License-Identifier: Apache-2.0
// A certificate authority in a folder of its own, and a clock that stands where the test puts it.
// Throws std::runtime_error when something that should work does not.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tls/certificate_authority.h"

namespace foz::tls {

class SetClock final : public Clock {
  public:
    explicit SetClock(SystemTime time) : time_(time) {}
    void set(SystemTime time) { time_ = time; }
    [[nodiscard]] SystemTime system_now() const override { return time_; }
    [[nodiscard]] SteadyTime steady_now() const override { return {}; }

  private:
    SystemTime time_;
};

class AuthorityUnderTest {
  public:
    explicit AuthorityUnderTest(const std::string& name = "test CA");

    /// Makes a certificate that was issued `ago`; the path of its PEM file.
    std::string server(
        const std::vector<std::string>& names, const std::vector<std::string>& addresses = {}
    );
    std::string device(
        const std::string& id,
        std::chrono::days ago = {},
        std::chrono::days validity = std::chrono::days(30)
    );
    void revoke(const std::string& name);

    [[nodiscard]] std::string path(const std::string& file) const {
        return (folder_ / file).string();
    }
    [[nodiscard]] std::string ca() const { return path("ca.crt"); }
    [[nodiscard]] std::string crl() const { return path("crl.pem"); }
    [[nodiscard]] CertificateAuthority& authority() { return *authority_; }
    [[nodiscard]] SetClock& clock() { return clock_; }

    /// Of a listener for broker.example, localhost and 127.0.0.1 that requires certificates.
    [[nodiscard]] config::ServerTls server_tls();
    [[nodiscard]] config::ClientTls client_tls(const std::string& certificate = "") const;

  private:
    support::TemporaryDirectory directory_{"foz-tls"};
    std::filesystem::path folder_;
    SetClock clock_;
    std::optional<CertificateAuthority> authority_;
};

/// "x.crt" -> "x.key"
[[nodiscard]] std::string key_of(const std::string& certificate);

/// The value, or std::runtime_error with the message.
template <class T>
T expect_value(Result<T>&& result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    if constexpr (!std::is_void_v<T>) {
        return std::move(*result);
    }
}

}  // namespace foz::tls
