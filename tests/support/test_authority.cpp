// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_authority.h"

namespace foz::support {

namespace {

/// One that has been there for long enough that what it issued may have expired.
tls::CertificateAuthority make_authority(
        const std::filesystem::path& folder, const std::string& name, SetClock& clock) {
    tls::AuthorityRequest request;
    request.name = name;
    clock.set(real_clock().system_now() - std::chrono::days(1'000));
    auto made = expect_value(tls::CertificateAuthority::create(folder, request, clock));
    clock.set(real_clock().system_now());
    return made;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name)
    : folder_(directory_ / "certs"),
      clock_(real_clock().system_now()),
      authority_(make_authority(folder_, name, clock_)) {}

std::string TestAuthority::server(const std::vector<std::string>& names,
        const std::vector<std::string>& addresses, const Dates& dates) {
    tls::ServerRequest request;
    request.names = names;
    request.addresses = addresses;
    request.validity = dates.validity.value_or(request.validity);
    request.overwrite = true;
    clock_.set(real_clock().system_now() - dates.ago);
    const auto issued = expect_value(authority_.issue_server(request));
    clock_.set(real_clock().system_now());
    return path(issued.file);
}

std::string TestAuthority::device(const std::string& id, const Dates& dates) {
    constexpr std::chrono::days kUsual(30);
    tls::DeviceRequest request;
    request.ids = {id};
    request.validity = dates.validity.value_or(kUsual);
    request.overwrite = true;
    clock_.set(real_clock().system_now() - dates.ago);
    const auto issued = expect_value(authority_.issue_devices(request));
    clock_.set(real_clock().system_now());
    return path(issued.front().file);
}

void TestAuthority::revoke(const std::string& name) {
    expect_value(authority_.revoke({&name, 1}));
}

config::ServerTls TestAuthority::server_tls() {
    config::ServerTls settings;
    settings.certificate = server({"broker.example", "localhost"}, {"127.0.0.1"});
    settings.key = key_of(settings.certificate);
    settings.client_ca = ca();
    settings.crl = crl();
    return settings;
}

config::ClientTls TestAuthority::client_tls(const std::string& certificate) const {
    config::ClientTls settings;
    settings.ca = ca();
    if (!certificate.empty()) {
        settings.certificate = certificate;
        settings.key = key_of(certificate);
    }
    return settings;
}

std::string key_of(const std::string& certificate) {
    return std::filesystem::path(certificate).replace_extension(".key").string();
}

}  // namespace foz::support
