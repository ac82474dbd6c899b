// SPDX-License-Identifier: Apache-2.0
#include "sink/time_limit.h"

namespace foz::sink {

std::optional<std::string_view> time_limit_of(const SinkError& error) {
    if (error.failure != Failure::retry) {
        return std::nullopt;
    }
    // PostgreSQL has 57014 and 55P03 for other causes too, and its messages may be translated.
    if (error.code == "57014" && !error.message.contains("user request")) {
        return "statement_timeout";
    }
    if (error.code == "55P03" && error.message.contains("timeout")) {
        return "lock_timeout";
    }
    if (error.code == "1969") {
        return "max_statement_time";
    }
    if (error.code == "3024") {
        return "max_execution_time";
    }
    return std::nullopt;
}

}  // namespace foz::sink
