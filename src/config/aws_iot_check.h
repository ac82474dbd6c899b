// SPDX-License-Identifier: Apache-2.0
// What a [source] or [bridge] with `profile = "aws-iot"` asks for that AWS IoT Core does not give:
// found before AWS closes the connection for it, with the limit's name and number
// (aws_iot_limits.h). What foz does right by itself, such as splitting SUBSCRIBE into packets of
// eight filters, is not asked of the configuration.
#pragma once

#include "config/error_list.h"
#include "config/settings.h"

namespace foz::config {

/// Each adds to `errors`; nothing for another profile. `where` is the section's.
void check_aws_iot(const Source& source, const Where& where, ErrorList& errors);
void check_aws_iot(const Bridge& bridge, const Where& where, ErrorList& errors);

}  // namespace foz::config
