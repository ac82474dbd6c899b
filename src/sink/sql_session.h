// SPDX-License-Identifier: Apache-2.0
// A database's connection as connecting, inspecting and auditing use it: SQL in, text out. Batches
// go other, faster ways. The sink of the database owns it; one thread; errors as in sink.h.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/own_tables_sql.h"
#include "sink/sink.h"

namespace foz::sink {

/// The cells of a row as text; nullopt is NULL.
using TextRow = std::vector<std::optional<std::string>>;

/// A number that the database itself wrote.
template <class T>
[[nodiscard]] T number(const std::optional<std::string>& cell) {
    T value = 0;
    if (cell) {
        std::from_chars(cell->data(), cell->data() + cell->size(), value);
    }
    return value;
}

class SqlSession {
  public:
    virtual ~SqlSession() = default;

    /// Runs one or more statements. `failure` ("cannot write foz_columns") is put before an error
    /// of a database whose own messages do not say what they are about.
    [[nodiscard]] virtual SinkResult<void> execute(
            const std::string& sql, std::string_view failure) = 0;
    /// Runs one SELECT.
    [[nodiscard]] virtual SinkResult<std::vector<TextRow>> rows_of(
            const std::string& sql, std::string_view failure) = 0;
    /// The same for one that may rightly take hours.
    [[nodiscard]] virtual SinkResult<std::vector<TextRow>> rows_of_long(
            const std::string& sql, std::string_view failure) = 0;

    /// Begins what makes tables. Where CREATE TABLE is part of a transaction, that is one, and no
    /// other foz is in one at the same time.
    [[nodiscard]] virtual SinkResult<void> begin_setup() = 0;
    /// Begins a transaction that changes nothing and sees one snapshot.
    [[nodiscard]] virtual SinkResult<void> begin_snapshot() = 0;
    [[nodiscard]] virtual SinkResult<void> commit() = 0;
    virtual void roll_back() = 0;

    /// A step of the set-up that may fail while the rest goes on: see apart().
    [[nodiscard]] virtual SinkResult<void> begin_step() = 0;
    /// Keeps what it has done, or takes it back as far as the database can; a lost connection is no
    /// error of this one.
    [[nodiscard]] virtual SinkResult<void> end_step(bool keep) = 0;

    [[nodiscard]] virtual const OwnTablesSql& own_tables() const = 0;
};

/// Runs `step()`, which yields a SinkResult, as a step by itself.
template <class Step>
[[nodiscard]] auto apart(SqlSession& session, Step step) -> decltype(step()) {
    if (auto begun = session.begin_step(); !begun) {
        return pass_on(begun);
    }
    auto done = step();
    if (auto ended = session.end_step(done.has_value()); !ended) {
        return pass_on(ended);
    }
    return done;
}

}  // namespace foz::sink
