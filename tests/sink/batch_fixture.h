// SPDX-License-Identifier: Apache-2.0
// For tests that write rows of their own making: routes as a configuration would have them, and
// batches of cells.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mapping/mapping.h"
#include "mapping/row_batch.h"
#include "sink/sink.h"

namespace foz::sink {

/// A route on topic NAME that fills `columns` (name and type) of `table`; the type "received" is
/// the time of receipt.
struct RouteUnderTest {
    std::string name;
    std::string table;
    std::vector<std::pair<std::string, std::string>> columns;
    std::vector<std::string> key;
    config::OnDuplicate on_duplicate = config::OnDuplicate::keep;
};

[[nodiscard]] mapping::Mapping mapping_of(const std::vector<RouteUnderTest>& routes);

/// Rows numbered from the position given, one for each call of add().
class BatchUnderTest {
  public:
    explicit BatchUnderTest(std::uint64_t position = 0) : next_(position) {}

    BatchUnderTest& add(std::initializer_list<mapping::Value> cells, std::uint32_t route = 0) {
        return add_cells(std::span(cells.begin(), cells.size()), route);
    }
    BatchUnderTest& add_cells(std::span<const mapping::Value> cells, std::uint32_t route = 0);
    [[nodiscard]] std::size_t size() const { return batch_.rows().size(); }
    [[nodiscard]] const mapping::RowBatch& rows() const { return batch_; }
    /// The cursor behind the last row.
    [[nodiscard]] Commit commit() const { return {{next_, 0}, {}}; }
    [[nodiscard]] SinkResult<Written> write_to(Sink& sink) const {
        return sink.write(batch_, 0, size(), commit());
    }

  private:
    std::uint64_t next_;
    mapping::RowBatch batch_;
};

[[nodiscard]] inline mapping::Value integer(std::int64_t value) {
    return mapping::Value::of_integer(value);
}
[[nodiscard]] inline mapping::Value real(double value) {
    return mapping::Value::of_real(value);
}
[[nodiscard]] inline mapping::Value text(std::string_view value) {
    return mapping::Value::of_text(mapping::ColumnType::text, value);
}
[[nodiscard]] inline mapping::Value decimal(std::string_view value) {
    return mapping::Value::of_text(mapping::ColumnType::decimal, value);
}
[[nodiscard]] inline mapping::Value json(std::string_view value) {
    return mapping::Value::of_text(mapping::ColumnType::json, value);
}
[[nodiscard]] inline mapping::Value bytes(std::string_view value) {
    return mapping::Value::of_text(mapping::ColumnType::bytes, value);
}
[[nodiscard]] inline mapping::Value boolean(bool value) {
    return mapping::Value::of_boolean(value);
}
/// Microseconds since 1970.
[[nodiscard]] inline mapping::Value timestamp(std::int64_t microseconds) {
    return mapping::Value::of_timestamp(SystemTime(Microseconds(microseconds)));
}

/// A sink for `url`; the test fails and gets null when the URL is wrong.
[[nodiscard]] std::unique_ptr<Sink> sink_for(
        const SinkKind& kind, const std::string& url, const std::string& password = "");

/// The same for one that gives a silent server up after that time.
[[nodiscard]] std::unique_ptr<Sink> impatient_sink_for(
        const SinkKind& kind, const std::string& url, std::chrono::milliseconds silence);

inline const LaneName kLane{"journal-1", "main-0"};

/// "refused 22001: value too long": what a failed write says in the message of an assertion.
template <class T>
[[nodiscard]] std::string why(const SinkResult<T>& result) {
    return result ? "it succeeded"
                  : std::to_string(static_cast<int>(result.error().failure)) + " " +
                            result.error().code + ": " + result.error().message;
}

/// The write was refused because of that row alone, and says `part`.
void expect_refused(const SinkResult<Written>& result, std::size_t row, std::string_view part);

}  // namespace foz::sink
