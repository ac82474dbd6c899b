// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/error_number.h"

#include <algorithm>
#include <array>

namespace foz::sink::mariadb {

namespace {

// Numbers from here on come from SIGNAL ... SET MYSQL_ERRNO alone.
constexpr unsigned kServerNumbersEnd = 20'000;

// All classes of SQLSTATE that MariaDB, MySQL and their client library have.
constexpr std::array<std::string_view, 32> kClasses = {"00", "01", "02", "07", "08", "0A", "0K",
    "0Z", "20", "21", "22", "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "35", "38",
    "39", "3D", "40", "42", "44", "70", "HY", "HV", "XA"};

// A code of the owner's own, such as SIGNAL SQLSTATE '45000': by a trigger of his, about the row.
bool is_of_no_server(unsigned number, std::string_view sqlstate) {
    return number >= kServerNumbersEnd ||
           (sqlstate.size() == 5 &&
                   std::ranges::find(kClasses, sqlstate.substr(0, 2)) == kClasses.end());
}

}  // namespace

FailureKind failure_of(unsigned number, std::string_view sqlstate) {
    if (is_of_no_server(number, sqlstate)) {
        return FailureKind::refused;
    }
    switch (number) {
        case 1048:  // column cannot be null
        case 1062:  // duplicate entry
        case 1118:  // row size too large, at INSERT: innodb_strict_mode is off
        case 1216:  // foreign key: no parent row
        case 1264:  // out of range value
        case 1265:  // data truncated
        case 1292:  // incorrect value
        case 1364:  // field has no default value
        case 1366:  // incorrect value for column, such as text that is not UTF-8
        case 1367:  // illegal value found during parsing
        case 1406:  // data too long
        case 1411:  // incorrect value for function
        case 1416:  // geometry
        case 1452:  // foreign key: no parent row
        case 1525:  // incorrect value
        case 1526:  // no partition for the value
        case 1339:  // CASE without a case for it, in a trigger of the table
        case 1642:  // SIGNAL in a trigger: a warning
        case 1643:  // SIGNAL in a trigger: not found
        case 1644:  // SIGNAL in a trigger of the table
        case 1690:  // value out of range in an expression
        case 1748:  // row does not match the given partitions
        case 1863:  // row not in the partition
        case 3140:  // MySQL: invalid JSON
        case 3819:  // MySQL: check constraint
        case 4025:  // MariaDB: check constraint, which JSON columns have
            return FailureKind::refused;
        case 1054:  // unknown column
        case 1136:  // column count
        case 1146:  // no such table
        case 1109:  // unknown table
            return FailureKind::schema;
        case 1053:  // server shutdown in progress
        case 1077:  // normal shutdown
        case 1079:  // shutdown complete
        case 1080:  // forcing close
        case 1152:  // aborted connection
        case 1153:  // packet too large: the server hangs up
        case 1154:
        case 1155:
        case 1156:
        case 1157:
        case 1158:
        case 1159:
        case 1160:
        case 1161:  // network
        case 1184:  // aborted connection
        case 1290:  // read_only: perhaps a replica now
        case 1792:  // read-only transaction
        case 1836:  // read-only mode
        case 1927:  // connection was killed
        case 2002:
        case 2003:
        case 2006:
        case 2013:
        case 2014:
        case 2027:
        case 2055:  // of the client library
            return FailureKind::reconnect;
        default: return FailureKind::retry;
    }
}

bool is_of_whole_database(std::string_view code) {
    static constexpr std::array<std::string_view, 12> kCodes = {"1021", "1026", "1030", "1037",
        "1038", "1040", "1041", "1047", "1114", "1180", "1203", "1213"};
    return std::ranges::find(kCodes, code) != kCodes.end();
}

Refused refused_by(std::string_view code) {
    static constexpr std::array<std::string_view, 3> kDenials = {
        "1044",  // access to the database denied
        "1142",  // ALTER command denied
        "1227",  // a privilege is needed
    };
    static constexpr std::array<std::string_view, 8> kImpossible = {
        "1117",  // too many columns
        "1118",  // row size too large
        "1347",  // it is a view
        "1832",  // a foreign key uses the column
        "1833",  // a foreign key of another table does
        "1845",  // not with this algorithm
        "1846",  // likewise, with a reason
        "3108",  // MySQL: a generated column uses the column
    };
    if (std::ranges::find(kDenials, code) != kDenials.end()) {
        return Refused::altering;
    }
    return std::ranges::find(kImpossible, code) != kImpossible.end() ? Refused::change
                                                                     : Refused::no;
}

}  // namespace foz::sink::mariadb
