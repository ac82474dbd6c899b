// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "state/sqlite_connection.h"
#include "tests/pipeline/side_lanes_fixture.h"
#include "tests/sink/database_under_test.h"
#include "tests/support/temporary_directory.h"

namespace foz::sink {
namespace {

using mapping::ColumnType;

class SqliteUnderTest final : public DatabaseUnderTest {
  public:
    std::string url() const override { return "sqlite:" + file().string(); }

    void execute(const std::string& sql) override {
        auto connection = open();
        if (auto done = connection.execute(sql); !done) {
            throw std::runtime_error(sql + ": " + done.error().message);
        }
    }

    Rows query(const std::string& sql) override {
        auto connection = open();
        auto statement = connection.prepare(sql);
        if (!statement) {
            throw std::runtime_error(sql + ": " + statement.error().message);
        }
        Rows rows;
        while (true) {
            auto row = statement->step();
            if (!row) {
                throw std::runtime_error(sql + ": " + row.error().message);
            }
            if (!*row) {
                return rows;
            }
            auto& cells = rows.emplace_back();
            for (int i = 0; i < statement->column_count(); ++i) {
                if (statement->is_null(i)) {
                    cells.emplace_back(std::nullopt);
                } else {
                    cells.emplace_back(statement->text(i));
                }
            }
        }
    }

    std::string as_text(ColumnType type, const std::string& quoted_column) const override {
        switch (type) {
            case ColumnType::bytes: return "hex(" + quoted_column + ")";
            case ColumnType::timestamp:
                return "CASE length(" + quoted_column + ") WHEN 19 THEN " + quoted_column +
                       " || '.000000' ELSE " + quoted_column + " END";
            case ColumnType::real: return "printf('%!.17g', " + quoted_column + ")";
            default: return quoted_column;
        }
    }

    std::optional<std::string> short_text_type() const override { return std::nullopt; }
    bool takes_nul_characters() const override { return true; }

    // A file has no read-only transactions; a trigger that refuses with a code that is not about
    // the data, or permissions (tests may run as root), would not be the same. A lock is what other
    // programs do to it.
    void set_read_only(bool read_only) override {
        if (!read_only) {
            writer_ = {};
            return;
        }
        writer_ = open();
        if (auto locked = writer_.execute("BEGIN IMMEDIATE"); !locked) {
            throw std::runtime_error(locked.error().message);
        }
    }

  private:
    std::filesystem::path file() const { return folder_ / "test.sqlite"; }

    state::SqliteConnection open() const {
        auto connection = state::SqliteConnection::open(file(), {});
        if (!connection) {
            throw std::runtime_error(connection.error().message);
        }
        return std::move(*connection);
    }

    support::TemporaryDirectory folder_;
    state::SqliteConnection writer_;
};

std::unique_ptr<DatabaseUnderTest> make_fresh_sqlite() {
    return std::make_unique<SqliteUnderTest>();
}

}  // namespace

using pipeline::SideLanesTest;
INSTANTIATE_TEST_SUITE_P(Sqlite, SinkContract, testing::Values(&make_fresh_sqlite));
INSTANTIATE_TEST_SUITE_P(Sqlite, SideLanesTest, testing::Values(&make_fresh_sqlite));

}  // namespace foz::sink
