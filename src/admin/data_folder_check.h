// SPDX-License-Identifier: Apache-2.0
// Whether foz could write to its data folder, and whether the disk has room for what the journal
// may take. Changes nothing. One thread.
#pragma once

#include "admin/findings.h"
#include "config/settings.h"

namespace foz::admin {

void check_data_folder(const config::Settings& settings, Findings& findings);

}  // namespace foz::admin
