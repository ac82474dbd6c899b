// SPDX-License-Identifier: Apache-2.0
// A broker that foz connects to: the files of its tls and, if asked for, how far a connection gets.
// Changes nothing there (client/trial.h). One thread.
#pragma once

#include <optional>
#include <string>

#include "admin/findings.h"
#include "config/settings.h"

namespace foz::admin {

struct RemoteCheck {
    bool connect = false;
    std::optional<std::string> client_id;  // to connect with; absent: the configured one, "-check"
};

void check_source(const config::Source& source, const RemoteCheck& how, Findings& findings);
void check_bridge(const config::Bridge& bridge, const RemoteCheck& how, Findings& findings);

}  // namespace foz::admin
