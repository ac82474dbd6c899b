// SPDX-License-Identifier: Apache-2.0
// What the TLS connections of one listener have in common: certificate, key, and whom it trusts.
// TLS 1.2 and 1.3.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "config/settings.h"
#include "tls/handle.h"

namespace foz::tls {

/// Immutable; any thread.
class ServerContext {
  public:
    /// Reads the files. Errors are one line and say what to do: a file is missing or unreadable for
    /// this user, is not PEM, the key is encrypted or is not that of the certificate, the CRL is
    /// another CA's.
    [[nodiscard]] static Result<std::shared_ptr<const ServerContext>> load(
            const config::ServerTls& settings, SystemTime now);

    /// What does not stop foz, but may stop clients: the certificate has expired, will within two
    /// weeks, or is not yet valid; the CRL is out of date (its entries count all the same).
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    /// `certificate broker.example (...), valid until ...; clients must show a certificate`
    [[nodiscard]] const std::string& description() const { return description_; }
    [[nodiscard]] config::ClientCertificate client_certificate() const {
        return client_certificate_;
    }
    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

  private:
    ServerContext() = default;

    Handle<ssl_ctx_st> context_;
    config::ClientCertificate client_certificate_ = config::ClientCertificate::none;
    std::vector<std::string> warnings_;
    std::string description_;
};

/// The context that a listener's new connections get, replaced on SIGHUP while older connections go
/// on with theirs. Any thread.
class ReloadableServerContext {
  public:
    ReloadableServerContext(config::ServerTls settings, std::shared_ptr<const ServerContext> first)
        : settings_(std::move(settings)), current_(std::move(first)) {}

    [[nodiscard]] std::shared_ptr<const ServerContext> current() const;
    /// Reads the files again. After an error the old context stays in force. TLS sessions from
    /// before cannot be resumed after, so that a certificate revoked in a new CRL is out.
    [[nodiscard]] Result<void> reload(SystemTime now);

  private:
    const config::ServerTls settings_;
    mutable Mutex mutex_;
    std::shared_ptr<const ServerContext> current_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::tls
