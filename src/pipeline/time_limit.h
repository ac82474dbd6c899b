// SPDX-License-Identifier: Apache-2.0
// Limits that a server sets on the time of a statement. A batch that takes longer would be begun
// for ever; fewer rows may do. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "sink/sink.h"

namespace foz::pipeline {

/// The setting that ended the write, "statement_timeout", if it was one.
[[nodiscard]] std::optional<std::string_view> time_limit_of(const sink::SinkError& error);

}  // namespace foz::pipeline
