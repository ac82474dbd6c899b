// SPDX-License-Identifier: Apache-2.0
// What foz as a client says about the broker's certificate.
#include "tls/client_context.h"

#include <fstream>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/support/test_authority.h"
#include "tests/support/tls_client.h"
#include "tests/tls/tls_link.h"
#include "tls/peer_chain.h"

namespace foz::tls {
namespace {

using support::expect_value;
using support::key_of;
using support::TestAuthority;
using support::TlsClient;

class ClientContextTest : public testing::Test {
  protected:
    ClientContextTest() { server_.client_certificate = config::ClientCertificate::none; }

    /// What the client says after the handshake; "" when it is open.
    std::string outcome(std::string_view host) { return outcome(host, ca_.client_tls()); }
    std::string outcome(std::string_view host, const config::ClientTls& settings) {
        const auto context = expect_value(ServerContext::load(server_, real_clock().system_now()));
        client_ = std::make_unique<TlsClient>(settings, host);
        Link link(*context, *client_);
        link.settle();
        return client_->open() ? "" : client_->error();
    }

    TestAuthority ca_;
    config::ServerTls server_ = ca_.server_tls();
    std::unique_ptr<TlsClient> client_;
};

TEST_F(ClientContextTest, accepts_a_broker_by_each_name_and_address_of_its_certificate) {
    for (const char* host : {"broker.example", "localhost", "127.0.0.1"}) {
        EXPECT_EQ(outcome(host), "") << host;
    }
    EXPECT_STREQ(SSL_get_servername(client_->native(), TLSEXT_NAMETYPE_host_name), nullptr)
            << "SNI is not for addresses";
}

TEST_F(ClientContextTest, names_the_hosts_that_the_certificate_is_for) {
    for (const std::string host : {"other.example", "127.0.0.2", "[::1]"}) {
        const std::string error = outcome(host);
        EXPECT_NE(error.find("\"broker.example\""), std::string::npos) << error;
        EXPECT_NE(error.find("is for broker.example, localhost, 127.0.0.1, not for " + host + ": "),
                std::string::npos)
                << error;
    }
}

TEST_F(ClientContextTest, checks_the_server_name_instead_of_the_host) {
    config::ClientTls settings = ca_.client_tls();
    settings.server_name = "broker.example";
    EXPECT_EQ(outcome("10.1.2.3", settings), "");
    EXPECT_STREQ(
            SSL_get_servername(client_->native(), TLSEXT_NAMETYPE_host_name), "broker.example");
}

TEST_F(ClientContextTest, names_a_ca_that_is_not_trusted) {
    TestAuthority other("other CA");
    const std::string error = outcome("localhost", other.client_tls());
    EXPECT_NE(
            error.find(
                    "comes from the CA \"test CA\", which is not trusted here: set \"ca\" of tls"),
            std::string::npos)
            << error;
    const auto chain = peer_chain(client_->native());
    ASSERT_EQ(chain.size(), 1U) << "the chain is known after a failure too";
    EXPECT_EQ(chain[0].name, "broker.example");
    // Without "ca" the system's are trusted, which do not know this one either.
    EXPECT_NE(outcome("localhost", config::ClientTls()).find("not trusted"), std::string::npos);
}

TEST_F(ClientContextTest, names_another_ca_of_the_same_name) {
    TestAuthority same("test CA");
    const std::string error = outcome("localhost", same.client_tls());
    EXPECT_NE(error.find("not trusted here (another one of that name is, with another key)"),
            std::string::npos)
            << error;
}

TEST_F(ClientContextTest, names_a_broker_whose_certificate_has_expired) {
    server_.certificate = ca_.server(
            {"old.example"}, {}, {.ago = std::chrono::days(20), .validity = std::chrono::days(10)});
    server_.key = key_of(server_.certificate);
    const std::string error = outcome("old.example");
    EXPECT_TRUE(error.starts_with("the broker's certificate \"old.example\" (serial ")) << error;
    EXPECT_NE(error.find(") expired on "), std::string::npos) << error;
    EXPECT_NE(error.find("10 days ago"), std::string::npos) << error;
}

TEST_F(ClientContextTest, names_a_broker_whose_certificate_was_revoked) {
    config::ClientTls settings = ca_.client_tls();
    settings.crl = ca_.crl();
    EXPECT_EQ(outcome("localhost", settings), "");
    ca_.revoke("broker.example");
    const std::string error = outcome("localhost", settings);
    EXPECT_NE(error.find("was revoked by its CA"), std::string::npos) << error;
}

TEST_F(ClientContextTest, refuses_a_broker_with_a_clients_certificate) {
    server_.certificate = ca_.device("localhost");
    server_.key = key_of(server_.certificate);
    const std::string error = outcome("localhost");
    EXPECT_NE(error.find("not made for servers"), std::string::npos) << error;
}

TEST_F(ClientContextTest, names_what_speaks_no_tls) {
    TlsClient client(ca_.client_tls(), "localhost");
    client.step();
    client.receive(std::string_view("\x20\x02\0\x05", 4));
    client.receive("garbage");
    EXPECT_TRUE(client.failed());
    EXPECT_TRUE(client.error().starts_with("what answers there speaks no TLS")) << client.error();
}

TEST_F(ClientContextTest, tells_a_broker_that_says_nothing_from_one_that_hangs_up_later) {
    TlsClient silent(ca_.client_tls(), "localhost");
    silent.step();
    EXPECT_NE(explain_failure(silent.native(), 0, "localhost").find("instead of answering in TLS"),
            std::string::npos);
    TlsClient cut(ca_.client_tls(), "localhost");
    const auto context = expect_value(ServerContext::load(server_, real_clock().system_now()));
    Link link(*context, cut);
    cut.step();
    std::string plaintext(20'000 + ServerStream::kExtraRoom, '\0');
    (void)link.server.receive(cut.take_output(), plaintext, link.to_client);
    cut.receive(std::string_view(link.to_client).substr(0, link.to_client.size() - 1));
    ASSERT_FALSE(cut.open());
    EXPECT_NE(explain_failure(cut.native(), 0, "localhost").find("during the TLS handshake"),
            std::string::npos);
}

TEST_F(ClientContextTest, names_its_own_files_that_do_not_belong_together) {
    config::ClientTls settings = ca_.client_tls(ca_.device("esp32-1"));
    settings.key = key_of(ca_.device("esp32-2"));
    const auto loaded = ClientContext::load(settings, real_clock().system_now());
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message.find("is not the key of certificate"), std::string::npos);
}

TEST_F(ClientContextTest, warns_of_its_own_certificate_before_the_broker_refuses_it) {
    const auto settings = ca_.client_tls(ca_.device("esp32-1"));
    const auto later = real_clock().system_now() + std::chrono::days(20);
    const auto loaded = expect_value(ClientContext::load(settings, later));
    ASSERT_EQ(loaded->warnings().size(), 1U);
    EXPECT_NE(loaded->warnings()[0].find("devices/esp32-1.crt"), std::string::npos);
}

TEST_F(ClientContextTest, warns_of_old_certificates_in_a_bundle_only_when_it_has_no_others) {
    const auto later = real_clock().system_now() + std::chrono::days(60);
    config::ClientTls settings = ca_.client_tls();
    settings.ca = ca_.device("esp32-1");  // expired by then
    EXPECT_EQ(expect_value(ClientContext::load(settings, later))->warnings().size(), 1U);
    std::ofstream(*settings.ca, std::ios::app) << std::ifstream(ca_.ca()).rdbuf();
    EXPECT_TRUE(expect_value(ClientContext::load(settings, later))->warnings().empty());
}

TEST_F(ClientContextTest, offers_the_protocols_that_it_is_told) {
    config::ClientTls settings = ca_.client_tls();
    settings.alpn = {"x-amzn-mqtt-ca", "mqtt"};
    EXPECT_EQ(outcome("localhost", settings), "") << "a broker that knows no ALPN goes on";
    settings.alpn = {std::string(256, 'x')};
    EXPECT_FALSE(ClientContext::load(settings, real_clock().system_now()));
}

}  // namespace
}  // namespace foz::tls
