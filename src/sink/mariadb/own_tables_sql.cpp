// SPDX-License-Identifier: Apache-2.0
#include "sink/mariadb/own_tables_sql.h"

#include "sink/mariadb/dialect.h"

namespace foz::sink::mariadb {

const OwnTablesSql& own_tables_sql() {
    static constexpr OwnTablesSql kSql{
        .quoted = &quoted_text,
        .find =
            "SELECT COUNT(*) = 2, EXISTS (SELECT 1 FROM information_schema.columns WHERE "
            "table_schema = DATABASE() AND table_name = 'foz_cursor' AND column_name = "
            "'fingerprint') FROM information_schema.tables WHERE table_schema = DATABASE() AND "
            "table_name IN ('foz_cursor', 'foz_ledger')",
        .create =
            "CREATE TABLE IF NOT EXISTS foz_cursor (journal varchar(64) NOT NULL, lane "
            "varchar(128) NOT NULL, position bigint unsigned NOT NULL, ordinal bigint unsigned NOT "
            "NULL, writer varchar(64) NOT NULL DEFAULT '', fingerprint bigint NOT NULL DEFAULT 0, "
            "PRIMARY KEY (journal, lane)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
            "COLLATE=utf8mb4_bin; "
            "CREATE TABLE IF NOT EXISTS foz_ledger (journal varchar(64) NOT NULL, lane "
            "varchar(128) NOT NULL, route varchar(500) NOT NULL, stored bigint NOT NULL, duplicate "
            "bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY (journal, lane, route)) "
            "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        .add_marks =
            "ALTER TABLE foz_cursor ADD COLUMN writer varchar(64) NOT NULL DEFAULT '', "
            "ADD COLUMN fingerprint bigint NOT NULL DEFAULT 0",
        .keep_lane = " ON DUPLICATE KEY UPDATE lane = lane",
        .lock = "",
        .add_counts =
            " ON DUPLICATE KEY UPDATE stored = stored + VALUES(stored), duplicate = duplicate + "
            "VALUES(duplicate), dead = dead + VALUES(dead)",
        .find_fields =
            "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND "
            "table_name = 'foz_columns'",
        .create_fields =
            "CREATE TABLE IF NOT EXISTS foz_columns (table_name varchar(128) NOT NULL, column_name "
            "varchar(64) NOT NULL, field text NOT NULL, PRIMARY KEY (table_name, column_name)) "
            "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        .keep_field = " ON DUPLICATE KEY UPDATE table_name = foz_columns.table_name",
    };
    return kSql;
}

}  // namespace foz::sink::mariadb
