// SPDX-License-Identifier: Apache-2.0
// What every sink does in the same order, whatever its SQL: connect (foz's own tables, then each
// table of the mapping, then the lane's cursor), extend, inspect, audit. A database adds the steps
// below, and writes batches its own way. One thread; errors as in sink.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sink/sql_session.h"
#include "sink/table_setup.h"
#include "sink/table_warnings.h"

namespace foz::sink {

class SqlSink : public Sink {
  public:
    SinkResult<Connected> connect(const LaneName& lane, const mapping::Mapping& mapping) override;
    SinkResult<std::vector<std::string>> inspect(const mapping::Mapping& mapping) override;
    SinkResult<PreparedTable> extend(const mapping::Table& table) override;
    SinkResult<Audit> audit(const std::string& journal,
            std::span<const std::unique_ptr<mapping::Table>> tables) override;

  protected:
    enum class Access : std::uint8_t { write, read };

    /// `database`: its name for a person, "PostgreSQL".
    explicit SqlSink(std::string_view database) : database_(database) {}

    /// What a call says that needs a connection.
    [[nodiscard]] std::unexpected<SinkError> not_connected() const;

  private:
    /// Opens a connection. Access::read: nothing will be changed.
    [[nodiscard]] virtual SinkResult<void> open(Access access) = 0;
    /// Of the open connection; null: there is none.
    [[nodiscard]] virtual SqlSession* session() = 0;
    /// What to add to the URL, because the connection is not encrypted and leaves the machine; ""
    /// if all is well.
    [[nodiscard]] virtual std::string_view missing_encryption() const { return ""; }
    /// A line for each right that a later batch would need and the user does not have. Leaves the
    /// connection ready for describe_table().
    [[nodiscard]] virtual SinkResult<std::vector<std::string>> missing_rights(
            const mapping::Mapping& /*mapping*/
    ) {
        return std::vector<std::string>{};
    }

    /// As Sink::connect and Sink::extend have it for one table. FailureKind::blocked: it does not
    /// fit.
    [[nodiscard]] virtual SinkResult<TablePreparation> prepare_table(
            const mapping::Table& table) = 0;
    /// Whether an error of prepare_table() leaves the other tables as good as they were.
    [[nodiscard]] virtual bool is_of_table(const SinkError& error) const = 0;
    /// All tables are prepared; the cursor is not read yet, and nothing is committed.
    [[nodiscard]] virtual SinkResult<void> tables_are_prepared() { return {}; }
    /// What prepare_table() would do, as a line for a person. FailureKind::blocked: it does not
    /// fit.
    [[nodiscard]] virtual SinkResult<std::string> describe_table(const mapping::Table& table) = 0;
    /// The table's name in SQL; "" if it is not there.
    [[nodiscard]] virtual SinkResult<std::string> find_table(const std::string& name) = 0;

    [[nodiscard]] SinkResult<Connected> set_up(
            const LaneName& lane, const mapping::Mapping& mapping);
    [[nodiscard]] SinkResult<PreparedTable> prepare_apart(const mapping::Table& table);
    [[nodiscard]] SinkResult<void> read_progress(const LaneName& lane, Connected& connected);
    [[nodiscard]] SinkResult<std::vector<std::string>> describe_tables(
            const mapping::Mapping& mapping);
    [[nodiscard]] SinkResult<std::uint64_t> count_rows(const std::string& table);
    [[nodiscard]] SinkResult<Audit> read_audit(
            const std::string& journal, std::span<const std::unique_ptr<mapping::Table>> tables);

    const std::string_view database_;
    TableWarnings warnings_;
    bool warned_of_clear_text_ = false;
};

}  // namespace foz::sink
