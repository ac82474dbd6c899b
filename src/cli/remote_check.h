// SPDX-License-Identifier: Apache-2.0
// What `foz check` says about a broker that foz connects to: the files of its tls and, if asked
// for, how far a connection gets. Changes nothing there (client/trial.h).
#pragma once

#include <optional>
#include <string>

#include "cli/report.h"
#include "config/settings.h"

namespace foz::cli {

struct RemoteCheck {
    bool connect = false;
    std::optional<std::string> client_id;  // to connect with; absent: the configured one, "-check"
};

void check_source(const config::Source& source, const RemoteCheck& how, Report& report);
void check_bridge(const config::Bridge& bridge, const RemoteCheck& how, Report& report);

}  // namespace foz::cli
