// SPDX-License-Identifier: Apache-2.0
#include "admin/listener_check.h"

#include <string>

#include <fmt/format.h>

#include "access/password_file.h"
#include "base/clock.h"
#include "tls/server_context.h"

namespace foz::admin {

void check_listener(const config::Listener& listener, Findings& findings) {
    const std::string where = fmt::format(
            "{}:{}: [listener.{}]", listener.place.file, listener.place.line, listener.name);
    if (listener.tls) {
        const auto context = tls::ServerContext::load(*listener.tls, real_clock().system_now());
        if (context) {
            findings.ok(
                    fmt::format("listener {}: TLS, {}", listener.name, (*context)->description()));
            for (const std::string& warning : (*context)->warnings()) {
                findings.doubtful(fmt::format("{}: {}", where, warning));
            }
        } else {
            findings.failed(fmt::format("{}: {}", where, context.error().message));
        }
    }
    if (listener.password_file) {
        const auto passwords = access::PasswordFile::load(*listener.password_file);
        if (passwords) {
            findings.ok(fmt::format("listener {}: {} users in {}", listener.name,
                    (*passwords)->size(), *listener.password_file));
        } else {
            findings.failed(fmt::format("{}: {}", where, passwords.error().message));
        }
    }
}

}  // namespace foz::admin
