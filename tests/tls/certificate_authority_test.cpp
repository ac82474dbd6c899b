// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_authority.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/child_process.h"
#include "tests/support/test_authority.h"
#include "tls/certificate_facts.h"
#include "tls/pem.h"

namespace foz::tls {
namespace {

using support::expect_value;
using support::key_of;
using support::TestAuthority;

CertificateFacts facts_in(const std::string& path) {
    return facts_of(expect_value(read_certificates(path, "certificate")).front().get());
}

mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
}

TEST(CertificateAuthority, makes_certificates_of_the_right_kind) {
    TestAuthority ca;
    const CertificateFacts own = facts_in(ca.ca());
    EXPECT_EQ(own.name, "test CA");
    EXPECT_TRUE(own.authority && own.self_signed);
    const CertificateFacts server = facts_in(ca.server({"broker.example"}, {"10.0.0.5", "::1"}));
    EXPECT_EQ(server.name, "broker.example");
    EXPECT_EQ(server.issuer, "test CA");
    EXPECT_EQ(server.names, (std::vector<std::string>{"broker.example", "10.0.0.5", "::1"}));
    EXPECT_TRUE(server.for_servers && !server.for_clients && !server.authority);
    const CertificateFacts device = facts_in(ca.device("esp32-1"));
    EXPECT_TRUE(device.for_clients && !device.for_servers && !device.authority);
    EXPECT_EQ(device.key, "EC P-256");
    EXPECT_EQ(device.serial.size(), 32U);
    EXPECT_NE(device.serial, server.serial);
}

TEST(CertificateAuthority, keeps_keys_to_the_owner) {
    TestAuthority ca;
    const std::string device = ca.device("esp32-1");
    EXPECT_EQ(mode_of(ca.path("")), 0700U);
    EXPECT_EQ(mode_of(ca.path("devices")), 0700U);
    EXPECT_EQ(mode_of(ca.path("ca.key")), 0600U);
    EXPECT_EQ(mode_of(key_of(device)), 0600U);
    EXPECT_EQ(mode_of(ca.path("index.txt")), 0600U);
    EXPECT_EQ(mode_of(device), 0644U);
}

TEST(CertificateAuthority, overwrites_nothing_unasked) {
    TestAuthority ca;
    const std::string before = support::content_of(ca.device("esp32-1"));
    DeviceRequest request;
    request.ids = {"esp32-0", "esp32-1"};
    const auto refused = ca.authority().issue_devices(request);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("\"esp32-1\" has a certificate already"),
            std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(ca.path("devices/esp32-0.crt"))) << "all or none";
    EXPECT_EQ(support::content_of(ca.path("devices/esp32-1.crt")), before);
    request.overwrite = true;
    EXPECT_TRUE(ca.authority().issue_devices(request));
    EXPECT_NE(support::content_of(ca.path("devices/esp32-1.crt")), before);
    const auto again = CertificateAuthority::create(ca.path(""), {}, ca.clock());
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("--force"), std::string::npos) << again.error().message;
}

TEST(CertificateAuthority, issues_nothing_that_outlives_it) {
    TestAuthority ca;
    const auto device = facts_in(ca.device("esp32-1", {.validity = std::chrono::days(36'500)}));
    EXPECT_EQ(device.not_after, facts_in(ca.ca()).not_after);
}

TEST(CertificateAuthority, takes_no_name_that_would_leave_its_folder) {
    TestAuthority ca;
    for (const std::string id :
            {"", "../x", "a/b", ".hidden", "a\nb", "a\tb", " a", "a\\b", "\xff\xfe"}) {
        DeviceRequest request;
        request.ids = {id};
        EXPECT_FALSE(ca.authority().issue_devices(request)) << id;
    }
    DeviceRequest long_name;
    long_name.ids = {std::string(65, 'x')};
    EXPECT_FALSE(ca.authority().issue_devices(long_name));
    long_name.ids = {std::string(64, 'x')};  // the length of AWS's registration codes
    EXPECT_TRUE(ca.authority().issue_devices(long_name));
    for (const char* name : {"a,b", "1.2.3.4,IP:5", "", "a b"}) {
        ServerRequest request;
        request.names = {name};
        EXPECT_FALSE(ca.authority().issue_server(request)) << name;
    }
}

TEST(CertificateAuthority, renews_for_the_same_key_and_names) {
    TestAuthority ca;
    const std::string path = ca.server({"broker.example"}, {"10.0.0.5"});
    const std::string key = support::content_of(key_of(path));
    const CertificateFacts before = facts_in(path);
    ca.clock().set(real_clock().system_now() + std::chrono::days(400));
    const auto renewed = ca.authority().renew("broker.example", std::nullopt);
    ASSERT_TRUE(renewed) << renewed.error().message;
    const CertificateFacts after = facts_in(path);
    EXPECT_EQ(after.names, before.names);
    EXPECT_NE(after.serial, before.serial);
    EXPECT_EQ(
            std::chrono::floor<std::chrono::days>(after.not_after - before.not_after).count(), 400);
    EXPECT_EQ(support::content_of(key_of(path)), key);
    EXPECT_FALSE(ca.authority().renew("nobody", std::nullopt));
    // Revoking the name revokes both.
    ca.revoke("broker.example");
    const auto all = expect_value(ca.authority().list());
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].status, CertificateStatus::revoked);
    EXPECT_EQ(all[1].status, CertificateStatus::revoked);
    EXPECT_FALSE(ca.authority().renew("broker.example", std::nullopt));
}

TEST(CertificateAuthority, revokes_all_names_or_none) {
    TestAuthority ca;
    ca.device("a");
    const std::vector<std::string> names = {"a", "nobody"};
    const auto refused = ca.authority().revoke(names);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "\"nobody\" has no valid certificate; nothing was revoked");
    EXPECT_EQ(expect_value(ca.authority().list())[0].status, CertificateStatus::valid);
}

TEST(CertificateAuthority, is_one_processs_at_a_time) {
    TestAuthority ca;
    const auto second = CertificateAuthority::open(ca.path(""), ca.clock());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
}

TEST(CertificateAuthority, is_found_again) {
    TestAuthority ca;
    ca.device("a");
    {
        const CertificateAuthority gone = std::move(ca.authority());
    }
    auto opened = CertificateAuthority::open(ca.path(""), ca.clock());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(expect_value(opened->list())[0].name, "a");
    const auto missing = CertificateAuthority::open(ca.path("nowhere"), ca.clock());
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("foz certs init"), std::string::npos);
}

}  // namespace
}  // namespace foz::tls
