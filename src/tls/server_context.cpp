// SPDX-License-Identifier: Apache-2.0
#include "tls/server_context.h"

#include <openssl/ssl.h>

#include "base/check.h"
#include "tls/trust.h"
#include "tls/verification.h"

namespace foz::tls {
namespace {

using config::ClientCertificate;

int verify_mode(ClientCertificate wanted) {
    switch (wanted) {
        case ClientCertificate::none: return SSL_VERIFY_NONE;
        case ClientCertificate::optional: return SSL_VERIFY_PEER;
        case ClientCertificate::required: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_NONE;
}

std::string_view shown(ClientCertificate wanted) {
    switch (wanted) {
        case ClientCertificate::none: return "clients need no certificate";
        case ClientCertificate::optional: return "clients may show a certificate";
        case ClientCertificate::required: return "clients must show a certificate";
    }
    return "";
}

}  // namespace

Result<std::shared_ptr<const ServerContext>> ServerContext::load(
        const config::ServerTls& settings, SystemTime now) {
    std::shared_ptr<ServerContext> made(new ServerContext());
    made->context_ = make_context(true);
    SSL_CTX* const context = made->context_.get();
    const auto own = use_identity(context, settings.certificate, settings.key);
    if (!own) {
        return std::unexpected(own.error());
    }
    warn_of_dates(*own, settings.certificate, now, made->warnings_);
    if (!own->for_servers) {
        made->warnings_.push_back(
                fmt::format("certificate {} (\"{}\") is not made for servers: clients will refuse "
                            "it; `foz certs server` makes one",
                        settings.certificate, own->name));
    }
    made->client_certificate_ = settings.client_certificate.value_or(
            settings.client_ca ? ClientCertificate::required : ClientCertificate::none);
    if (settings.client_ca) {
        const TrustFiles trusted{"client_ca", *settings.client_ca, settings.crl};
        auto used = use_trust(context, trusted, now, made->warnings_);
        if (!used) {
            return pass_on(used);
        }
    }
    SSL_CTX_set_verify(context, verify_mode(made->client_certificate_), remember_verification);
    constexpr unsigned char kSessions[] = "foz";  // tickets of this context, and no other's
    FOZ_CHECK(SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions) == 1);
    FOZ_CHECK(SSL_CTX_set_num_tickets(context, 1) == 1);
    made->description_ = fmt::format(
            "certificate {}; {}", describe(*own, now), shown(made->client_certificate_));
    return made;
}

std::shared_ptr<const ServerContext> ReloadableServerContext::current() const {
    const MutexLock lock(mutex_);
    return current_;
}

Result<void> ReloadableServerContext::reload(SystemTime now) {
    auto loaded = ServerContext::load(settings_, now);
    if (!loaded) {
        return pass_on(loaded);
    }
    const MutexLock lock(mutex_);
    current_ = std::move(*loaded);
    return {};
}

}  // namespace foz::tls
