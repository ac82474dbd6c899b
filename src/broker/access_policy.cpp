// SPDX-License-Identifier: Apache-2.0
#include "broker/access_policy.h"

#include "base/log.h"

namespace foz::broker {
namespace {

bool asks_for_something(const config::Listener& listener) {
    return listener.password_file.has_value() || (listener.tls && listener.tls->client_ca);
}

}  // namespace

AccessPolicy::AccessPolicy(const config::Listener& listener)
    : listener_(listener.name),
      password_path_(listener.password_file),
      admits_anonymous_(listener.allow_anonymous || !asks_for_something(listener)) {}

Result<std::unique_ptr<AccessPolicy>> AccessPolicy::open(
        const config::Listener& listener, SystemTime now) {
    std::unique_ptr<AccessPolicy> policy(new AccessPolicy(listener));
    const auto failed = [&](const Error& error) {
        return fail(error.code, "listener {}: {}", listener.name, error.message);
    };
    if (listener.tls) {
        auto context = tls::ServerContext::load(*listener.tls, now);
        if (!context) {
            return failed(context.error());
        }
        for (const std::string& warning : (*context)->warnings()) {
            spdlog::warn("listener {}: {}", listener.name, warning);
        }
        policy->tls_.emplace(*listener.tls, *std::move(context));
    }
    if (listener.password_file) {
        auto passwords = access::PasswordFile::load(*listener.password_file);
        if (!passwords) {
            return failed(passwords.error());
        }
        const MutexLock lock(policy->mutex_);
        policy->passwords_ = *std::move(passwords);
    }
    return policy;
}

std::shared_ptr<const access::PasswordFile> AccessPolicy::passwords() const {
    const MutexLock lock(mutex_);
    return passwords_;
}

std::vector<std::string> AccessPolicy::reload(SystemTime now) {
    std::vector<std::string> lines;
    if (tls_) {
        if (auto reloaded = tls_->reload(now); !reloaded) {
            lines.push_back(
                    fmt::format("{}; the certificates from before stay", reloaded.error().message));
        } else {
            const auto& warnings = tls_->current()->warnings();
            lines.insert(lines.end(), warnings.begin(), warnings.end());
        }
    }
    if (password_path_) {
        auto passwords = access::PasswordFile::load(*password_path_);
        if (passwords) {
            const MutexLock lock(mutex_);
            passwords_ = *std::move(passwords);
        } else {
            lines.push_back(
                    fmt::format("{}; the passwords from before stay", passwords.error().message));
        }
    }
    return lines;
}

std::string AccessPolicy::description(std::string_view address) const {
    const auto context = tls();
    std::string text = fmt::format("MQTT {}on {}", context ? "over TLS " : "", address);
    if (context) {
        text += "; " + context->description();
    }
    if (password_path_) {
        text += "; names and passwords from " + *password_path_;
    }
    return text;
}

}  // namespace foz::broker
