// SPDX-License-Identifier: Apache-2.0
// What the sinks have in common about tables that do not fit. Pure.
#pragma once

#include <optional>

#include "sink/sink.h"

namespace foz::sink {

[[nodiscard]] bool any_misfit(const Connected& connected);

/// All misfits as one error: the first one's kind and code, everybody's message. Nothing: there is
/// none.
[[nodiscard]] std::optional<SinkError> all_misfits(const Connected& connected);

/// What Sink::connect yields then: an error when no table of the mapping can be written.
[[nodiscard]] SinkResult<Connected> unless_none_fits(
        Connected connected, const mapping::Mapping& mapping);

/// What was found before the tables were looked at.
struct Inspection {
    std::vector<std::string> lines;
    std::vector<std::string> objections;
};

/// What Sink::inspect yields: the lines so far, then one for each table; or everything that stands
/// against the tables as one error. `describe(table)` is one line, or why the table does not fit. A
/// lost connection ends it.
template <class Describe>
[[nodiscard]] SinkResult<std::vector<std::string>> describe_all(
        const mapping::Mapping& mapping, Describe describe, Inspection before) {
    std::vector<std::string> lines = std::move(before.lines);
    Connected misfits;
    for (const auto& table : mapping.tables()) {
        auto line = describe(*table);
        if (line) {
            lines.push_back(std::move(*line));
        } else if (line.error().failure == FailureKind::blocked) {
            misfits.tables.emplace_back().misfit = std::move(line.error());
        } else {
            return pass_on(line);
        }
    }
    for (std::string& objection : before.objections) {
        misfits.tables.emplace_back().misfit = SinkError{.failure = FailureKind::blocked,
            .code = "",
            .message = std::move(objection),
            .row = {}};
    }
    if (auto error = all_misfits(misfits)) {
        return std::unexpected(std::move(*error));
    }
    return lines;
}

}  // namespace foz::sink
