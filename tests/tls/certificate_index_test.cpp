// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate_index.h"

#include <gtest/gtest.h>

namespace foz::tls {
namespace {

using namespace std::chrono_literals;

constexpr SystemTime kNow = std::chrono::sys_days(2026y / 11 / 22);

TEST(CertificateIndex, is_in_the_form_of_openssl) {
    IssuedCertificate issued;
    issued.name = "esp32-1";
    issued.serial = "4F0A";
    issued.file = "devices/esp32-1.crt";
    issued.not_after = std::chrono::sys_days(2036y / 2 / 29) + 23h + 59min + 58s;
    EXPECT_EQ(index_line(issued), "V\t360229235958Z\t\t4F0A\tdevices/esp32-1.crt\t/CN=esp32-1\n");
    issued.status = CertificateStatus::revoked;
    issued.revoked = kNow;
    issued.not_after = std::chrono::sys_days(2050y / 1 / 1);
    EXPECT_EQ(index_line(issued),
            "R\t20500101000000Z\t261122000000Z\t4F0A\tdevices/esp32-1.crt\t/CN=esp32-1\n");
}

TEST(CertificateIndex, is_read_back) {
    const auto all = parse_index(
            "V\t360229235958Z\t\t4F0A\tservers/broker.example.crt\t/CN=broker.example\n"
            "V\t250101000000Z\t\t4F0B\tdevices/a.crt\t/CN=a\n"
            "R\t20500101000000Z\t261122000000Z,keyCompromise\t4F0C\tunknown\t/C=PT/CN=b/OU=x\n",
            "index.txt", kNow);
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].name, "broker.example");
    EXPECT_EQ((*all)[0].kind, CertificateKind::server);
    EXPECT_EQ((*all)[0].status, CertificateStatus::valid);
    EXPECT_EQ((*all)[0].not_after, std::chrono::sys_days(2036y / 2 / 29) + 23h + 59min + 58s);
    EXPECT_EQ((*all)[1].status, CertificateStatus::expired);
    EXPECT_EQ((*all)[2].status, CertificateStatus::revoked);
    EXPECT_EQ((*all)[2].revoked, kNow);
    EXPECT_EQ((*all)[2].name, "b");
    EXPECT_EQ((*all)[2].not_after, std::chrono::sys_days(2050y / 1 / 1));
}

TEST(CertificateIndex, keeps_a_year_that_two_digits_do_not_tell) {
    for (const std::string_view line :
            {"V\t18500101000000Z\t\t4F\tf\t/CN=a\n", "V\t500101000000Z\t\t4F\tf\t/CN=a\n"}) {
        const auto all = parse_index(line, "index.txt", kNow);
        ASSERT_TRUE(all) << all.error().message;
        EXPECT_EQ(index_line(all->front()), line);
    }
}

TEST(CertificateIndex, names_a_line_that_is_none) {
    for (const char* line : {"x", "V\t36022923595Z\t\t4F\tf\t/CN=a",
             "V\t361329235958Z\t\t4F\tf\t/CN=a", "V\t99991231240000Z\t\t4F\tf\t/CN=a",
             "V\t360229236000Z\t\t4F\tf\t/CN=a", "V\t360229235960Z\t\t4F\tf\t/CN=a",
             "R\t360229235958Z\t\t4F\tf\t/CN=a", "Q\t360229235958Z\t\t4F\tf\t/CN=a",
             "V\t360229235958Z\t\t4F\tf\tnobody", "V\t360229235958Z\t\t\tf\t/CN=a"}) {
        const auto all = parse_index("\n" + std::string(line) + "\n", "index.txt", kNow);
        ASSERT_FALSE(all) << line;
        EXPECT_TRUE(all.error().message.starts_with("index.txt:2: ")) << all.error().message;
    }
}

}  // namespace
}  // namespace foz::tls
