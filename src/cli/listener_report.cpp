// SPDX-License-Identifier: Apache-2.0
#include "cli/listener_report.h"

#include <fmt/format.h>

#include "access/password_file.h"
#include "base/clock.h"
#include "tls/server_context.h"

namespace foz::cli {

ListenerReport report_listener(const config::Listener& listener) {
    const std::string where = fmt::format(
        "{}:{}: [listener.{}]", listener.place.file, listener.place.line, listener.name
    );
    ListenerReport report;
    if (listener.tls) {
        const auto context = tls::ServerContext::load(*listener.tls, real_clock().system_now());
        if (context) {
            report.good.push_back(
                fmt::format("listener {}: TLS, {}", listener.name, (*context)->description())
            );
            for (const std::string& warning : (*context)->warnings()) {
                report.doubtful.push_back(fmt::format("{}: {}", where, warning));
            }
        } else {
            report.bad.push_back(fmt::format("{}: {}", where, context.error().message));
        }
    }
    if (listener.password_file) {
        const auto passwords = access::PasswordFile::load(*listener.password_file);
        if (passwords) {
            report.good.push_back(fmt::format(
                "listener {}: {} users in {}",
                listener.name,
                (*passwords)->size(),
                *listener.password_file
            ));
        } else {
            report.bad.push_back(fmt::format("{}: {}", where, passwords.error().message));
        }
    }
    return report;
}

}  // namespace foz::cli
