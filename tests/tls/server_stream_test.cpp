// SPDX-License-Identifier: Apache-2.0
// Both ends of a TLS connection in memory: who is let in, who is not, and what each is told.
#include "tls/server_stream.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include "tests/support/child_process.h"
#include "tests/support/test_authority.h"
#include "tests/support/tls_client.h"
#include "tests/tls/tls_link.h"
#include "tls/peer_chain.h"

namespace foz::tls {
namespace {

using support::expect_value;
using support::TestAuthority;
using support::TlsClient;

using config::ClientCertificate;

class ServerStreamTest : public testing::Test {
  protected:
    [[nodiscard]] std::shared_ptr<const ServerContext> context() const {
        return expect_value(ServerContext::load(settings_, real_clock().system_now()));
    }
    /// Why the server refuses a client with that certificate; the client gets an alert.
    std::string refusal_of(const std::string& certificate, const TestAuthority& its_ca) {
        config::ClientTls settings = its_ca.client_tls(certificate);
        settings.ca = ca_.ca();
        TlsClient client(settings, "localhost");
        Link link(*context(), client);
        link.settle();
        EXPECT_EQ(link.server.state(), StreamState::failed);
        EXPECT_TRUE(client.failed()) << "the client was told nothing";
        client_error_ = client.error();
        return link.server.error();
    }

    TestAuthority ca_;
    config::ServerTls settings_ = ca_.server_tls();
    std::string client_error_;
};

TEST_F(ServerStreamTest, carries_bytes_both_ways) {
    TlsClient client(ca_.client_tls(ca_.device("esp32-1")), "localhost");
    Link link(*context(), client);
    link.settle();
    ASSERT_TRUE(client.open()) << client.error() << link.server.error();
    EXPECT_EQ(link.server.state(), StreamState::open);
    EXPECT_EQ(link.server.peer_name(), "esp32-1");
    EXPECT_EQ(link.server.protocol(), "TLSv1.3, TLS_AES_256_GCM_SHA384");
    client.write("CONNECT");
    link.settle();
    EXPECT_EQ(link.server_received, "CONNECT");
    const std::string large(200'000, 'x');
    link.server_sends(large);
    link.settle();
    EXPECT_EQ(client.received(), large);
    client.write(large);
    client.close();
    link.settle();
    EXPECT_EQ(link.server_received, "CONNECT" + large);
    EXPECT_EQ(link.server.state(), StreamState::closed);
}

TEST_F(ServerStreamTest, takes_bytes_in_pieces_of_any_size) {
    for (const std::size_t piece : {1, 3, 100, 5'000}) {
        TlsClient client(ca_.client_tls(ca_.device("esp32-1")), "localhost");
        Link link(*context(), client);
        link.settle(piece);
        ASSERT_TRUE(client.open()) << client.error();
        const std::string text(40'000, 'y');
        client.write(text);
        link.settle(piece);
        EXPECT_TRUE(link.server_received == text) << piece;
    }
}

TEST_F(ServerStreamTest, ends_in_order) {
    TlsClient client(ca_.client_tls(ca_.device("esp32-1")), "localhost");
    Link link(*context(), client);
    link.settle();
    link.server_sends("DISCONNECT");
    link.server.close(link.to_client);
    link.settle();
    EXPECT_EQ(client.received(), "DISCONNECT");
    EXPECT_TRUE(client.closed());
}

TEST_F(ServerStreamTest, refuses_a_client_without_a_certificate) {
    EXPECT_EQ(refusal_of("", ca_),
            "the client showed no certificate, and this listener requires one: `foz certs device` "
            "makes one");
    EXPECT_EQ(client_error_,
            "the broker wants a client certificate: set \"certificate\" and \"key\" of tls");
}

TEST_F(ServerStreamTest, lets_a_client_in_without_a_certificate_when_it_is_optional) {
    settings_.client_certificate = ClientCertificate::optional;
    TlsClient client(ca_.client_tls(), "localhost");
    Link link(*context(), client);
    link.settle();
    EXPECT_EQ(link.server.state(), StreamState::open);
    EXPECT_EQ(link.server.peer_name(), "");
}

TEST_F(ServerStreamTest, refuses_a_bad_certificate_also_when_it_is_optional) {
    settings_.client_certificate = ClientCertificate::optional;
    TestAuthority other("other CA");
    EXPECT_NE(refusal_of(other.device("esp32-1"), other).find("not trusted"), std::string::npos);
}

TEST_F(ServerStreamTest, names_a_certificate_that_has_expired) {
    const std::string reason =
            refusal_of(ca_.device("esp32-1", {.ago = std::chrono::days(40)}), ca_);
    EXPECT_TRUE(reason.starts_with("the client's certificate \"esp32-1\" (serial ")) << reason;
    EXPECT_NE(reason.find(") expired on "), std::string::npos) << reason;
    EXPECT_NE(reason.find("10 days ago"), std::string::npos) << reason;
    EXPECT_TRUE(client_error_.starts_with(
            "the broker says that foz's client certificate has expired: "))
            << client_error_;
}

TEST_F(ServerStreamTest, names_a_certificate_of_tomorrow) {
    const std::string reason =
            refusal_of(ca_.device("esp32-1", {.ago = std::chrono::days(-2)}), ca_);
    EXPECT_NE(reason.find("not valid before "), std::string::npos) << reason;
    EXPECT_NE(reason.find("clock"), std::string::npos) << reason;
}

TEST_F(ServerStreamTest, names_a_certificate_that_was_revoked) {
    const std::string certificate = ca_.device("esp32-1");
    ca_.revoke("esp32-1");
    const std::string reason = refusal_of(certificate, ca_);
    EXPECT_NE(reason.find("\"esp32-1\""), std::string::npos) << reason;
    EXPECT_NE(reason.find("was revoked by its CA"), std::string::npos) << reason;
    EXPECT_TRUE(client_error_.starts_with(
            "the broker says that foz's client certificate was revoked: "))
            << client_error_;
}

TEST_F(ServerStreamTest, names_the_ca_that_it_does_not_trust) {
    TestAuthority other("other CA");
    const std::string reason = refusal_of(other.device("esp32-1"), other);
    EXPECT_NE(reason.find("comes from the CA \"other CA\", which is not trusted here: put that "
                          "CA's certificate into client_ca"),
            std::string::npos)
            << reason;
    EXPECT_TRUE(client_error_.starts_with(
            "the broker does not trust the CA of foz's client certificate: "))
            << client_error_;
}

TEST_F(ServerStreamTest, refuses_the_certificate_of_a_server_as_a_clients) {
    const std::string reason = refusal_of(ca_.server({"other.example"}), ca_);
    EXPECT_NE(reason.find("not made for clients"), std::string::npos) << reason;
}

TEST_F(ServerStreamTest, does_not_listen_to_what_is_no_tls) {
    const std::pair<std::string_view, std::string_view> strangers[] = {
        {std::string_view("\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0", 14), "plain MQTT on a TLS "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP on an MQTT listener"},
        {"\x80hello", "no TLS: the client's first byte is 0x80"},
        {"\x16garbage garbage garbage", "what the client sent is no TLS"},
    };
    for (const auto& [bytes, reason] : strangers) {
        ServerStream stream = expect_value(ServerStream::create(*context()));
        std::string plaintext(20'000, '\0');
        std::string answer;
        const Received received = stream.receive(bytes, plaintext, answer);
        EXPECT_EQ(received.state, StreamState::failed);
        EXPECT_EQ(received.size, 0U);
        EXPECT_TRUE(stream.error().starts_with(reason)) << stream.error();
    }
}

TEST_F(ServerStreamTest, refuses_tls_1_1_with_the_alert_for_it) {
    Handle<SSL_CTX> old(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(old.get(), "DEFAULT@SECLEVEL=0");
    TlsClient client(std::move(old));
    Link link(*context(), client);
    link.settle();
    EXPECT_EQ(link.server.error(),
            "the client speaks TLS 1.1 or older, and foz takes 1.2 and 1.3: update the client");
    EXPECT_TRUE(client.failed());
    EXPECT_EQ(client.error(),
            "the broker speaks TLS 1.1 or older, and foz speaks 1.2 and 1.3: update the broker")
            << "the alert is protocol_version";
}

TEST_F(ServerStreamTest, speaks_tls_1_2) {
    settings_.client_certificate = ClientCertificate::none;
    Handle<SSL_CTX> twelve(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(twelve.get(), TLS1_2_VERSION);
    TlsClient client(std::move(twelve));
    Link link(*context(), client);
    link.settle();
    EXPECT_TRUE(client.open());
    EXPECT_TRUE(link.server.protocol().starts_with("TLSv1.2, ")) << link.server.protocol();
}

TEST_F(ServerStreamTest, says_what_the_client_thinks_of_its_certificate) {
    TestAuthority other("other CA");
    TlsClient client(other.client_tls(), "localhost");
    Link link(*context(), client);
    link.settle();
    EXPECT_EQ(link.server.error(),
            "the client does not trust the CA of this listener's certificate: give it the CA's "
            "certificate (ca.crt)");
}

TEST_F(ServerStreamTest, revokes_by_a_list_that_is_out_of_date_too) {
    // The list ends with the CA: a CA that has expired, but whose certificates are trusted.
    const std::string good = ca_.device("good");
    const std::string bad = ca_.device("bad");
    ca_.revoke("bad");
    support::run_to_end({"/bin/sh", "-c",
        "cd '" + ca_.path("") +
                "' && printf "
                "'[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index.txt\\ndefault_md=sha256\\n' >ca.conf "
                "&& openssl ca -config ca.conf -gencrl -crl_lastupdate 20200101000000Z "
                "-crl_nextupdate 20200201000000Z -keyfile ca.key -cert ca.crt -out crl.pem"});
    EXPECT_NE(refusal_of(bad, ca_).find("revoked"), std::string::npos);
    TlsClient client(ca_.client_tls(good), "localhost");
    Link link(*context(), client);
    link.settle();
    EXPECT_EQ(link.server.state(), StreamState::open) << link.server.error();
    ASSERT_EQ(context()->warnings().size(), 1U);
    EXPECT_NE(context()->warnings()[0].find("out of date"), std::string::npos);
}

TEST_F(ServerStreamTest, knows_the_chain_that_the_client_showed) {
    TlsClient client(ca_.client_tls(ca_.device("esp32-1")), "localhost");
    const auto server_context = context();
    Link link(*server_context, client);
    link.settle();
    const auto chain = peer_chain(client.native());
    ASSERT_EQ(chain.size(), 1U);
    EXPECT_EQ(chain[0].name, "broker.example");
    EXPECT_EQ(chain[0].issuer, "test CA");
    EXPECT_EQ(
            chain[0].names, (std::vector<std::string>{"broker.example", "localhost", "127.0.0.1"}));
    EXPECT_EQ(chain[0].key, "EC P-256");
    EXPECT_TRUE(describe(chain[0], real_clock().system_now())
                    .starts_with("broker.example (broker.example, localhost, 127.0.0.1) by \"test "
                                 "CA\", EC P-256, valid until "));
}

std::size_t memory_in_use() {
    return mallinfo2().uordblks;
}

TEST_F(ServerStreamTest, keeps_little_memory_while_it_is_idle) {
    constexpr std::size_t kConnections = 50;
    const auto shared = context();
    const std::string device = ca_.device("esp32-1");
    std::vector<ServerStream> streams;
    streams.reserve(kConnections);
    const std::size_t before = memory_in_use();
    for (std::size_t i = 0; i < kConnections; ++i) {
        TlsClient client(ca_.client_tls(device), "localhost");
        Link link(*shared, client);
        link.settle();
        client.write("CONNECT");
        link.settle();
        ASSERT_EQ(link.server_received, "CONNECT");
        streams.push_back(std::move(link.server));
    }
    const std::size_t each = (memory_in_use() - before) / kConnections;
    RecordProperty("bytes_for_each_idle_connection", static_cast<int>(each));
    std::printf("%zu bytes for each idle connection\n", each);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(each, 40U << 10);  // twice what it is, for other versions of OpenSSL
#endif
}

}  // namespace
}  // namespace foz::tls
