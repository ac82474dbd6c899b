// SPDX-License-Identifier: Apache-2.0
#include "pipeline/time_limit.h"

namespace foz::pipeline {

std::optional<std::string_view> time_limit_of(const sink::SinkError& error) {
    if (error.failure != sink::FailureKind::retry) {
        return std::nullopt;
    }
    // PostgreSQL has 57014 for other causes too, and its messages may be translated. A limit on the
    // wait for a lock is no such limit: fewer rows wait as long.
    if (error.code == "57014" && !error.message.contains("user request")) {
        return "statement_timeout";
    }
    if (error.code == "1969") {
        return "max_statement_time";
    }
    if (error.code == "3024") {
        return "max_execution_time";
    }
    return std::nullopt;
}

}  // namespace foz::pipeline
