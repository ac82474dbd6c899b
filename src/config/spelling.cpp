// SPDX-License-Identifier: Apache-2.0
#include "config/spelling.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace foz::config {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Optimal string alignment: row i holds the distances of a's first i letters to every prefix of
    // b.
    std::vector<std::vector<std::size_t>> rows(
            a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t j = 0; j <= b.size(); ++j) {
        rows[0][j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        rows[i][0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = std::min({replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
            }
        }
    }
    return rows[a.size()][b.size()];
}

std::optional<std::string_view> nearest(
        std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t kWordBytesMax = 64;  // what is longer is no slip of the finger
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : known) {
        if (word.size() > kWordBytesMax) {
            break;
        }
        const std::size_t distance = edit_distance(word, candidate);
        const std::size_t allowed = std::max<std::size_t>(1, candidate.size() / 3);
        if (distance <= allowed && (!best || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string hint_for(std::string_view word, std::span<const std::string_view> known) {
    if (const auto meant = nearest(word, known)) {
        return fmt::format("did you mean \"{}\"?", *meant);
    }
    return fmt::format("known are {}", listed(known, " and "));
}

std::string listed(std::span<const std::string_view> words, std::string_view last_separator) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            text += i + 1 == words.size() ? last_separator : ", ";
        }
        text += fmt::format("\"{}\"", words[i]);
    }
    return text;
}

}  // namespace foz::config
