// SPDX-License-Identifier: Apache-2.0
// A route with declared columns: how each cell of its rows is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mapping/column_watch.h"
#include "mapping/conversion.h"
#include "mapping/field_plan.h"
#include "mapping/incoming_message.h"
#include "mapping/item_writer.h"
#include "mapping/reading_selector.h"

namespace foz::mapping {

enum class CellSource : std::uint8_t {
    field,
    capture,
    topic,
    client_id,
    user,
    received,
    payload,
    qos,
    retain,
    constant
};

/// Whether cells of this source differ when the same reading is delivered again.
[[nodiscard]] constexpr bool tells_of_receipt(CellSource source) {
    return source == CellSource::received || source == CellSource::qos ||
           source == CellSource::retain;
}

/// A column of a route, ready to be read from a message.
struct CompiledColumn {
    std::string name;
    std::string label;  // of its source, for reasons: `field "Data Hora"`
    CellSource source = CellSource::field;
    std::uint32_t source_index = 0;  // number of the field in the plan, or of the capture
    std::uint32_t cell = 0;          // number of the column in the table
    Conversion conversion;
    std::vector<config::PathStep> path;  // of a field
    bool rejects_missing = false;
    bool unfit_is_null = false;  // a value that cannot be converted
    Value value;  // of a constant; of others the default, which may be null. Its text is owned by
                  // the compiler's caller
};

/// One thread.
class DeclaredRoute {
  public:
    DeclaredRoute(std::vector<CompiledColumn> columns, FieldPlan fields, ReadingSelector selector);

    /// Adds the rows of the message, or why there are none. False: it is none of this route's.
    [[nodiscard]] bool add_rows(IncomingMessage& incoming, ItemWriter& items);

    /// Whether it looks for something in the payload: an empty one is no reading of it then.
    [[nodiscard]] bool reads_payload() const { return reads_payload_; }

    void remark_at_once() { watch_.remark_at_once(); }

    /// Appends what a person should know of the readings since the last call.
    void take_remarks(std::vector<std::string>& to);

  private:
    /// Sets the cells that are the same for all rows of the message. False: rejected.
    [[nodiscard]] bool set_message_cells(IncomingMessage& incoming, ItemWriter& items);
    [[nodiscard]] Converted message_cell(
            CompiledColumn& column, IncomingMessage& incoming, RowBatch& batch);
    void add_message_row(ItemWriter& items);
    void add_readings(IncomingMessage& incoming, ItemWriter& items);
    /// The reason why the reading is rejected, or nothing: then its cells are in the batch.
    [[nodiscard]] std::optional<std::string> add_cells(
            const JsonDocument& document, const Reading& reading, RowBatch& batch);
    /// Why `node`, which is null or not there, is no cell of the column.
    [[nodiscard]] static std::string no_value(const JsonDocument& document, const Reading& reading,
            const CompiledColumn& column, std::uint32_t node);
    [[nodiscard]] std::string no_field(const JsonDocument& document, std::uint32_t reading) const;

    std::vector<CompiledColumn> message_columns_;
    std::vector<CompiledColumn> field_columns_;
    FieldPlan fields_;
    ReadingSelector selector_;
    ColumnWatch watch_;
    bool takes_whole_reading_ = false;
    bool reads_payload_ = false;

    // Of the message at hand.
    std::vector<Value> message_cells_;             // one for each column; null where a field goes
    std::vector<std::uint32_t> found_in_payload_;  // fields beside the array of readings
    std::vector<std::uint32_t> found_;
};

}  // namespace foz::mapping
