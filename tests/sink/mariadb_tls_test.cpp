// SPDX-License-Identifier: Apache-2.0
// Connections to MariaDB: encrypted, and to one of several hosts.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mysql.h>
#include <netinet/in.h>

#include "sink/clear_text.h"
#include "sink/mariadb/mariadb_sink.h"
#include "tests/sink/batch_fixture.h"
#include "tests/sink/mariadb_under_test.h"
#include "tests/support/server_template.h"
#include "tests/support/test_authority.h"

namespace foz::sink::mariadb {
namespace {

using testing::HasSubstr;

/// Copies that mariadbd can read.
class ServerFiles {
  public:
    ServerFiles(support::TestAuthority& authority, const std::string& certificate) {
        for (const auto& [from, to] : {
                 std::pair(authority.ca(), "ca.pem"),
                 std::pair(certificate, "cert.pem"),
                 std::pair(support::key_of(certificate), "key.pem"),
             }) {
            std::filesystem::copy_file(from, directory_ / to);
        }
        support::give_to(directory_.path(), "mysql");
    }
    [[nodiscard]] std::vector<std::string> options() const {
        return {
            "--ssl-ca=" + (directory_ / "ca.pem").string(),
            "--ssl-cert=" + (directory_ / "cert.pem").string(),
            "--ssl-key=" + (directory_ / "key.pem").string(),
        };
    }

  private:
    support::TemporaryDirectory directory_;
};

class MariadbTls : public testing::Test {
  protected:
    MariadbTls()
        : files_(authority_, authority_.server({"localhost"}, {"127.0.0.1"})),
          server_(files_.options()) {
        server_.start();
    }

    /// "ok", or the error.
    std::string connect(const std::string& options, const std::string& user = "foz") {
        std::string url = server_.url() + options;
        url.replace(url.find("//foz:foz"), 9, "//" + user + ":foz");
        const auto mapping = mapping_of({{"r", "t", {{"v", "double"}}, {}}});
        auto sink = kind().make({.url = url, .password = ""});
        if (!sink) return sink.error().message;
        const auto connected = (*sink)->connect({"journal", "main-0"}, mapping);
        if (!connected) return connected.error().message;
        return "ok";
    }
    void want_tls(const std::string& user, const std::string& requirement) {
        server_.query("CREATE USER " + user + "@'%' IDENTIFIED BY 'foz' REQUIRE " + requirement +
                      "; GRANT ALL ON *.* TO " + user + "@'%'");
    }

    support::TestAuthority authority_;
    ServerFiles files_;
    support::MariadbServer server_;
};

TEST_F(MariadbTls, is_used_as_the_url_says) {
    want_tls("careful", "SSL");
    EXPECT_EQ(connect("?ssl-mode=required", "careful"), "ok");
    EXPECT_THAT(connect("?ssl-mode=preferred", "careful"), "ok");
    EXPECT_THAT(connect("?ssl-ca=" + authority_.ca(), "careful"), "ok");
    EXPECT_THAT(connect("?ssl-mode=verify-ca&ssl-ca=" + authority_.ca(), "careful"), "ok");
    // On loopback there is none unless it is asked for.
    EXPECT_THAT(connect("", "careful"), HasSubstr("add ssl-mode=required to the url"));
    EXPECT_THAT(connect("?ssl-mode=disabled", "careful"), HasSubstr("REQUIRE SSL"));
    EXPECT_THAT(connect(""), "ok");
}

TEST_F(MariadbTls, shows_a_certificate_of_its_own) {
    want_tls("known", "X509");
    const std::string own = authority_.device("foz");
    EXPECT_THAT(connect("?ssl-ca=" + authority_.ca() + "&ssl-cert=" + own +
                                "&ssl-key=" + support::key_of(own),
                        "known"),
            "ok");
    EXPECT_THAT(connect("?ssl-mode=required", "known"), HasSubstr("Access denied"));
}

TEST_F(MariadbTls, refuses_a_server_that_is_not_the_one_meant) {
    const support::TestAuthority other("another CA");
    EXPECT_THAT(connect("?ssl-ca=" + other.ca()),
            HasSubstr("is the server's certificate from the CA of ssl-ca, valid now, and made for "
                      "the name \"127.0.0.1\"?"));
    EXPECT_THAT(connect("?ssl-mode=verify-identity"), HasSubstr("else set ssl-ca"));
    EXPECT_THAT(connect("?ssl-ca=/nowhere/ca.crt"),
            HasSubstr("ssl-ca of the database URL, /nowhere/ca.crt, cannot be read: No such file"));
}

TEST_F(MariadbTls, refuses_a_certificate_for_another_name) {
#ifdef MARIADB_TLS_VERIFY_OK
    GTEST_SKIP() << "libmariadb 3.4 does not compare the name of a server on this machine";
#endif
    const ServerFiles files(authority_, authority_.server({"db.example"}));
    support::MariadbServer elsewhere(files.options());
    elsewhere.start();
    const auto mapping = mapping_of({{"r", "t", {{"v", "double"}}, {}}});
    auto sink =
            *kind().make({.url = elsewhere.url() + "?ssl-ca=" + authority_.ca(), .password = ""});
    const auto connected = sink->connect({"journal", "main-0"}, mapping);
    ASSERT_FALSE(connected);
    EXPECT_THAT(connected.error().message, HasSubstr("made for the name \"127.0.0.1\"?"));
    EXPECT_EQ(connected.error().failure, FailureKind::retry);
}

TEST(MariadbWithoutTls, is_refused_where_the_url_wants_it) {
    support::MariadbServer server({"--skip-ssl"});
    server.start();
    const auto mapping = mapping_of({{"r", "t", {{"v", "double"}}, {}}});
    const auto error = [&](const std::string& options) {
        auto sink = *kind().make({.url = server.url() + options, .password = ""});
        const auto connected = sink->connect({"journal", "main-0"}, mapping);
        return connected ? "" : connected.error().message;
    };
    EXPECT_THAT(error("?ssl-mode=required"), HasSubstr("does not offer TLS"));
    EXPECT_EQ(error("?ssl-mode=preferred"), "");
    EXPECT_EQ(error(""), "");
}

class SeveralHosts : public testing::Test {
  protected:
    SeveralHosts() {
        first_.start();
        second_.start();
    }
    [[nodiscard]] std::string url(const std::string& before = "") const {
        return fmt::format("mariadb://foz:foz@{}127.0.0.1:{},127.0.0.1:{}/foz", before,
                first_.port(), second_.port());
    }
    /// Where a row written now would go: "first", "second", or the error.
    std::string connect(Sink& sink) {
        const auto connected = sink.connect({"journal", "main-0"}, mapping_);
        if (!connected) return connected.error().message;
        const auto written = BatchUnderTest().add({real(1)}).write_to(sink);
        if (!written) return written.error().message;
        const auto rows = [](support::MariadbServer& server) {
            return server.running() &&
                   server.query(
                           "SELECT count(*) FROM information_schema.tables WHERE table_name = 't' "
                           "AND table_schema = 'foz'") == "1" &&
                   server.query("SELECT count(*) FROM t") != "0";
        };
        const std::string found = rows(first_) ? "first" : rows(second_) ? "second" : "nowhere";
        return found;
    }

    support::MariadbServer first_;
    support::MariadbServer second_;
    mapping::Mapping mapping_ = mapping_of({{"r", "t", {{"v", "double"}}, {}}});
};

TEST_F(SeveralHosts, are_tried_in_order) {
    // Port 1 is closed.
    auto sink = *kind().make({.url = url("127.0.0.1:1,"), .password = ""});
    EXPECT_EQ(connect(*sink), "first");
}

TEST_F(SeveralHosts, are_left_for_the_next_while_they_are_read_only) {
    first_.query("SET GLOBAL read_only = 1");
    auto sink = *kind().make({.url = url(), .password = ""});
    EXPECT_EQ(connect(*sink), "second");
    second_.query("SET GLOBAL read_only = 1");
    const auto refused = BatchUnderTest(1).add({real(2)}).write_to(*sink);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().failure, FailureKind::reconnect) << refused.error().message;
    EXPECT_THAT(connect(*sink),
            HasSubstr(fmt::format("none of the database's hosts can be written to: 127.0.0.1:{}: "
                                  "is read-only; 127.0.0.1:{}: is read-only",
                    first_.port(), second_.port())));
    first_.query("SET GLOBAL read_only = 0");
    EXPECT_EQ(connect(*sink), "first");
}

TEST_F(SeveralHosts, are_all_named_with_their_errors_when_none_answers) {
    first_.stop();
    second_.stop();
    auto sink = *kind().make({.url = url(), .password = ""});
    const std::string error = connect(*sink);
    EXPECT_THAT(error, HasSubstr(fmt::format("127.0.0.1:{}: ", first_.port())));
    EXPECT_THAT(error, HasSubstr(fmt::format("127.0.0.1:{}: ", second_.port())));
    EXPECT_EQ(error.find("foz:foz"), std::string::npos);
}

TEST(ClearText, is_what_leaves_loopback) {
    EXPECT_TRUE(is_loopback_name("localhost") && is_loopback_name("127.0.0.1") &&
                is_loopback_name("::1"));
    EXPECT_FALSE(is_loopback_name("db.example") || is_loopback_name("10.0.0.1"));
    const auto leaves_v4 = [](std::uint32_t host) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(host);
        return is_beyond_loopback(reinterpret_cast<const sockaddr&>(address));
    };
    EXPECT_FALSE(leaves_v4(0x7F000001));
    EXPECT_FALSE(leaves_v4(0x7F010203));
    EXPECT_TRUE(leaves_v4(0x0A000001));
    const auto leaves_v6 = [](const in6_addr& host) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = host;
        return is_beyond_loopback(reinterpret_cast<const sockaddr&>(address));
    };
    in6_addr mapped{};
    mapped.s6_addr[10] = mapped.s6_addr[11] = 0xFF;
    mapped.s6_addr[12] = 127;
    EXPECT_FALSE(leaves_v6(in6addr_loopback));
    EXPECT_FALSE(leaves_v6(mapped));
    mapped.s6_addr[12] = 10;
    EXPECT_TRUE(leaves_v6(mapped));
    EXPECT_FALSE(is_beyond_loopback(-1));
}

}  // namespace
}  // namespace foz::sink::mariadb
