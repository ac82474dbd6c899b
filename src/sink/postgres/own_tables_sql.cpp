// SPDX-License-Identifier: Apache-2.0
#include "sink/postgres/own_tables_sql.h"

#include "sink/postgres/dialect.h"

namespace foz::sink::postgres {

const OwnTablesSql& own_tables_sql() {
    static constexpr OwnTablesSql kSql{
        .quoted = &quoted_text,
        .find =
            "SELECT (pg_catalog.to_regclass('foz_cursor') IS NOT NULL AND "
            "pg_catalog.to_regclass('foz_ledger') IS NOT NULL)::int, EXISTS (SELECT FROM "
            "pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass('foz_cursor') AND "
            "attname = 'fingerprint' AND NOT attisdropped)::int",
        .create =
            "CREATE TABLE IF NOT EXISTS foz_cursor (journal text, lane text, position bigint NOT "
            "NULL, ordinal bigint NOT NULL, writer text NOT NULL DEFAULT '', fingerprint bigint "
            "NOT NULL DEFAULT 0, PRIMARY KEY (journal, lane)); "
            "CREATE TABLE IF NOT EXISTS foz_ledger (journal text, lane text, route text, stored "
            "bigint NOT NULL, duplicate bigint NOT NULL, dead bigint NOT NULL, PRIMARY KEY "
            "(journal, lane, route))",
        .add_marks =
            "ALTER TABLE foz_cursor ADD COLUMN IF NOT EXISTS writer text NOT NULL DEFAULT '', "
            "ADD COLUMN IF NOT EXISTS fingerprint bigint NOT NULL DEFAULT 0",
        .keep_lane = " ON CONFLICT DO NOTHING",
        .lock = " FOR UPDATE",
        .add_counts =
            " ON CONFLICT (journal, lane, route) DO UPDATE SET stored = foz_ledger.stored + "
            "excluded.stored, duplicate = foz_ledger.duplicate + excluded.duplicate, "
            "dead = foz_ledger.dead + excluded.dead",
        .find_fields = "SELECT 1 WHERE pg_catalog.to_regclass('foz_columns') IS NOT NULL",
        .create_fields =
            "CREATE TABLE IF NOT EXISTS foz_columns (table_name text, column_name text, field text "
            "NOT NULL, PRIMARY KEY (table_name, column_name))",
        .keep_field = " ON CONFLICT DO NOTHING",
    };
    return kSql;
}

}  // namespace foz::sink::postgres
