// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests: foz's own, in a folder of its own, with a clock that stands
// where the test puts it, so that what it issues may have expired. Throws std::runtime_error when
// something that should work does not.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "tests/support/temporary_directory.h"
#include "tls/certificate_authority.h"

namespace foz::support {

class SetClock final : public Clock {
  public:
    explicit SetClock(SystemTime time) : time_(time) {}
    void set(SystemTime time) { time_ = time; }
    [[nodiscard]] SystemTime system_now() const override { return time_; }
    [[nodiscard]] SteadyTime steady_now() const override { return {}; }

  private:
    SystemTime time_;
};

/// When a certificate was issued, and for how long. Absent: as `foz certs server` does, and 30 days
/// for a device.
struct Dates {
    std::chrono::days ago{0};
    std::optional<std::chrono::days> validity;
};

class TestAuthority {
  public:
    explicit TestAuthority(const std::string& name = "test CA");
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    /// Makes a certificate; the path of its PEM file. key_of() is the key's.
    std::string server(const std::vector<std::string>& names,
            const std::vector<std::string>& addresses = {}, const Dates& dates = {});
    std::string device(const std::string& id, const Dates& dates = {});
    /// Every certificate of that name; crl() lists it then.
    void revoke(const std::string& name);

    [[nodiscard]] std::string path(const std::string& file) const {
        return (folder_ / file).string();
    }
    [[nodiscard]] std::string ca() const { return path("ca.crt"); }
    [[nodiscard]] std::string crl() const { return path("crl.pem"); }
    [[nodiscard]] tls::CertificateAuthority& authority() { return authority_; }
    [[nodiscard]] SetClock& clock() { return clock_; }

    /// Of a listener for broker.example, localhost and 127.0.0.1 that requires certificates.
    [[nodiscard]] config::ServerTls server_tls();
    [[nodiscard]] config::ClientTls client_tls(const std::string& certificate = "") const;

  private:
    support::TemporaryDirectory directory_{"foz-tls"};
    std::filesystem::path folder_;
    SetClock clock_;
    tls::CertificateAuthority authority_;
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

}  // namespace foz::support
