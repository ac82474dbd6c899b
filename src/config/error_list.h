// SPDX-License-Identifier: Apache-2.0
// Collects what is wrong with a configuration, and remembers which key stood in which line, so that
// a check after reading can still point at the right one. Lives while one file is parsed; one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/redaction.h"
#include "config/settings_parser.h"

namespace foz::config {

/// A section, or a part of one, that has keys.
struct Where {
    std::string id;     // unique in the file: "limits", "route.2", "route.2.columns.temp"
    std::string shown;  // for a person: "[limits]", "[[route]]", "column \"temp\""
    std::uint32_t line = 0;
};

class ErrorList {
  public:
    explicit ErrorList(std::string_view file) : file_(file) {}

    template <class... Args>
    void add(std::uint32_t line, fmt::format_string<Args...> format, Args&&... args) {
        // A URL that is wrong may have its password in the wrong place; a text may have line ends.
        const std::string text = fmt::format(format, std::forward<Args>(args)...);
        found_.emplace_back(line, printable_whole(redacted(text)));
    }

    void key_stands_in(const Where& where, std::string_view key, std::uint32_t line) {
        lines_.emplace(std::pair(where.id, std::string(key)), line);
    }
    [[nodiscard]] bool has_key(const Where& where, std::string_view key) const {
        return lines_.contains({where.id, std::string(key)});
    }
    /// The line of a key; of its section when the key does not stand there.
    [[nodiscard]] std::uint32_t line_of(const Where& where, std::string_view key) const {
        const auto found = lines_.find({where.id, std::string(key)});
        return found == lines_.end() ? where.line : found->second;
    }

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] bool empty() const { return found_.empty(); }
    /// Sorted by line, each as `file:line: text`.
    [[nodiscard]] SettingsErrors sorted() const;

  private:
    std::string file_;
    std::vector<std::pair<std::uint32_t, std::string>> found_;
    std::map<std::pair<std::string, std::string>, std::uint32_t> lines_;
};

}  // namespace foz::config
