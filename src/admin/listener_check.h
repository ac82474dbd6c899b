// SPDX-License-Identifier: Apache-2.0
// A listener's certificates and passwords, read as `foz run` does. One thread.
#pragma once

#include "admin/findings.h"
#include "config/settings.h"

namespace foz::admin {

/// Nothing for a listener without any.
void check_listener(const config::Listener& listener, Findings& findings);

}  // namespace foz::admin
