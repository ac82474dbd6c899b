// SPDX-License-Identifier: Apache-2.0
// What has become of the rows that went into a table by way of the staging table: inserted, there
// already, or to blame. Two queries, and what follows from their answers. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sink/key_conflict.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/table_plan.h"
#include "sink/table_rows.h"

namespace foz::sink::postgres {

/// Inserts the staged rows whose keys are free; yields for each staged row whose key was inserted
/// its number, and that of the first row with the same key; NULL when a trigger changed the key.
[[nodiscard]] std::string insert_query(const TablePlan& plan, std::string_view staging);

/// To be run after insert_query(): yields the staged rows that are not what is stored under their
/// key: number, whether anything is stored, and for each compared column whether it differs and
/// what is stored.
[[nodiscard]] std::string compare_query(const TablePlan& plan, std::string_view staging);

/// "one.a = other.a AND ...", over the columns of the key.
[[nodiscard]] std::string same_key(
        const TablePlan& plan, std::string_view one, std::string_view other);

class StagedRows {
  public:
    /// `inserted` and `compared` are the answers to the two queries. `plan` and `rows` must outlive
    /// it.
    StagedRows(const TablePlan& plan, const TableRows& rows, const QueryResult& inserted,
            const QueryResult& compared);

    /// A trigger stored a row under another key, so that nobody can tell which row of several.
    [[nodiscard]] bool key_was_changed() const { return key_was_changed_; }
    /// Adds the rows that are stored, and those that were there.
    void count(Written& written) const;
    void add_refused(std::vector<RefusedRow>& refused) const;

  private:
    enum class Fate : std::uint8_t { there, inserted, another, kept_out };
    struct Staged {
        Fate fate = Fate::there;
        std::vector<Difference> differences;
    };
    void note_inserted(const QueryResult& inserted);

    const TablePlan& plan_;
    const TableRows& rows_;
    bool key_was_changed_ = false;
    std::vector<Staged> staged_;  // one for each of plan.rows
};

}  // namespace foz::sink::postgres
