// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/sqlstate.h"

#include <algorithm>
#include <array>

namespace foz::sink::postgres {
namespace {

struct Meaning {
    std::string_view prefix;  // a whole SQLSTATE, or the two characters of a class
    Failure failure;
};

// The first line that fits counts: exceptions stand before their class.
constexpr std::array kMeanings = {
    // foz sends binary values of the type that the column had at connect: the server cannot read
    // them
    // when it has another type now.
    Meaning{"22P03", Failure::schema},  // invalid_binary_representation
    Meaning{"22P04", Failure::schema},  // bad_copy_file_format
    Meaning{
        "08P01", Failure::schema
    },                                // protocol_violation: too few or too many bytes for the type
    Meaning{"22", Failure::refused},  // data exceptions
    Meaning{"23", Failure::refused},  // constraints
    Meaning{"44", Failure::refused},  // WITH CHECK OPTION of a view
    Meaning{"54000", Failure::refused},  // a value too large for an index
    // What only code in the database raises: triggers of the table, defaults, checks.
    Meaning{"P0", Failure::refused},       // RAISE EXCEPTION and the like in PL/pgSQL
    Meaning{"09", Failure::refused},       // triggered action exception
    Meaning{"20", Failure::refused},       // case_not_found
    Meaning{"21", Failure::refused},       // cardinality_violation
    Meaning{"27", Failure::refused},       // triggered data change violation
    Meaning{"2F", Failure::refused},       // SQL routine exception
    Meaning{"38", Failure::refused},       // external routine exception
    Meaning{"39", Failure::refused},       // external routine invocation exception
    Meaning{"42P01", Failure::schema},     // undefined_table
    Meaning{"42703", Failure::schema},     // undefined_column
    Meaning{"42804", Failure::schema},     // datatype_mismatch
    Meaning{"42P10", Failure::schema},     // no unique index for ON CONFLICT any more
    Meaning{"3F000", Failure::schema},     // invalid_schema_name
    Meaning{"25006", Failure::reconnect},  // read_only_sql_transaction: perhaps a replica now
    Meaning{"08", Failure::reconnect},     // connection exceptions
    Meaning{
        "57P", Failure::reconnect
    },  // shutdown, crash, starting up, database dropped, idle too long
};

// All that PostgreSQL itself has (Appendix A of its manual).
constexpr std::array<std::string_view, 46> kClasses = {
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22",
    "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40",
    "42", "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX", "0N", "0K"
};

// A code of the owner's own, such as ERRCODE 'T0001': raised by a trigger of his, about the row.
bool is_of_no_server(std::string_view sqlstate) {
    return sqlstate.size() == 5 &&
           std::ranges::find(kClasses, sqlstate.substr(0, 2)) == kClasses.end();
}

}  // namespace

Failure failure_of(std::string_view sqlstate) {
    if (is_of_no_server(sqlstate)) {
        return Failure::refused;
    }
    for (const Meaning& meaning : kMeanings) {
        if (sqlstate.starts_with(meaning.prefix)) {
            return meaning.failure;
        }
    }
    return Failure::retry;
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
