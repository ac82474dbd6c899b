// SPDX-License-Identifier: Apache-2.0
#include "tests/tls/authority_under_test.h"

namespace foz::tls {

AuthorityUnderTest::AuthorityUnderTest(const std::string& name)
    : folder_(directory_ / "certs"), clock_(real_clock().system_now()) {
    AuthorityRequest request;
    request.name = name;
    clock_.set(real_clock().system_now() - std::chrono::days(1'000));
    authority_ = expect_value(CertificateAuthority::create(folder_, request, clock_));
    clock_.set(real_clock().system_now());
}

std::string AuthorityUnderTest::server(
    const std::vector<std::string>& names, const std::vector<std::string>& addresses
) {
    ServerRequest request;
    request.names = names;
    request.addresses = addresses;
    request.overwrite = true;
    return path(expect_value(authority_->issue_server(request)).file);
}

std::string AuthorityUnderTest::device(
    const std::string& id, std::chrono::days ago, std::chrono::days validity
) {
    clock_.set(real_clock().system_now() - ago);
    DeviceRequest request;
    request.ids = {id};
    request.validity = validity;
    request.overwrite = true;
    auto issued = expect_value(authority_->issue_devices(request));
    clock_.set(real_clock().system_now());
    return path(issued.front().file);
}

void AuthorityUnderTest::revoke(const std::string& name) {
    expect_value(authority_->revoke({&name, 1}));
}

config::ServerTls AuthorityUnderTest::server_tls() {
    config::ServerTls settings;
    settings.certificate = server({"broker.example", "localhost"}, {"127.0.0.1"});
    settings.key = key_of(settings.certificate);
    settings.client_ca = ca();
    settings.crl = crl();
    return settings;
}

config::ClientTls AuthorityUnderTest::client_tls(const std::string& certificate) const {
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

}  // namespace foz::tls
