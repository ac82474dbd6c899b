// SPDX-License-Identifier: Apache-2.0
// Making a table in the database what its routes want: looked up, created or changed, looked up
// again until it is. For the databases that can change a column's type. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/table.h"
#include "sink/sql_session.h"
#include "sink/table_changes.h"

namespace foz::sink {

/// What a table has become.
struct TablePreparation {
    PreparedTable table;  // no columns: an inferred one that has none yet, and is not made
    std::vector<std::string> warnings;  // for its owner
};

/// A table that is there, and that its routes fit.
struct FoundTable {
    std::vector<mapping::Column> columns;  // not those of unknown types
    std::vector<std::string> warnings;     // for its owner
    std::string line;                      // of Sink::inspect
    // Of an inferred table, column by column: what makes it as it should be, and what nothing does.
    std::vector<Change> changes;
    std::vector<mapping::Refusal> impossible;
};

/// One table; a database adds how it is looked up and altered.
class TableSetup {
  public:
    /// What a code (SinkError::code) of ALTER TABLE means.
    using RefusedBy = Refused (*)(std::string_view code);

    TableSetup(SqlSession& session, const mapping::Table& table, RefusedBy refused_by)
        : session_(session), table_(table), refused_by_(refused_by) {}
    virtual ~TableSetup() = default;
    TableSetup(const TableSetup&) = delete;
    TableSetup& operator=(const TableSetup&) = delete;

    /// Creates the table, or checks it (FailureKind::blocked: it does not fit) and gives an
    /// inferred one the columns that it lacks, as far as the database allows. Between begin_setup()
    /// and commit().
    [[nodiscard]] SinkResult<TablePreparation> prepare();

    /// What prepare() would do, as a line for a person. Changes nothing. FailureKind::blocked: it
    /// does not fit.
    [[nodiscard]] SinkResult<std::string> describe();

  protected:
    [[nodiscard]] const mapping::Table& table() const { return table_; }

  private:
    /// Looks the table up; nothing when it is not there. FailureKind::blocked: it does not fit.
    [[nodiscard]] virtual SinkResult<std::optional<FoundTable>> find() = 0;
    /// Of a table that is not there: what a person is told because another one's name differs in
    /// capitals only; "" if there is none.
    [[nodiscard]] virtual SinkResult<std::string> hint_at_other_case() = 0;
    /// The same: FailureKind::blocked if it cannot be created for a reason other than a missing
    /// right.
    [[nodiscard]] virtual SinkResult<void> check_creatable() { return {}; }
    [[nodiscard]] virtual std::string create_statement() const = 0;
    /// As Alter.
    [[nodiscard]] virtual SinkResult<void> alter(const std::string& clauses) = 0;

    [[nodiscard]] SinkResult<FoundTable> make_fit();
    [[nodiscard]] SinkResult<void> create();
    [[nodiscard]] SinkResult<bool> change(FoundTable& found);
    [[nodiscard]] SinkResult<bool> rounds_stored(const Change& change);
    [[nodiscard]] SinkResult<void> exchange_fields(std::vector<mapping::Column>& columns);
    [[nodiscard]] bool is_refused(const std::string& column) const;

    SqlSession& session_;
    const mapping::Table& table_;
    const RefusedBy refused_by_;
    bool made_ = false;
    std::vector<mapping::Refusal> refused_;
};

}  // namespace foz::sink
