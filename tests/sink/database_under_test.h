// SPDX-License-Identifier: Apache-2.0
// The contract that every sink keeps is tested by sink_contract_*test.cpp, once for each kind of
// database. To add a kind: implement DatabaseUnderTest in tests/sink/KIND_under_test.cpp, and there
//
//     INSTANTIATE_TEST_SUITE_P(Postgres, SinkContract, testing::Values(&make_fresh_postgres));
//
// No database is started before its test runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "mapping/value.h"
#include "sink/sink.h"
#include "tests/sink/batch_fixture.h"

namespace foz::sink {

/// A database of its own for one test: empty at first, removed by the destructor. A failure of the
/// database itself ends the test (throw std::runtime_error).
class DatabaseUnderTest {
  public:
    using Rows = std::vector<std::vector<std::optional<std::string>>>;

    virtual ~DatabaseUnderTest() = default;

    /// For SinkOptions::url.
    [[nodiscard]] virtual std::string url() const = 0;
    /// Runs one statement as the database's owner, over a connection of the test's own.
    virtual void execute(const std::string& sql) = 0;
    /// All rows of a query, each cell as text; nullopt is NULL.
    [[nodiscard]] virtual Rows query(const std::string& sql) = 0;
    /// An SQL expression for a column (already quoted) that foz created for `type`, whose text is:
    /// integer "-42"; real as "%.17g" or any text from which std::stod makes the same double;
    /// decimal with all its digits; boolean "1" or "0"; timestamp "2024-02-29 23:59:59.000001" in
    /// UTC; text and json as they are (a database may have normalised the white space of json: the
    /// test compares without spaces).
    [[nodiscard]] virtual std::string as_text(
            mapping::ColumnType type, const std::string& quoted_column) const = 0;
    /// The SQL type of a column for at most 5 characters of text: "varchar(5)".
    /// nullopt: this kind of database does not limit text.
    [[nodiscard]] virtual std::optional<std::string> short_text_type() const = 0;
    /// Whether it can store U+0000 in text. If not, such a row must be refused alone.
    [[nodiscard]] virtual bool takes_nul_characters() const = 0;

    /// From now on new transactions of foz's user can only read (true), or write again.
    virtual void set_read_only(bool read_only) = 0;

    /// A server that can be stopped and killed; otherwise those below are not called.
    [[nodiscard]] virtual bool is_server() const { return false; }
    [[nodiscard]] virtual std::uint16_t port() const { return 0; }
    /// The same database at another port, where a proxy is.
    [[nodiscard]] virtual std::string url_at(std::uint16_t /*port*/) const { return {}; }
    /// What COMMIT looks like on the way to it.
    [[nodiscard]] virtual std::string commit_bytes() const { return {}; }
    /// Whether it has a connection of foz.
    [[nodiscard]] virtual bool has_foz() { return false; }
    virtual void stop() {}
    virtual void start() {}   // at the same url
    virtual void kill() {}    // SIGKILL, to all its processes
    virtual void freeze() {}  // SIGSTOP, likewise
    virtual void thaw() {}
};

using MakeDatabase = std::unique_ptr<DatabaseUnderTest> (*)();

/// The fixture of all contract tests.
class SinkContract : public testing::TestWithParam<MakeDatabase> {
  protected:
    DatabaseUnderTest& database() {
        if (!database_) {
            database_ = GetParam()();
        }
        return *database_;
    }
    const SinkKind& kind();
    std::string quoted(std::string_view name) { return kind().dialect().quoted(name); }
    std::unique_ptr<Sink> unconnected() { return sink_for(kind(), database().url()); }
    /// A sink that has connected as lane kLane; the test fails if it could not.
    std::unique_ptr<Sink> connected(const mapping::Mapping& mapping);
    /// What a new connection as lane kLane finds.
    Connected found_by_next(const mapping::Mapping& mapping);
    /// The only cell of a query's only row; "NULL" for NULL.
    std::string one_cell(const std::string& sql);
    std::uint64_t count(std::string_view table);

  private:
    std::unique_ptr<DatabaseUnderTest> database_;
};

/// 2024-02-29 23:59:59.000001
inline constexpr std::int64_t kLeapDay = 1'709'251'199'000'001;

/// One route into "readings" with the columns device and temperature.
[[nodiscard]] mapping::Mapping readings(std::vector<std::string> key = {});

}  // namespace foz::sink
