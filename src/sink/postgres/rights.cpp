// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/rights.h"

#include <utility>

#include <fmt/format.h>

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {
namespace {

// Of a table with oid {0}: whether it may be inserted into, read, updated; its sequences without
// USAGE that fill columns; the schema's USAGE. For a table the columns of which are granted one by
// one, all must be.
constexpr std::string_view kTableRights =
        "SELECT (SELECT pg_catalog.bool_and(attgenerated <> '' OR "
        "pg_catalog.has_column_privilege({0}, attnum, 'INSERT')) FROM c), (SELECT "
        "pg_catalog.bool_and(pg_catalog.has_column_privilege({0}, attnum, 'SELECT')) FROM c), "
        "(SELECT pg_catalog.bool_and(attgenerated <> '' OR pg_catalog.has_column_privilege({0}, "
        "attnum, 'UPDATE')) FROM c), (SELECT "
        "pg_catalog.string_agg(s.oid::pg_catalog.regclass::text, ', ') FROM pg_catalog.pg_attrdef "
        "d JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass "
        "AND p.objid = d.oid AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass JOIN "
        "pg_catalog.pg_class s ON s.oid = p.refobjid WHERE d.adrelid = {0} AND CASE WHEN s.relkind "
        "= 'S' THEN NOT pg_catalog.has_sequence_privilege(s.oid, 'USAGE, UPDATE') ELSE false END) "
        "FROM c LIMIT 1";

class RightsCheck {
  public:
    RightsCheck(Connection& connection, std::vector<std::string>& missing)
        : connection_(connection), missing_(missing) {}

    SinkResult<void> run(const mapping::Mapping& mapping) {
        auto who = connection_.run(
                "SELECT current_user, pg_catalog.current_database(), "
                "COALESCE(pg_catalog.current_schema(), ''), "
                "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'), "
                "COALESCE(pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'), "
                "false)");
        if (!who) {
            return pass_on(who);
        }
        user_ = dialect().quoted(field(*who, 0, 0));
        schema_ = field(*who, 0, 2);
        may_create_ = is_true(*who, 0, 4);
        if (!mapping.tables().empty() && !is_true(*who, 0, 3)) {
            need("a temporary table, for batches with duplicates",
                    fmt::format("GRANT TEMP ON DATABASE {}", dialect().quoted(field(*who, 0, 1))));
        }
        for (const std::string_view own : {"foz_cursor", "foz_ledger"}) {
            if (auto checked = check_table(std::string(own), true, false); !checked) {
                return checked;
            }
        }
        for (const auto& table : mapping.tables()) {
            if (auto checked = check_table(table->name, table->replaces, true); !checked) {
                return checked;
            }
        }
        return {};
    }

  private:
    void need(std::string_view what, std::string_view grant) {
        missing_.push_back(
                fmt::format("foz's user has no right to {}: {} TO {}", what, grant, user_));
    }

    SinkResult<void> check_table(const std::string& name, bool updates, bool may_be_other_schema) {
        auto found = connection_.run(fmt::format(
                "SELECT pg_catalog.to_regclass({})::oid", quoted_text(quoted_table(name))));
        if (!found) {
            return pass_on(found);
        }
        const std::string oid(field(*found, 0, 0));
        return oid.empty() ? check_create(name, may_be_other_schema)
                           : check_rights(name, oid, updates);
    }

    // The table is not there, as far as the user sees.
    SinkResult<void> check_create(const std::string& name, bool may_be_other_schema) {
        const std::size_t dot = name.find('.');
        if (!may_be_other_schema || dot == std::string::npos) {
            if (!may_create_) {
                need(fmt::format("create table {}", name),
                        fmt::format("GRANT USAGE, CREATE ON SCHEMA {}",
                                dialect().quoted(schema_.empty() ? "public" : schema_)));
            }
            return {};
        }
        const std::string schema = name.substr(0, dot);
        auto may = connection_.run(
                fmt::format("SELECT pg_catalog.has_schema_privilege(nspname, 'USAGE') AND "
                            "pg_catalog.has_schema_privilege(nspname, 'CREATE') FROM "
                            "pg_catalog.pg_namespace WHERE nspname = {}",
                        quoted_text(schema)));
        if (!may) {
            return pass_on(may);
        }
        if (PQntuples(may->get()) > 0 && !is_true(*may, 0, 0)) {
            need(fmt::format("create table {}, or to see it there", name),
                    fmt::format("GRANT USAGE, CREATE ON SCHEMA {}", dialect().quoted(schema)));
        }
        return {};
    }

    SinkResult<void> check_rights(const std::string& name, const std::string& oid, bool updates) {
        auto rights = connection_.run(
                "WITH c AS (SELECT attnum, attgenerated FROM pg_catalog.pg_attribute WHERE "
                "attrelid = " +
                oid + " AND attnum > 0 AND NOT attisdropped) " + fmt::format(kTableRights, oid));
        if (!rights) {
            return pass_on(rights);
        }
        if (PQntuples(rights->get()) == 0) {
            return {};  // a table without columns
        }
        std::string wanted;
        const auto want = [&](int column, std::string_view right) {
            if (!is_true(*rights, 0, column)) {
                wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", right);
            }
        };
        want(0, "INSERT");
        want(1, "SELECT");
        if (updates) {
            want(2, "UPDATE");
        }
        if (!wanted.empty()) {
            need(fmt::format("{} in table {}", wanted, name),
                    fmt::format("GRANT {} ON {}", wanted, quoted_table(name)));
        }
        if (const std::string_view sequences = field(*rights, 0, 3); !sequences.empty()) {
            need(fmt::format("count up the numbers of table {}", name),
                    fmt::format("GRANT USAGE ON SEQUENCE {}", sequences));
        }
        return {};
    }

    Connection& connection_;
    std::vector<std::string>& missing_;
    std::string user_;
    std::string schema_;
    bool may_create_ = false;
};

std::string_view last_word(std::string_view message) {
    return message.substr(message.rfind(' ') + 1);
}

}  // namespace

SinkResult<std::vector<std::string>> missing_rights(
        Connection& connection, const mapping::Mapping& mapping) {
    std::vector<std::string> missing;
    if (auto checked = RightsCheck(connection, missing).run(mapping); !checked) {
        return pass_on(checked);
    }
    return missing;
}

std::string grant_for(std::string_view message, std::string_view user) {
    const std::string to = dialect().quoted(user);
    const std::string_view object = last_word(message);
    const auto is_about = [&](std::string_view kind) {
        return message.find(kind) != std::string_view::npos;
    };
    std::string statement;
    if (is_about("temporary tables")) {
        statement = fmt::format("GRANT TEMP ON DATABASE {} TO {}", object, to);
    } else if (is_about("for sequence")) {
        statement = fmt::format("GRANT USAGE ON SEQUENCE {} TO {}", object, to);
    } else if (is_about("for schema")) {
        statement = fmt::format("GRANT USAGE, CREATE ON SCHEMA {} TO {}", object, to);
    } else if (is_about("must be owner of")) {
        statement = fmt::format("ALTER TABLE {} OWNER TO {}", object, to);
    } else if (is_about("for table") || is_about("for view") || is_about("for relation")) {
        const std::string_view update = object.starts_with("foz_") ? ", UPDATE" : "";
        statement = fmt::format("GRANT SELECT, INSERT{} ON {} TO {}", update, object, to);
    } else if (is_about("for function")) {
        statement = fmt::format("GRANT EXECUTE ON FUNCTION {} TO {}", object, to);
    } else {
        return "; a person has to give foz's user that right: foz check --connect prints the "
               "GRANTs";
    }
    return fmt::format(
            "; a person has to give foz's user that right: {}; (foz check --connect prints all "
            "that are missing)",
            statement);
}

}  // namespace foz::sink::postgres
