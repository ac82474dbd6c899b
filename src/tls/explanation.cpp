// SPDX-License-Identifier: Apache-2.0
// What OpenSSL's errors mean for the person who has to do something about them.
#include <span>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls/client_context.h"
#include "tls/openssl_error.h"
#include "tls/verification.h"

namespace foz::tls {
namespace {

using std::string_view;

struct Explanation {
    int reason = 0;
    string_view text;
};

constexpr int alert(int description) {
    return SSL_AD_REASON_OFFSET + description;
}

// What a client said about foz's listener before it went away.
constexpr Explanation kOfListeners[] = {
    {alert(SSL_AD_UNKNOWN_CA),
        "the client does not trust the CA of this listener's certificate: give it the CA's "
        "certificate (ca.crt)"},
    {alert(SSL_AD_BAD_CERTIFICATE),
        "the client refuses this listener's certificate: is the name by which it connects in the "
        "certificate?"},
    {alert(SSL_AD_CERTIFICATE_EXPIRED),
        "the client says that this listener's certificate has expired: renew it, or set the "
        "client's clock"},
    {alert(SSL_AD_CERTIFICATE_UNKNOWN),
        "the client refuses this listener's certificate: is the name by which it connects in the "
        "certificate, and does it have the CA's?"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
        "the client showed no certificate, and this listener requires one: `foz certs device` "
        "makes one"},
    {SSL_R_NO_SHARED_CIPHER, "the client has no cipher in common with this listener"},
    {SSL_R_UNSUPPORTED_PROTOCOL,
        "the client speaks TLS 1.1 or older, and foz takes 1.2 and 1.3: update the client"},
    {SSL_R_VERSION_TOO_LOW,
        "the client speaks TLS 1.1 or older, and foz takes 1.2 and 1.3: update the client"},
    {SSL_R_WRONG_VERSION_NUMBER, "what the client sent is no TLS"},
    {SSL_R_HTTP_REQUEST, "what the client sent is HTTP, not TLS"},
};

constexpr string_view kNoTlsThere =
        "what answers there speaks no TLS: is it the right port (MQTT over TLS is mostly on 8883), "
        "or should the url begin with mqtt:// or ws:// ?";

// What a broker said about foz, or what foz found.
constexpr Explanation kOfBrokers[] = {
    {alert(SSL_AD_CERTIFICATE_REQUIRED),
        "the broker wants a client certificate: set \"certificate\" and \"key\" of tls"},
    {alert(SSL_AD_HANDSHAKE_FAILURE),
        "the broker refused the handshake: it may want a client certificate (\"certificate\" and "
        "\"key\" of tls), or has no cipher in common with foz"},
    {alert(SSL_AD_UNKNOWN_CA),
        "the broker does not trust the CA of foz's client certificate: give the broker that CA's "
        "certificate, or foz a certificate of a CA that the broker trusts"},
    {alert(SSL_AD_BAD_CERTIFICATE),
        "the broker refuses foz's client certificate: is it registered and activated there, and "
        "the one that it wants?"},
    {alert(SSL_AD_CERTIFICATE_UNKNOWN),
        "the broker refuses foz's client certificate: is it registered and activated there?"},
    {alert(SSL_AD_UNSUPPORTED_CERTIFICATE),
        "the broker refuses this kind of client certificate: it must be one for clients"},
    {alert(SSL_AD_CERTIFICATE_EXPIRED),
        "the broker says that foz's client certificate has expired: renew \"certificate\" of tls, "
        "or set the broker's clock"},
    {alert(SSL_AD_CERTIFICATE_REVOKED),
        "the broker says that foz's client certificate was revoked: \"certificate\" and \"key\" of "
        "tls must be new ones"},
    {alert(SSL_AD_DECRYPT_ERROR),
        "the broker could not verify foz's signature: is \"key\" of tls that of \"certificate\"?"},
    {alert(SSL_AD_ACCESS_DENIED), "the broker denies access to foz's client certificate"},
    {alert(SSL_AD_PROTOCOL_VERSION),
        "the broker speaks TLS 1.1 or older, and foz speaks 1.2 and 1.3: update the broker"},
    {alert(SSL_AD_UNRECOGNIZED_NAME), "the broker does not know the name that foz asked for"},
    {alert(SSL_AD_NO_APPLICATION_PROTOCOL),
        "the broker takes none of the protocols in \"alpn\" of tls"},
    {SSL_R_UNSUPPORTED_PROTOCOL,
        "the broker speaks TLS 1.1 or older, and foz speaks 1.2 and 1.3: update the broker"},
    {SSL_R_WRONG_SSL_VERSION,
        "the broker speaks TLS 1.1 or older, and foz speaks 1.2 and 1.3: update the broker"},
    {SSL_R_WRONG_VERSION_NUMBER, kNoTlsThere},
    {SSL_R_PACKET_LENGTH_TOO_LONG, kNoTlsThere},
};

string_view found(std::span<const Explanation> explanations, int reason) {
    for (const Explanation& explanation : explanations) {
        if (explanation.reason == reason) {
            return explanation.text;
        }
    }
    return "";
}

std::string connection_ended(const ssl_st* connection, Role role) {
    if (SSL_is_init_finished(connection) != 0) {
        return role == Role::server ? "the client ended the connection"
                                    : "the broker ended the connection";
    }
    if (role == Role::server) {
        return "the client ended the connection during the TLS handshake without saying why: does "
               "it have the CA's certificate, and the right time?";
    }
    if (SSL_get_state(connection) == TLS_ST_CW_CLNT_HELLO) {  // nothing has come yet
        return "the broker ended the connection instead of answering in TLS: is it the right port "
               "(MQTT over TLS is mostly on 8883), or should the url begin with mqtt:// or ws:// ?";
    }
    return "the broker ended the connection during the TLS handshake without saying why: if it "
           "wants client certificates, is foz's registered and activated there?";
}

}  // namespace

std::string explain_error(
        const ssl_st* connection, unsigned long openssl_error, Role role, string_view host) {
    const int reason = ERR_GET_REASON(openssl_error);
    if (openssl_error == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return connection_ended(connection, role);
    }
    const FailedVerification* failed = failed_verification(connection);
    if (failed != nullptr && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return explain_verification(*failed, role, host, real_clock().system_now());
    }
    const std::span<const Explanation> known =
            role == Role::server ? std::span<const Explanation>(kOfListeners) : kOfBrokers;
    if (const string_view text = found(known, reason); !text.empty()) {
        return std::string(text);
    }
    return fmt::format("TLS failed: {}", openssl_reason(openssl_error));
}

std::string explain_failure(
        const ssl_st* connection, unsigned long openssl_error, string_view host) {
    return explain_error(connection, openssl_error, Role::client, host);
}

}  // namespace foz::tls
