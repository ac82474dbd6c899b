// SPDX-License-Identifier: Apache-2.0
// A listener's locks, as they stand in the configuration: TLS, password file, and who may come in
// without either.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/settings_parser.h"
#include "tests/config/errors_of.h"

namespace foz::config {
namespace {

/// A listener at `address` with a second line.
Lines errors_of_listener(const std::string& address, const std::string& line) {
    return errors_of("[listener.a]\naddress = \"" + address + "\"\n" + line + "\n");
}

/// `tls` of a listener with server.crt, server.key and `rest`, in the second line.
Lines errors_of_tls(const std::string& rest) {
    return errors_of("[listener.a]\ntls = { certificate = \"server.crt\", key = \"server.key\"" +
                     rest + " }\n");
}

// The listener of the example in design.md.
TEST(ListenerSettings, take_tls_as_a_table_in_a_line_or_as_a_section) {
    const auto line = parse_settings(
            "[listener.devices]\naddress = \"0.0.0.0:8883\"\n"
            "tls = { certificate = \"server.crt\", key = \"server.key\", client_ca = \"ca.crt\" "
            "}\n",
            "foz.toml");
    ASSERT_TRUE(line) << line.error().lines.at(0);
    ServerTls expected;
    expected.certificate = "server.crt";
    expected.key = "server.key";
    expected.client_ca = "ca.crt";
    EXPECT_EQ(line->listeners.at(0).tls, expected);
    const auto section = parse_settings(
            "[listener.devices]\npassword_file = \"passwords\"\n[listener.devices.tls]\n"
            "certificate = \"server.crt\"\nkey = \"server.key\"\nclient_ca = \"ca.crt\"\n"
            "crl = \"crl.pem\"\nclient_certificate = \"optional\"\n",
            "foz.toml");
    ASSERT_TRUE(section) << section.error().lines.at(0);
    expected.crl = "crl.pem";
    expected.client_certificate = ClientCertificate::optional;
    EXPECT_EQ(section->listeners.at(0).tls, expected);
    EXPECT_EQ(section->listeners.at(0).password_file, "passwords");
}

TEST(ListenerSettings, need_a_certificate_and_its_key) {
    EXPECT_EQ(errors_of("[listener.a]\ntls = { certificate = \"server.crt\" }\n"),
            Lines{"foz.toml:2: tls of [listener.a] needs \"key\", such as key = \"server.key\""});
    EXPECT_EQ(errors_of("[listener.a]\ntls = { key = \"server.key\" }\n"),
            Lines{"foz.toml:2: tls of [listener.a] needs \"certificate\", such as certificate = "
                  "\"server.crt\""});
    EXPECT_EQ(errors_of("[listener.a]\ntls = true\n"),
            Lines{"foz.toml:2: \"tls\" in [listener.a] must be a table, such as tls = { ca = "
                  "\"ca.crt\" }; it is true"});
}

TEST(ListenerSettings, guess_what_a_mistyped_key_of_tls_was_meant_to_be) {
    EXPECT_EQ(errors_of_tls(", client_cert = \"required\""),
            Lines{"foz.toml:2: unknown key \"client_cert\" in tls of [listener.a]; did you mean "
                  "\"client_ca\"?"});
    EXPECT_EQ(errors_of_tls(", client_certificate = \"yes\""),
            Lines{"foz.toml:2: \"client_certificate\" in tls of [listener.a] must be \"none\", "
                  "\"optional\" or \"required\"; it is \"yes\""});
}

TEST(ListenerSettings, cannot_ask_for_certificates_of_no_ca) {
    EXPECT_EQ(errors_of_tls(", client_certificate = \"required\""),
            Lines{"foz.toml:2: \"client_certificate\" in tls of [listener.a] is of no use without "
                  "\"client_ca\"; add it or take \"client_certificate\" out"});
    EXPECT_EQ(errors_of_tls(", client_certificate = \"none\""), Lines());
    EXPECT_EQ(errors_of_tls(", client_ca = \"ca.crt\", client_certificate = \"none\""),
            Lines{"foz.toml:2: tls of [listener.a] has a \"client_ca\" and client_certificate = "
                  "\"none\"; take one of them out"});
    EXPECT_EQ(errors_of_tls(", crl = \"crl.pem\""),
            Lines{"foz.toml:2: \"crl\" in tls of [listener.a] is of no use without \"client_ca\"; "
                  "add it or take \"crl\" out"});
}

TEST(ListenerSettings, let_nobody_listen_to_the_world_without_a_lock) {
    const std::string tls = "tls = { certificate = \"c\", key = \"k\"";
    for (const std::string address : {"0.0.0.0:1883", "192.168.0.7:1883", "[::]:1883"}) {
        const Lines refused = {
            "foz.toml:2: [listener.a] listens on " + address +
            ", where other machines can reach it, and asks nobody who they are; add password_file "
            "(`foz passwd` makes one) or tls with client_ca (`foz certs`), or write "
            "allow_anonymous = true if anyone may publish, or use 127.0.0.1"};
        EXPECT_EQ(errors_of_listener(address, ""), refused);
        EXPECT_EQ(errors_of_listener(address, tls + " }"), refused) << "no client is known by it";
        EXPECT_EQ(errors_of_listener(address, "allow_anonymous = true"), Lines());
        EXPECT_EQ(errors_of_listener(address, "password_file = \"p\""), Lines());
        EXPECT_EQ(errors_of_listener(address, tls + ", client_ca = \"ca\" }"), Lines());
        EXPECT_EQ(errors_of_listener(address,
                          tls + ", client_ca = \"ca\", client_certificate = \"optional\" }"),
                Lines())
                << "who shows none is turned away at CONNECT";
    }
    EXPECT_EQ(errors_of_listener("127.1.2.3:1", ""), Lines());
    EXPECT_EQ(errors_of_listener("[::1]:0", ""), Lines());
}

TEST(ListenerSettings, find_their_files_beside_the_configuration) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                         ("foz-listener-test-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "foz.toml")
            << "[listener.a]\npassword_file = \"passwords\"\n"
               "tls = { certificate = \"server.crt\", key = \"/etc/foz/server.key\", client_ca = "
               "\"ca.crt\" }\n"
               "[source.s]\nurl = \"mqtts://broker.example\"\nsubscribe = [\"#\"]\n"
               "tls = { ca = \"root.pem\" }\n";
    const auto settings = load_settings(folder / "foz.toml");
    std::filesystem::remove_all(folder);
    ASSERT_TRUE(settings) << settings.error().lines.at(0);
    const Listener& listener = settings->listeners.at(0);
    EXPECT_EQ(listener.password_file, (folder / "passwords").string());
    EXPECT_EQ(listener.tls->certificate, (folder / "server.crt").string());
    EXPECT_EQ(listener.tls->client_ca, (folder / "ca.crt").string());
    EXPECT_EQ(listener.tls->key, "/etc/foz/server.key");
    EXPECT_EQ(settings->sources.at(0).remote.tls->ca, (folder / "root.pem").string());
    EXPECT_EQ(settings->data, "data") << "it starts where foz was started";
}

}  // namespace
}  // namespace foz::config
