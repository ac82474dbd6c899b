// SPDX-License-Identifier: Apache-2.0
// A table whose columns follow the payloads: time, the captures of its routes, then a column for
// each field as it first appears. Objects in objects become columns with the keys joined by "_";
// arrays are stored as JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mapping/conversion.h"
#include "mapping/field_plan.h"
#include "mapping/incoming_message.h"
#include "mapping/row_batch.h"
#include "mapping/table.h"

namespace foz::mapping {

/// Devices that invent keys cannot make a table grow without end: a reading that would need more
/// columns than this is rejected.
inline constexpr std::size_t kInferredColumnsMax = 200;

/// One thread. `table` must outlive it; its first column is the time of receipt.
class InferredTable {
  public:
    explicit InferredTable(Table& table) : table_(&table), fields_(1) {}

    /// Takes in a route with these captures; yields the column of each, which is added if it is not
    /// there. Only before the first reading. What another route does not capture may be null.
    [[nodiscard]] std::vector<std::uint32_t> add_route(std::span<const std::string> captures);

    /// Columns that the database has already: fields go into them, and their types and owners count
    /// (Column::field); but a column that was widened here is not narrowed again. What the database
    /// refuses (`refused`, in the place of what it refused before) the table does not have:
    /// readings that need it are rejected. Yields whether the table has changed, so that rows made
    /// before may not fit it. Error: the refusal is about time or a capture, without which there
    /// are no rows.
    [[nodiscard]] Result<bool> adopt(
            std::span<const Column> existing, std::span<const Refusal> refused = {});
    /// What was refused is asked for again by the next reading that needs it.
    void forget_refusals() { refusals_.clear(); }

    [[nodiscard]] const Table& table() const { return *table_; }

    /// Adds the cells of a reading to the batch; the table gets the columns that are new.
    /// `captures` has the column of each capture of the route. Error: why the reading is rejected;
    /// then the table stays as it is.
    [[nodiscard]] Result<void> add_cells(const IncomingMessage& incoming, const Reading& reading,
            std::span<const std::uint32_t> captures, RowBatch& batch);

  private:
    /// What is known of a key in the payloads: a cache, which can be emptied between readings.
    struct Field {
        std::string key;
        std::uint32_t parent = 0;
        std::vector<std::uint32_t> members;
        std::uint32_t column = kNotFound;
    };
    /// A value of the reading at hand and where it goes.
    struct Leaf {
        std::uint32_t value = 0;
        std::uint32_t field = 0;
        std::uint32_t column = 0;
    };

    [[nodiscard]] std::uint32_t add_capture(std::string_view name);
    /// True if something changed.
    bool adopt_as(std::uint32_t index, const Column& theirs);
    [[nodiscard]] Result<bool> take_back_refused(std::span<const Column> existing);
    /// Why the database refuses to change this column; null: it does not.
    [[nodiscard]] const Refusal* refusal_of(std::string_view column) const;
    [[nodiscard]] std::size_t cells_needed(std::span<const std::uint32_t> captures) const;
    void begin_reading();
    [[nodiscard]] Result<void> collect(const JsonDocument& document, const Reading& reading);
    [[nodiscard]] Result<void> collect_members(
            const JsonDocument& document, std::uint32_t object, std::uint32_t field);
    [[nodiscard]] Result<void> collect_leaf(
            const JsonNode& node, std::uint32_t value, std::uint32_t field);
    /// The field of a key below `field`, or kNotFound. `expected` is where to look first, and moves
    /// on.
    [[nodiscard]] std::uint32_t find_member(
            std::uint32_t field, std::string_view key, std::size_t& expected) const;
    [[nodiscard]] Result<std::uint32_t> add_member(std::uint32_t field, std::string_view key);
    [[nodiscard]] std::vector<std::string_view> keys_of(std::uint32_t field) const;
    [[nodiscard]] std::string path_of(std::uint32_t field) const;
    [[nodiscard]] std::string label_of(std::uint32_t field) const;
    [[nodiscard]] Result<std::uint32_t> column_of(std::uint32_t field, const JsonNode& node);
    [[nodiscard]] std::string column_name_of(std::uint32_t field) const;
    [[nodiscard]] std::uint32_t find_column(std::string_view name) const;
    /// Of the table, and behind them the new ones of the reading at hand.
    [[nodiscard]] const Column& column(std::uint32_t index) const;
    [[nodiscard]] Result<void> set_captures(const IncomingMessage& incoming,
            std::span<const std::uint32_t> captures, RowBatch& batch);
    [[nodiscard]] Result<void> set_fields(const JsonDocument& document, RowBatch& batch);
    [[nodiscard]] std::string explain_type(const Column& column) const;
    [[nodiscard]] Converted convert(
            const JsonDocument& document, const Leaf& leaf, RowBatch& batch);
    void commit();
    /// The fields of the reading at hand own their columns. The table's version counts that too, so
    /// that its database hears of it.
    void claim_columns();
    [[nodiscard]] std::unexpected<Error> would_share(
            std::string_view other, std::uint32_t field, std::string_view column) const;

    Table* table_;
    std::size_t own_columns_ = 1;  // time and captures, which no field goes into
    bool has_routes_ = false;
    std::vector<Field> fields_;  // a tree; 0 is the reading itself
    std::vector<Refusal> refusals_;

    // Of the reading at hand.
    std::vector<Leaf> leaves_;
    std::vector<Column> new_columns_;
    std::vector<std::uint32_t> widened_;  // integer columns that become double
    std::vector<std::uint32_t>
            taken_by_;  // for each column the field that goes into it, or kNotFound
    std::uint32_t left_out_ = kNotFound;  // the array of readings inside of the payload
    Conversion conversion_;
};

}  // namespace foz::mapping
