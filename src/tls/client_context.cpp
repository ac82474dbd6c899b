// SPDX-License-Identifier: Apache-2.0
#include "tls/client_context.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "tls/openssl_error.h"
#include "tls/trust.h"
#include "tls/verification.h"

namespace foz::tls {
namespace {

bool is_address(const std::string& host) {
    in6_addr parsed{};
    return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

/// Each name behind a byte with its length [RFC 7301, 3.1].
Result<std::string> alpn_bytes(const std::vector<std::string>& names) {
    constexpr std::size_t kNameBytesMax = 255;
    std::string bytes;
    for (const std::string& name : names) {
        if (name.empty() || name.size() > kNameBytesMax) {
            return fail(ErrorCode::invalid, "a name in \"alpn\" of tls must have 1 to 255 bytes");
        }
        bytes += static_cast<char>(name.size());
        bytes += name;
    }
    return bytes;
}

Result<void> use_alpn(SSL_CTX* context, const std::vector<std::string>& names) {
    const auto bytes = alpn_bytes(names);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    const auto* data = reinterpret_cast<const unsigned char*>(bytes->data());
    // 0 is success here, unlike elsewhere in OpenSSL.
    FOZ_CHECK(bytes->empty() ||
              SSL_CTX_set_alpn_protos(context, data, static_cast<unsigned>(bytes->size())) == 0);
    return {};
}

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::load(
        const config::ClientTls& settings, SystemTime now) {
    const std::shared_ptr<ClientContext> made(new ClientContext());
    made->context_ = make_context(false);
    made->server_name_ = settings.server_name.value_or("");
    SSL_CTX* const context = made->context_.get();
    if (settings.certificate && settings.key) {
        const auto own = use_identity(context, *settings.certificate, *settings.key);
        if (!own) {
            return std::unexpected(own.error());
        }
        warn_of_dates(*own, *settings.certificate, now, made->warnings_);
    }
    if (settings.ca) {
        auto used = use_trust(context, {"ca", *settings.ca, settings.crl}, now, made->warnings_);
        if (!used) {
            return pass_on(used);
        }
    } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
        return fail(ErrorCode::io,
                "the certificates that the system trusts cannot be read: {}; install "
                "ca-certificates, or set \"ca\" of tls",
                take_openssl_reason());
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, remember_verification);
    if (auto used = use_alpn(context, settings.alpn); !used) {
        return pass_on(used);
    }
    return made;
}

Result<void> ClientContext::prepare(ssl_st* connection, std::string_view host) const {
    std::string name = server_name_.empty() ? std::string(host) : server_name_;
    if (name.starts_with('[') && name.ends_with(']')) {
        name = name.substr(1, name.size() - 2);
    }
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(connection);
    bool done = false;
    if (is_address(name)) {
        done = X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
    } else {
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        done = !name.empty() && SSL_set1_host(connection, name.c_str()) == 1 &&
               SSL_set_tlsext_host_name(connection, name.c_str()) == 1;
    }
    if (!done) {
        return fail(ErrorCode::invalid, "\"{}\" is no name that a certificate can be for", name);
    }
    return {};
}

}  // namespace foz::tls
