// SPDX-License-Identifier: Apache-2.0
#include "mapping/key_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/bytes.h"

namespace foz::mapping {
namespace {

// A number that sorts as the cell does; of text, its first bytes. It need not be exact: the order
// is only for speed.
std::int64_t rank_of(const Value& cell) {
    if (cell.is_null()) {
        return 0;
    }
    switch (cell.type()) {
        case ColumnType::integer:
        case ColumnType::boolean:
        case ColumnType::timestamp: return cell.integer();
        case ColumnType::real: {
            const auto bits = std::bit_cast<std::int64_t>(cell.real());
            return bits < 0 ? INT64_MIN - bits : bits;
        }
        case ColumnType::decimal:
        case ColumnType::text:
        case ColumnType::bytes:
        case ColumnType::json: break;
    }
    std::array<char, sizeof(std::uint64_t)> prefix{};
    std::memcpy(prefix.data(), cell.text().data(), std::min(cell.text().size(), prefix.size()));
    return static_cast<std::int64_t>(load_big<std::uint64_t>(prefix.data()) >> 1U);
}

}  // namespace

void sort_by_key(const RowBatch& batch, const Table& table, std::vector<std::uint32_t>& rows) {
    const auto column = table.key.empty() ? std::nullopt : table.index_of(table.key.front());
    if (!column) {
        return;
    }
    std::vector<std::pair<std::int64_t, std::uint32_t>> ranked;
    ranked.reserve(rows.size());
    for (const std::uint32_t row : rows) {
        const auto cells = batch.cells(batch.rows()[row]);
        ranked.emplace_back(*column < cells.size() ? rank_of(cells[*column]) : 0, row);
    }
    std::ranges::sort(ranked);
    std::ranges::transform(ranked, rows.begin(), &std::pair<std::int64_t, std::uint32_t>::second);
}

}  // namespace foz::mapping
