// SPDX-License-Identifier: Apache-2.0
// Whether foz could run with a configuration here and now: data folder, files, brokers, listeners,
// databases, and what stands still. Changes nothing, anywhere. One thread.
#pragma once

#include "admin/findings.h"
#include "admin/remote_check.h"
#include "config/settings.h"

namespace foz::admin {

/// `how.connect` is for databases, too.
void check(const config::Settings& settings, const RemoteCheck& how, Findings& findings);

}  // namespace foz::admin
