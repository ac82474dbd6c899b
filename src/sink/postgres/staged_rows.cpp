// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/staged_rows.h"

#include <utility>

#include <fmt/format.h>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {
namespace {

// True where column `name` of staging row s is not what row t has.
std::string difference(const TablePlan& plan, std::size_t column) {
    const TargetColumn& target = plan.columns[column];
    if (target.left_out) {
        return "false";  // the column's default filled it
    }
    const std::string name = dialect().quoted(target.name);
    std::string_view as;
    switch (target.array ? Encoding::literal : target.encoding) {
        case Encoding::int2:
        case Encoding::int4:
        case Encoding::int8:
        case Encoding::float4:
        case Encoding::float8:
        case Encoding::numeric:
        case Encoding::boolean:
        case Encoding::timestamp:
        case Encoding::jsonb:
        case Encoding::uuid:
        case Encoding::bytea: break;
        // A collation, or citext, may see no difference where there is one; json knows no equality,
        // and neither do arrays of it.
        default: as = "::text COLLATE \"C\"";
    }
    return fmt::format("(s.{0}{1} IS DISTINCT FROM t.{0}{1})", name, as);
}

}  // namespace

std::string same_key(const TablePlan& plan, std::string_view one, std::string_view other) {
    std::string condition;
    for (const std::string& name : plan.table->key) {
        condition += fmt::format("{0}{1}.{3} = {2}.{3}", condition.empty() ? "" : " AND ", one,
                other, dialect().quoted(name));
    }
    return condition;
}

std::string insert_query(const TablePlan& plan, std::string_view staging) {
    const std::string key = quoted_list(plan.table->key);
    return fmt::format(
            "WITH inserted AS (INSERT INTO {0} ({1}) SELECT {1} FROM {2} ORDER BY \"foz staging "
            "row\" ON CONFLICT ({3}) DO NOTHING RETURNING {3}) SELECT s.\"foz staging row\", "
            "min(s.\"foz staging row\") OVER (PARTITION BY {3}) FROM inserted LEFT JOIN {2} s "
            "USING ({3}) ORDER BY 1",
            quoted_table(plan.table->name), plan.column_list, staging, key);
}

std::string compare_query(const TablePlan& plan, std::string_view staging) {
    std::string cells;
    std::string differs;
    for (const std::size_t column : compared_columns(*plan.table)) {
        const std::string one = difference(plan, column);
        cells += fmt::format(", {}, left(t.{}::text, {})", one,
                dialect().quoted(plan.columns[column].name), kShownCharactersMax);
        differs += (differs.empty() ? "" : " OR ") + one;
    }
    const std::string key = dialect().quoted(plan.table->key.front());
    return fmt::format(
            "SELECT s.\"foz staging row\", t.{0} IS NOT NULL{1} FROM {2} s LEFT JOIN {3} t ON {4} "
            "WHERE t.{0} IS NULL OR {5}",
            key, cells, staging, quoted_table(plan.table->name), same_key(plan, "s", "t"), differs);
}

StagedRows::StagedRows(const TablePlan& plan, const TableRows& rows, const QueryResult& inserted,
        const QueryResult& compared)
    : plan_(plan), rows_(rows), staged_(plan.rows.size()) {
    const std::vector<std::size_t> columns = compared_columns(*plan.table);
    for (int i = 0; i < PQntuples(compared.get()); ++i) {
        Staged& staged = staged_[static_cast<std::size_t>(number(compared, i, 0))];
        if (!is_true(compared, i, 1)) {
            staged.fate = Fate::kept_out;
            continue;
        }
        staged.fate = Fate::another;
        int cell = 2;
        for (const std::size_t column : columns) {
            if (is_true(compared, i, cell)) {
                const bool null = PQgetisnull(compared.get(), i, cell + 1) != 0;
                staged.differences.push_back(
                        {column, null ? std::nullopt
                                      : std::optional(std::string(field(compared, i, cell + 1)))});
            }
            cell += 2;
        }
    }
    note_inserted(inserted);
}

// Of the rows with one key, the first that is what is now stored is the one that was inserted. None
// is when a trigger changed it on the way: then it was the first.
void StagedRows::note_inserted(const QueryResult& inserted) {
    constexpr std::size_t kNone = ~std::size_t{0};
    std::vector<std::size_t> chosen(staged_.size(), kNone);  // by first row of a key
    std::vector<std::size_t> firsts;
    for (int i = 0; i < PQntuples(inserted.get()); ++i) {
        if (PQgetisnull(inserted.get(), i, 0) != 0) {
            key_was_changed_ = true;
            continue;
        }
        const auto row = static_cast<std::size_t>(number(inserted, i, 0));
        const auto first = static_cast<std::size_t>(number(inserted, i, 1));
        if (row == first) {
            firsts.push_back(first);
        }
        if (chosen[first] == kNone && staged_[row].fate == Fate::there) {
            chosen[first] = row;
        }
    }
    for (const std::size_t first : firsts) {
        staged_[chosen[first] != kNone ? chosen[first] : first].fate = Fate::inserted;
    }
    if (key_was_changed_ && staged_.size() == 1) {
        staged_.front().fate = Fate::inserted;
        key_was_changed_ = false;
    }
}

void StagedRows::count(Written& written) const {
    for (std::size_t i = 0; i < staged_.size(); ++i) {
        const std::uint32_t route = rows_.route_of(plan_.rows[i]);
        if (staged_[i].fate == Fate::inserted) {
            ++written.stored[route];
        } else if (staged_[i].fate == Fate::there) {
            ++written.duplicate[route];
        }
    }
}

void StagedRows::add_refused(std::vector<RefusedRow>& refused) const {
    for (std::size_t i = 0; i < staged_.size(); ++i) {
        const std::uint32_t row = plan_.rows[i];
        const std::size_t number = rows_.number_in_write(row);
        if (staged_[i].fate == Fate::another) {
            const auto cells = rows_.batch().cells(rows_.batch().rows()[row]);
            refused.push_back(key_conflict(number, *plan_.table, cells, staged_[i].differences));
        } else if (staged_[i].fate == Fate::kept_out) {
            refused.push_back(kept_out(number, *plan_.table));
        }
    }
}

}  // namespace foz::sink::postgres
