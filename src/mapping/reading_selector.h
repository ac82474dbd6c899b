// SPDX-License-Identifier: Apache-2.0
// Which values of a payload are the readings of a route: `rows` and `where`. Shared by both kinds
// of route.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mapping/incoming_message.h"
#include "mapping/item_writer.h"
#include "mapping/reading_filter.h"

namespace foz::mapping {

/// One thread.
class ReadingSelector {
  public:
    /// `rows`: path to the readings; empty: the payload itself.
    ReadingSelector(std::vector<std::string> rows, std::optional<config::Filter> where);

    [[nodiscard]] bool has_rows() const { return !rows_.empty(); }
    [[nodiscard]] bool has_filter() const { return filter_.has_value(); }

    /// Whether the message, whose payload is JSON, has a reading that passes the filter. Counts for
    /// remark().
    [[nodiscard]] bool takes_any(const JsonDocument& document);

    /// Calls `visit(Reading, label)` for each reading that passes the filter; `label()` is "reading
    /// 3: ", or "" when there is just one. Rejects what has no readings.
    template <class Visit>
    void for_each(const JsonDocument& document, ItemWriter& items, Visit visit) const;

    /// Once, when the filter has left out the first 1,000 messages: what a person should know.
    [[nodiscard]] std::optional<std::string> take_remark();

  private:
    [[nodiscard]] bool passes(const JsonDocument& document, const Reading& reading) const {
        return !filter_ || filter_->takes(document, reading.value, reading.payload);
    }
    /// False when `visit` did so: it wants no more.
    template <class Visit, class Fail>
    bool walk(const JsonDocument& document, Visit visit, Fail fail) const;

    std::vector<std::string> rows_;
    std::optional<ReadingFilter> filter_;
    std::uint32_t left_out_ = 0;  // messages, before the first that had a reading for the route
    bool taken_ = false;
    bool remarked_ = false;
};

template <class Visit, class Fail>
bool ReadingSelector::walk(const JsonDocument& document, Visit visit, Fail fail) const {
    std::size_t number = 0;
    bool goes_on = true;
    for_each_payload_value(document, [&](std::uint32_t payload) {
        if (!goes_on) return;
        const auto readings = readings_at(document, rows_, payload);
        if (!readings) {
            if (passes(document, {payload, payload, payload})) goes_on = fail(readings.error());
            return;
        }
        const bool labelled = readings->is_array || document.is_sequence();
        for_each_reading(document, *readings, [&](std::uint32_t value, std::size_t) {
            const std::size_t at = number++;
            const Reading reading = {value, readings->container, payload};
            if (!goes_on || !passes(document, reading)) return;
            goes_on =
                    visit(reading, [&] { return labelled ? label_of_reading(at) : std::string(); });
        });
    });
    return goes_on;
}

template <class Visit>
void ReadingSelector::for_each(const JsonDocument& document, ItemWriter& items, Visit visit) const {
    walk(
            document,
            [&](const Reading& reading, auto label) {
                visit(reading, label);
                return true;
            },
            [&](const Error& error) {
                items.reject(error.message);
                return true;
            });
}

}  // namespace foz::mapping
