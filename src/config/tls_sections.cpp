// SPDX-License-Identifier: Apache-2.0
// The keys of `tls = { ... }`, of a listener and of a broker that foz connects to.
#include "config/key_forms.h"
#include "config/sections.h"

namespace foz::config {
namespace {

using key::choice;
using key::list;
using key::text;
using std::string_view;

// In the order of ClientCertificate's enumerators.
constexpr string_view kClientCertificates[] = {"none", "optional", "required"};

constexpr Key<ServerTls> kServerTlsKeys[] = {
    key::required(text<&ServerTls::certificate>("certificate",
                          "PEM file with the listener's certificate, and after it those between it "
                          "and its CA."),
            "\"server.crt\""),
    key::required(text<&ServerTls::key>("key", "PEM file with the private key of `certificate`."),
            "\"server.key\""),
    text<&ServerTls::client_ca>("client_ca",
            "PEM file with the CA (or several) whose certificates clients may show. Who a client "
            "is, is then the CN of its certificate.",
            "\"ca.crt\""),
    text<&ServerTls::crl>("crl",
            "PEM file with the revocation list of `client_ca`: certificates in it are refused.",
            "\"crl.pem\""),
    choice<&ServerTls::client_certificate>("client_certificate", kClientCertificates,
            "Whether a client must show a certificate. Without this key: `required` if there is a "
            "`client_ca`, else `none`.",
            "\"required\""),
};

constexpr Key<ClientTls> kClientTlsKeys[] = {
    text<&ClientTls::ca>("ca",
            "PEM file with the CA that the broker's certificate must come from. Without it: those "
            "that the system trusts.",
            "\"AmazonRootCA1.pem\""),
    text<&ClientTls::certificate>("certificate",
            "PEM file with the certificate that foz shows; together with `key`.", "\"cert.crt\""),
    text<&ClientTls::key>(
            "key", "PEM file with the private key of `certificate`.", "\"private.pem.key\""),
    text<&ClientTls::crl>("crl",
            "PEM file with the revocation list of `ca`: a broker whose certificate is in it is "
            "refused.",
            "\"crl.pem\""),
    text<&ClientTls::server_name>("server_name",
            "The name that is asked for (SNI) and that the broker's certificate must have. Without "
            "it: the host of `url`.",
            "\"broker.example\""),
    list<&ClientTls::alpn>(KeyKind::names, "alpn",
            "Application protocols to offer: AWS IoT Core wants `x-amzn-mqtt-ca` on port 443.",
            "[\"x-amzn-mqtt-ca\"]"),
};

}  // namespace

std::span<const Key<ServerTls>> server_tls_keys() {
    return kServerTlsKeys;
}
std::span<const Key<ClientTls>> client_tls_keys() {
    return kClientTlsKeys;
}

}  // namespace foz::config
