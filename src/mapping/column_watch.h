// SPDX-License-Identifier: Apache-2.0
// What a person should know of the columns of a route although no reading is refused for it: fields
// that never come, and values that were stored as NULL. Counted by the route, said by whoever logs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "mapping/json_document.h"

namespace foz::mapping {

/// So many readings in a row without a field are a reason to ask whether it is misspelt.
inline constexpr std::uint32_t kReadingsWithoutField = 1'000;

/// One thread. Columns have the numbers of their cells.
class ColumnWatch {
  public:
    explicit ColumnWatch(std::size_t columns) : columns_(columns) {}

    /// Every field that does not come is worth a remark, as for a person who tries a message out.
    void remark_at_once() { readings_without_ = 1; }

    void found(std::uint32_t column) { columns_[column].without = 0; }

    /// A reading without the column's field. True for the one after which note_absent() is due.
    [[nodiscard]] bool missed(std::uint32_t column) {
        return ++columns_[column].without == readings_without_ && !columns_[column].said;
    }
    /// Of the column called `name`: one remark in its life. `hint`: similar_field() or "".
    void note_absent(std::uint32_t column, std::string_view name, std::string_view label,
            std::string_view hint);
    /// A value became NULL; the first, the tenth, the hundredth... is a remark.
    void note_unfit(std::uint32_t column, std::string_view name, std::string_view reason);

    void take_remarks(std::vector<std::string>& to);

  private:
    struct Counts {
        std::uint32_t without = 0;  // readings in a row, counted up to readings_without_
        bool said = false;
        std::uint64_t unfit = 0;
        std::uint64_t next_remark = 1;  // about how many unfit values
    };

    std::vector<Counts> columns_;
    std::uint32_t readings_without_ = kReadingsWithoutField;
    std::vector<std::string> remarks_;
};

}  // namespace foz::mapping
