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
    Meaning{"54000", Failure::refused},    // a value too large for an index
    Meaning{"P0001", Failure::refused},    // RAISE EXCEPTION in a trigger of the table
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

}  // namespace

Failure failure_of(std::string_view sqlstate) {
    for (const Meaning& meaning : kMeanings) {
        if (sqlstate.starts_with(meaning.prefix)) {
            return meaning.failure;
        }
    }
    return Failure::retry;
}

Refused refused_by(std::string_view sqlstate) {
    constexpr std::string_view kInsufficientPrivilege = "42501";
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
