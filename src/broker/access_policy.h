// SPDX-License-Identifier: Apache-2.0
// What a listener asks of a client before it lets it in: TLS, a certificate, a password. The files
// can be read again while foz runs: new connections meet the new ones.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/password_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "config/settings.h"
#include "tls/server_context.h"

namespace foz::broker {

/// Any thread.
class AccessPolicy {
  public:
    /// Reads the files. Errors name the file and say what to do.
    [[nodiscard]] static Result<std::unique_ptr<AccessPolicy>> open(
            const config::Listener& listener, SystemTime now);

    /// Null: plain TCP.
    [[nodiscard]] std::shared_ptr<const tls::ServerContext> tls() const {
        return tls_ ? tls_->current() : nullptr;
    }
    /// Null: nobody is asked for a password.
    [[nodiscard]] std::shared_ptr<const access::PasswordFile> passwords() const;

    /// Lets in who shows neither a certificate nor a password.
    [[nodiscard]] bool admits_anonymous() const { return admits_anonymous_; }

    /// Reads the files again. A file that cannot be used leaves the old one in force, and gives a
    /// line that says so.
    [[nodiscard]] std::vector<std::string> reload(SystemTime now);

    /// For the log: "MQTT over TLS on 0.0.0.0:8883; certificate ...".
    [[nodiscard]] std::string description(std::string_view address) const;

  private:
    explicit AccessPolicy(const config::Listener& listener);

    const std::string listener_;
    const std::optional<std::string> password_path_;
    const bool admits_anonymous_;
    std::optional<tls::ReloadableServerContext> tls_;
    mutable Mutex mutex_;
    std::shared_ptr<const access::PasswordFile> passwords_ FOZ_GUARDED_BY(mutex_);
};

}  // namespace foz::broker
