// SPDX-License-Identifier: Apache-2.0
// From a message to rows: the routes of one database, compiled from the configuration.
//
// Pure but for one thing: a route without declared columns learns its table's columns from the
// payloads (Table::inferred), so map() changes its Table, adding columns at the end and widening
// integer to real. The runner hands such a table to its sink before it writes the batch.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "mapping/row_batch.h"
#include "mapping/table.h"
#include "mqtt/message.h"

namespace foz::mapping {

/// What a person reads about a route.
struct RouteInfo {
    std::string name;   // unique among all routes: as configured, or "<topic> -> <table>"
    std::string topic;  // as configured, with {captures}
    const Table* table = nullptr;  // lives as long as the Mapping; several routes may share one
};

/// One thread. Movable.
class Mapping {
  public:
    /// Compiles the routes of `settings` that go to `database`, in their order. Errors: invalid,
    /// with file and line where the configuration has them. Checks what can be checked without a
    /// database: filters, captures that do not exist, unknown time zones, two routes to one table
    /// that disagree on its columns.
    [[nodiscard]] static Result<Mapping> compile(
            const config::Settings& settings, std::string_view database);

    Mapping(Mapping&&) noexcept;
    Mapping& operator=(Mapping&&) noexcept;
    ~Mapping();

    /// Adds the rows of `message` to `batch`, and a rejection for each reading that a route cannot
    /// turn into a row. Returns how many routes take the message: their topic matches, and their
    /// `where` a reading. message.payload must be followed by
    /// kReadablePadding readable bytes. Text cells are copied into the batch.
    std::size_t map(const mqtt::Message& message, std::uint64_t position, RowBatch& batch);

    /// How many of the messages mapped so far were an empty retained one, which deletes the one
    /// before, on a topic of a route that reads the payload: it takes them, and makes nothing of
    /// them.
    [[nodiscard]] std::uint64_t deletes() const;

    /// What a person should know of the messages mapped since the last call, for the log: fields
    /// that do not come, values stored as NULL. Few, however many messages there are; none for
    /// most.
    [[nodiscard]] std::vector<std::string> take_remarks();

    /// Has a remark of every declared field that a reading lacks, not only of one that never comes.
    void remark_at_once();

    [[nodiscard]] std::span<const RouteInfo> routes() const;
    [[nodiscard]] std::vector<std::string> route_names() const;

    /// The tables of all routes, each once.
    [[nodiscard]] std::span<const std::unique_ptr<Table>> tables() const;

    /// Tells an inferred table which columns the database already has, so that they are filled and
    /// not added again. Columns of types that foz does not know are left out by the caller. And
    /// which ones it refuses: readings that need them are rejected. Yields whether the table has
    /// changed: rows mapped before may not fit it. Error: without what is refused there are no
    /// rows.
    [[nodiscard]] Result<bool> adopt_columns(const Table& table, std::span<const Column> existing,
            std::span<const Refusal> refused = {});

    /// What databases refused is asked for again when a reading needs it.
    void forget_refusals();

  private:
    struct State;
    explicit Mapping(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace foz::mapping
