// SPDX-License-Identifier: Apache-2.0
// What the owner of a table should know of it although foz writes into it: shown by `foz check
// --connect`, and logged when a sink connects, each once however often it does.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

namespace foz::sink {

/// One thread.
class TableWarnings {
  public:
    void log(const std::string& table, std::span<const std::string> warnings) {
        for (const std::string& warning : warnings) {
            if (logged_.emplace(table, warning).second) {
                spdlog::warn("table {}: {}", table, warning);
            }
        }
    }

  private:
    std::set<std::pair<std::string, std::string>> logged_;  // table and warning
};

/// The line of Sink::inspect with them behind it.
[[nodiscard]] inline std::string with_warnings(
        std::string line, std::span<const std::string> warnings) {
    for (const std::string& warning : warnings) {
        line += "; warning: " + warning;
    }
    return line;
}

}  // namespace foz::sink
