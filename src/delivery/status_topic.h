// SPDX-License-Identifier: Apache-2.0
// What one of the topics under $SYS says now.
#pragma once

#include <string>

namespace foz::delivery {

struct StatusTopic {
    std::string topic;  // "$SYS/..."
    std::string value;
};

}  // namespace foz::delivery
