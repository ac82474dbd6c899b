// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/sqlstate.h"

#include <algorithm>
#include <array>

namespace foz::sink::postgres {
namespace {

struct Meaning {
    std::string_view prefix;  // a whole SQLSTATE, or the two characters of a class
    FailureKind failure;
};

// The first line that fits counts: exceptions stand before their class.
constexpr std::array kMeanings = {
    // foz sends binary values of the type that the column had at connect: the server cannot read
    // them
    // when it has another type now.
    Meaning{"22P03", FailureKind::schema},  // invalid_binary_representation
    Meaning{"22P04", FailureKind::schema},  // bad_copy_file_format
    Meaning{"08P01",
        FailureKind::schema},  // protocol_violation: too few or too many bytes for the type
    Meaning{"22", FailureKind::refused},     // data exceptions
    Meaning{"23", FailureKind::refused},     // constraints
    Meaning{"44", FailureKind::refused},     // WITH CHECK OPTION of a view
    Meaning{"54000", FailureKind::refused},  // a value too large for an index
    // What only code in the database raises: triggers of the table, defaults, checks.
    Meaning{"P0", FailureKind::refused},       // RAISE EXCEPTION and the like in PL/pgSQL
    Meaning{"09", FailureKind::refused},       // triggered action exception
    Meaning{"20", FailureKind::refused},       // case_not_found
    Meaning{"21", FailureKind::refused},       // cardinality_violation
    Meaning{"27", FailureKind::refused},       // triggered data change violation
    Meaning{"2F", FailureKind::refused},       // SQL routine exception
    Meaning{"38", FailureKind::refused},       // external routine exception
    Meaning{"39", FailureKind::refused},       // external routine invocation exception
    Meaning{"42P01", FailureKind::schema},     // undefined_table
    Meaning{"42703", FailureKind::schema},     // undefined_column
    Meaning{"42804", FailureKind::schema},     // datatype_mismatch
    Meaning{"42P10", FailureKind::schema},     // no unique index for ON CONFLICT any more
    Meaning{"3F000", FailureKind::schema},     // invalid_schema_name
    Meaning{"25006", FailureKind::reconnect},  // read_only_sql_transaction: perhaps a replica now
    Meaning{"08", FailureKind::reconnect},     // connection exceptions
    Meaning{"57P",
        FailureKind::reconnect},  // shutdown, crash, starting up, database dropped, idle too long
};

// All that PostgreSQL itself has (Appendix A of its manual).
constexpr std::array<std::string_view, 46> kClasses = {"00", "01", "02", "03", "08", "09", "0A",
    "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22", "23", "24", "25", "26", "27", "28", "2B",
    "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53", "54", "55", "57", "58",
    "72", "F0", "HV", "P0", "XX", "0N", "0K"};

// A code of the owner's own, such as ERRCODE 'T0001': raised by a trigger of his, about the row.
bool is_of_no_server(std::string_view sqlstate) {
    return sqlstate.size() == 5 &&
           std::ranges::find(kClasses, sqlstate.substr(0, 2)) == kClasses.end();
}

}  // namespace

FailureKind failure_of(std::string_view sqlstate) {
    if (is_of_no_server(sqlstate)) {
        return FailureKind::refused;
    }
    for (const Meaning& meaning : kMeanings) {
        if (sqlstate.starts_with(meaning.prefix)) {
            return meaning.failure;
        }
    }
    return FailureKind::retry;
}

bool is_of_whole_database(std::string_view sqlstate) {
    return sqlstate.starts_with("53") || sqlstate.starts_with("58") || sqlstate.starts_with("40");
}

Refused refused_by(std::string_view sqlstate) {
    static constexpr std::array<std::string_view, 6> kImpossible = {
        "0A000",  // feature_not_supported: a view or a generated column uses the column
        "2BP01",  // dependent_objects_still_exist
        "42809",  // wrong_object_type
        "42P16",  // invalid_table_definition: the column is inherited
        "54011",  // too_many_columns
        "P0001",  // RAISE EXCEPTION in an event trigger
    };
    if (sqlstate == kInsufficientPrivilege) {
        return Refused::altering;
    }
    return std::ranges::find(kImpossible, sqlstate) != kImpossible.end() ? Refused::change
                                                                         : Refused::no;
}

}  // namespace foz::sink::postgres
