// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/table_setup.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "sink/postgres/dialect.h"
#include "sink/postgres/sqlstate.h"
#include "sink/table_changes.h"
#include "sink/table_fit.h"
#include "sink/table_warnings.h"

namespace foz::sink::postgres {
namespace {

struct Changes {
    std::vector<Change> wanted;
    std::vector<mapping::Refusal> impossible;
};

// What makes `found` fit.
Changes changes_for(const mapping::Table& table, const CatalogueTable& found) {
    Changes changes;
    for (const mapping::Column& column : table.columns) {
        const CatalogueColumn* there = found.find(column.name);
        const std::string name = dialect().quoted(column.name);
        const std::string_view type = dialect().type_name(column.type);
        if (there == nullptr && found.find_in_other_case(column.name) != nullptr) {
            continue;  // the mapping takes that one's name
        }
        if (there == nullptr) {
            changes.wanted.push_back(
                {column.name,
                 fmt::format("ADD COLUMN {} {}", name, type),
                 fmt::format("column {} cannot be added", column.name)}
            );
        } else if (auto reason = column_objection(table, column, *there); !reason.empty()) {
            changes.impossible.push_back({column.name, std::move(reason)});
        } else if (!fits(column.type, *there)) {
            changes.wanted.push_back(
                {column.name,
                 fmt::format("ALTER COLUMN {} TYPE {}", name, type),
                 fmt::format("column {} cannot become {}", column.name, type),
                 column.type == mapping::ColumnType::real && there->encoding == Encoding::int8}
            );
        }
    }
    return changes;
}

SinkResult<void> alter(
    Connection& connection, const mapping::Table& table, const std::string& clauses
) {
    auto altered = connection.run_at_length(fmt::format(
        "SAVEPOINT foz_change; ALTER TABLE {} {}; RELEASE SAVEPOINT foz_change",
        quoted_table(table.name),
        clauses
    ));
    if (altered) {
        log_changed(table.name, clauses);
        return {};
    }
    if (!connection.lost()) {
        auto undone = connection.run("ROLLBACK TO SAVEPOINT foz_change");
        if (!undone) {
            return pass_on(undone);
        }
    }
    return pass_on(altered);
}

// A double cannot hold all integers beyond 2^53: the database would round the ones that are stored
// already.
SinkResult<void> keep_stored_digits(
    Connection& connection, const mapping::Table& table, Changes& changes
) {
    for (std::size_t i = 0; i < changes.wanted.size();) {
        if (!changes.wanted[i].rounds_large) {
            ++i;
            continue;
        }
        auto large = connection.run_at_length(large_integer_query(
            quoted_table(table.name), dialect().quoted(changes.wanted[i].column)
        ));
        if (!large) {
            return pass_on(large);
        }
        if (PQntuples(large->get()) == 0) {
            ++i;
            continue;
        }
        changes.impossible.push_back(kept_integer(table.name, changes.wanted[i]));
        changes.wanted.erase(changes.wanted.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return {};
}

// The table as the database has it, which it fits; nothing when it is not there.
SinkResult<std::optional<CatalogueTable>> fitting_table(
    Connection& connection, const mapping::Table& table
) {
    auto read = read_table(connection, table.name);
    if (!read) {
        return read;
    }
    const std::optional<CatalogueTable>& found = *read;
    if (found) {
        if (const auto reason = objection(table, *found); !reason.empty()) {
            return fail(Failure::blocked, "{}", reason);
        }
        if (found->kind == "v" && !table.key.empty()) {
            const auto takes = takes_key(connection, table);
            if (!takes) {
                return std::unexpected(takes.error());
            }
            if (!*takes) {
                return fail(
                    Failure::blocked,
                    "table {}: the route's key is ({}), but a view with a trigger, or over a table "
                    "without that unique index, does not tell which keys are there; take the key "
                    "out of the route, or name the table below the view",
                    table.name,
                    quoted_list(table.key)
                );
            }
        }
    }
    return read;
}

SinkResult<CatalogueTable> read_again(Connection& connection, const mapping::Table& table) {
    auto read = read_table(connection, table.name);
    if (!read) {
        return pass_on(read);
    }
    std::optional<CatalogueTable>& found = *read;
    if (!found) {
        return fail(Failure::retry, "table {} has just been dropped", table.name);
    }
    return std::move(*found);
}

// foz makes tables, not schemas.
SinkResult<void> check_schema(Connection& connection, const mapping::Table& table) {
    const std::size_t dot = table.name.find('.');
    if (dot == std::string::npos) {
        return {};
    }
    const std::string schema = table.name.substr(0, dot);
    auto found = connection.run(
        fmt::format("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}", quoted_text(schema))
    );
    if (!found) {
        return pass_on(found);
    }
    if (PQntuples(found->get()) == 0) {
        return fail(
            Failure::blocked,
            "table {}: there is no schema {}; CREATE SCHEMA {}",
            table.name,
            schema,
            dialect().quoted(schema)
        );
    }
    return {};
}

constexpr std::string_view kMakeFields =
    "CREATE TABLE IF NOT EXISTS foz_columns (table_name text, column_name text, field text NOT "
    "NULL, "
    "PRIMARY KEY (table_name, column_name))";

SinkResult<ColumnFields> exchange_fields(
    Connection& connection, const mapping::Table& table, bool made_anew
) {
    auto there = connection.run("SELECT pg_catalog.to_regclass('foz_columns') IS NOT NULL");
    if (!there) {
        return pass_on(there);
    }
    if (!is_true(*there, 0, 0)) {
        if (auto made = connection.run(std::string(kMakeFields)); !made) {
            return pass_on(made);
        }
    }
    if (made_anew) {
        if (auto forgotten = connection.run(forget_fields(table, quoted_text)); !forgotten) {
            return pass_on(forgotten);
        }
    }
    if (const std::string values = field_values(table, quoted_text); !values.empty()) {
        auto kept =
            connection.run("INSERT INTO foz_columns VALUES " + values + " ON CONFLICT DO NOTHING");
        if (!kept) {
            return pass_on(kept);
        }
    }
    auto rows = connection.run(fields_query(table, quoted_text));
    if (!rows) {
        return pass_on(rows);
    }
    ColumnFields fields;
    for (int row = 0; row < PQntuples(rows->get()); ++row) {
        fields.emplace_back(field(*rows, row, 0), field(*rows, row, 1));
    }
    return fields;
}

// Keeps which fields fill the table's columns, and reads which did before.
SinkResult<ColumnFields> remember_fields(
    Connection& connection, const mapping::Table& table, bool made_anew
) {
    if (auto begun = connection.run("SAVEPOINT foz_fields"); !begun) {
        return pass_on(begun);
    }
    auto fields = exchange_fields(connection, table, made_anew);
    if (fields || connection.lost() || fields.error().code != kInsufficientPrivilege) {
        return fields;
    }
    warn_of_forgetfulness(fields.error().message);
    if (auto undone = connection.run("ROLLBACK TO SAVEPOINT foz_fields"); !undone) {
        return pass_on(undone);
    }
    return ColumnFields{};
}

SinkResult<TablePreparation> prepare(
    Connection& connection, const mapping::Table& table, bool& made
) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    std::optional<CatalogueTable>& found = *fitting;
    TablePreparation preparation;
    if (!found) {
        if (table.columns.empty()) {
            return preparation;
        }
        auto hint = hint_at_other_case(connection, table.name);
        if (!hint) {
            return pass_on(hint);
        }
        if (!hint->empty()) {
            spdlog::warn("table {} is made anew: {}", table.name, *hint);
        }
        if (auto created = connection.run(dialect().create_table(table)); !created) {
            return pass_on(created);
        }
        log_created(table.name);
        made = true;
    } else {
        Changes changes = table.inferred ? changes_for(table, *found) : Changes{};
        if (auto kept = keep_stored_digits(connection, table, changes); !kept) {
            return pass_on(kept);
        }
        preparation.refused = std::move(changes.impossible);
        if (changes.wanted.empty()) {
            preparation.found = std::move(*found);
            return preparation;
        }
        auto refused = make_changes(
            changes.wanted,
            [&](const std::string& clauses) { return alter(connection, table, clauses); },
            refused_by
        );
        if (!refused) {
            return pass_on(refused);
        }
        std::ranges::move(*refused, std::back_inserter(preparation.refused));
    }
    auto now = read_again(connection, table);
    if (!now) {
        return pass_on(now);
    }
    preparation.found = std::move(*now);
    return preparation;
}

}  // namespace

SinkResult<TablePreparation> prepare_table(Connection& connection, const mapping::Table& table) {
    bool made = false;
    auto preparation = prepare(connection, table, made);
    if (!preparation || !table.inferred || preparation->found.columns.empty()) {
        return preparation;
    }
    auto fields = remember_fields(connection, table, made);
    if (!fields) {
        return pass_on(fields);
    }
    preparation->fields = std::move(*fields);
    return preparation;
}

SinkResult<std::string> describe_table(Connection& connection, const mapping::Table& table) {
    auto fitting = fitting_table(connection, table);
    if (!fitting) {
        return pass_on(fitting);
    }
    const std::optional<CatalogueTable>& found = *fitting;
    if (table.inferred && found) {
        if (const Changes changes = changes_for(table, *found); !changes.impossible.empty()) {
            return fail(
                Failure::blocked, "table {}: {}", table.name, changes.impossible.front().reason
            );
        }
    }
    if (found) {
        return with_warnings(fit_line(table, found), warnings_about(table, *found));
    }
    if (auto there = check_schema(connection, table); !there) {
        return pass_on(there);
    }
    auto hint = hint_at_other_case(connection, table.name);
    if (!hint) {
        return pass_on(hint);
    }
    std::vector<std::string> warnings = warnings_of_new(table);
    if (!hint->empty()) {
        warnings.push_back(std::move(*hint));
    }
    return with_warnings(fit_line(table, found), warnings);
}

}  // namespace foz::sink::postgres
