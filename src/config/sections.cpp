// SPDX-License-Identifier: Apache-2.0
#include "config/sections.h"

#include "config/key_forms.h"

namespace foz::config {
namespace {

using key::boolean;
using key::choice;
using key::duration;
using key::kDay;
using key::kGiB;
using key::kHour;
using key::kKiB;
using key::kMiB;
using key::kSecond;
using key::kTiB;
using key::list;
using key::number;
using key::size;
using key::text;
using std::string_view;

// Choices of an enumeration stand in the order of its enumerators.
constexpr string_view kAcks[] = {"journal", "commit", "memory"};
constexpr string_view kLogLevels[] = {"error", "warn", "info", "debug"};
constexpr string_view kMessageParts[] = {
    "topic", "client_id", "received", "payload", "qos", "retain", "user"};
constexpr string_view kColumnTypes[] = {
    "integer", "double", "decimal", "text", "boolean", "timestamp", "json", "bytes"};
constexpr string_view kDeadLettersFull[] = {"stop", "discard_oldest"};
constexpr string_view kBytesEncodings[] = {"base64", "hex", "text"};
constexpr string_view kEpochUnits[] = {"s", "ms", "us", "ns"};
constexpr string_view kOnDuplicate[] = {"keep", "replace"};
constexpr string_view kMissing[] = {"null", "reject"};
constexpr string_view kUnfit[] = {"reject", "null"};

constexpr Key<Settings> kTopKeys[] = {
    text<&Settings::data>("data",
            "The data directory: the journal, foz's own state and the default database live there. "
            "`--data DIR` on the command line overrides it."),
    choice<&Settings::ack>("ack", kAcks,
            "When a QoS 1 or 2 message is acknowledged: once it is on disk (`journal`), once every "
            "database that takes it has committed it (`commit`), or at once, as other brokers do "
            "(`memory`; a crash then loses acknowledged messages)."),
    number<&Settings::reactors>(
            "reactors", {0, 1'024}, "Threads that serve connections; 0: one for each core."),
};

constexpr Key<Settings> kLogKeys[] = {
    choice<&Settings::log_level>("level", kLogLevels,
            "What is logged on standard error: `error` (a person must act), `warn` (foz recovers "
            "by itself), `info` (changes of state), `debug` (each connection)."),
};

constexpr Key<Listener> kListenerKeys[] = {
    text<&Listener::address>("address",
            "IP address and port; IPv6 as `[::1]:1883`; port 0: any free one. Beyond loopback only "
            "with a `password_file`, a `client_ca` or `allow_anonymous = true`."),
    boolean<&Listener::allow_anonymous>("allow_anonymous",
            "Lets clients in that do not say who they are, also where there is a `password_file` "
            "or a `client_ca`. Must be written out for an address that other machines can reach "
            "and that has neither."),
    text<&Listener::password_file>("password_file",
            "User names and passwords, as `foz passwd` and `mosquitto_passwd` write them. Without "
            "it (and without client certificates) anyone is let in who can reach the address.",
            "\"passwords\""),
};

constexpr Key<Limits> kLimitsKeys[] = {
    number<&Limits::connections>("connections", {1, 10'000'000}, "Connections at once."),
    number<&Limits::connections_unidentified>("connections_unidentified", {1, 10'000'000},
            "Connections at once that have not completed CONNECT. Beyond it foz closes the oldest "
            "of the address that has the most of them."),
    duration<&Limits::connect_timeout>("connect_timeout", {100, kHour},
            "From the opening of a connection to its complete CONNECT; then it is closed."),
    size<&Limits::packet_bytes>(
            "packet_bytes", {kKiB, 256 * kMiB}, "The largest packet (Maximum Packet Size)."),
    size<&Limits::connect_packet_bytes>("connect_packet_bytes", {256, 16 * kMiB},
            "The largest CONNECT packet, while nobody knows who the client is."),
    number<&Limits::in_flight>("in_flight", {1, 65'535},
            "QoS 1 and 2 messages of one client that are not acknowledged yet (Receive Maximum); "
            "as many at most are sent to it, too."),
    number<&Limits::topic_aliases>(
            "topic_aliases", {0, 65'535}, "Topic aliases of one connection (Topic Alias Maximum)."),
    number<&Limits::topic_levels>("topic_levels", {1, 1'024}, "Levels of a topic name."),
    size<&Limits::topic_bytes>("topic_bytes", {1, 65'535}, "Length of a topic name."),
    size<&Limits::client_id_bytes>("client_id_bytes", {23, 65'535}, "Length of a client id."),
    number<&Limits::user_properties>(
            "user_properties", {0, 65'535}, "User properties of one packet."),
    size<&Limits::user_properties_bytes>(
            "user_properties_bytes", {0, 16 * kMiB}, "All user properties of one packet together."),
    number<&Limits::subscriptions>(
            "subscriptions", {1, 65'535}, "Topic filters of one SUBSCRIBE or UNSUBSCRIBE."),
    number<&Limits::session_messages>("session_messages", {1, 100'000'000},
            "QoS 1 and 2 messages on their way to one subscriber, connected or not. Beyond it the "
            "oldest that was not sent is given up, and the log says so."),
    size<&Limits::retained_bytes>("retained_bytes", {kKiB, kTiB},
            "What retained messages take of the memory, all together. One for which there is no "
            "room is delivered and not retained, and the log says so."),
    size<&Limits::output_bytes>("output_bytes", {kKiB, kGiB},
            "What waits in memory for a subscriber that does not read. Beyond it messages of QoS 0 "
            "are dropped, and those of QoS 1 and 2 wait in the journal."),
    duration<&Limits::keep_alive_max>("keep_alive_max", {0, 65'535 * kSecond},
            "The longest keep-alive (Server Keep Alive); 0s: as the client wants."),
    number<&Limits::sessions>(
            "sessions", {1, 10'000'000}, "Sessions that outlive their connections."),
    duration<&Limits::session_expiry_max>("session_expiry_max", {0, 365 * kDay},
            "The longest time that a session is kept after its connection has ended."),
    size<&Limits::connection_memory_bytes>("connection_memory_bytes", {kMiB, kTiB},
            "What foz keeps in memory for all connections together: buffers, wills, topic aliases, "
            "names and passwords that wait to be checked. Beyond it foz closes those with the "
            "most."),
    size<&Limits::delayed_will_bytes>("delayed_will_bytes", {0, kTiB},
            "Wills with a Will Delay Interval, of clients that are gone, all together. One that "
            "finds no room is published at once."),
    size<&Limits::dead_letters_bytes>("dead_letters_bytes", {kMiB, 1'024 * kTiB},
            "What dead letters may take of the disk (in `state.db`, with all that is in it). A "
            "warning comes at 80 %."),
    choice<&Limits::dead_letters_full>("dead_letters_full", kDeadLettersFull,
            "What happens when a reading becomes a dead letter and `dead_letters_bytes` is "
            "reached: its lane waits until there is room, and what the lane has not stored stays "
            "in the journal (`stop`), or the oldest dead letters are given up, as `foz dead "
            "discard` does (`discard_oldest`)."),
    duration<&Limits::dead_letters_age>("dead_letters_age", {0, 36'500 * kDay},
            "Dead letters that have waited for longer are given up, as `foz dead discard` does. A "
            "warning comes at 80 %. 0s: they are kept until a person replays or discards them."),
};

constexpr Key<Journal> kJournalKeys[] = {
    size<&Journal::segment_bytes>("segment_bytes", {kMiB, 4 * kGiB}, "Size of a segment file."),
    size<&Journal::size_max>("size_max", {2 * kMiB, 1'024 * kTiB},
            "All segments together. When they are full of messages that a database still waits "
            "for, foz stops acknowledging and reading until there is room."),
    size<&Journal::free_space_min>("free_space_min", {0, 1'024 * kTiB},
            "What must stay free on the disk. Below it no new segment is begun, and foz stops "
            "acknowledging when the last one is full, as above."),
    size<&Journal::queue_bytes_max>("queue_bytes_max", {64 * kKiB, 16 * kGiB},
            "Messages that were received and are not on disk yet."),
    size<&Journal::tail_bytes>("tail_bytes", {0, 16 * kGiB},
            "Messages that were written last and stay in memory: whoever keeps up, such as a "
            "database, reads no file."),
    size<&Journal::retain_bytes>("retain_bytes", {0, 1'024 * kTiB},
            "How much to keep of what every database has, for `foz replay`."),
    duration<&Journal::retain_age>(
            "retain_age", {0, 36'500 * kDay}, "Nothing that every database has is kept longer."),
};

constexpr Key<Database> kDatabaseKeys[] = {
    key::required(
            text<&Database::url>("url",
                    "`postgresql://user@host:port/database`, `mariadb://...`, `mysql://...` or "
                    "`sqlite:PATH`; a relative PATH lies in the data directory. Of several hosts, "
                    "`a:3306,b:3306`, the first that answers and can be written to is taken "
                    "(PostgreSQL: with `target_session_attrs=read-write`). TLS: `?sslmode=...` for "
                    "PostgreSQL, `?ssl-mode=...` for MariaDB and MySQL; see "
                    "[sinks](sinks.md#tls-to-the-database)."),
            "\"postgresql://foz@127.0.0.1/mqtt\""),
    text<&Database::password_file>("password_file",
            "A file whose first line is the password, instead of a password in `url`.",
            "\"/etc/foz/warehouse.password\""),
    number<&Database::batch_rows_max>(
            "batch_rows_max", {1, 1'000'000}, "The most rows of one transaction."),
    duration<&Database::batch_delay>(
            "batch_delay", {0, 60 * kSecond}, "How long a lone row waits for company."),
    number<&Database::lanes>("lanes", {1, 64},
            "Connections that write at the same time; messages of one client stay in order."),
    duration<&Database::connect_timeout>(
            "connect_timeout", {100, kHour}, "How long to wait for a connection."),
    duration<&Database::answer_timeout>("answer_timeout", {100, kDay},
            "How long a database may be silent in the middle of a statement. Then foz connects "
            "anew, and the cursor tells what was written. More than the slowest batch takes."),
    duration<&Database::retry_delay_max>("retry_delay_max", {10, kDay},
            "Attempts to reach a database that is down come ever slower, up to this delay. They "
            "never stop."),
};

constexpr Key<Route> kRouteKeys[] = {
    text<&Route::name>("name",
            "What foz calls this route in what it prints. Without it: topic and table.",
            "\"climate\""),
    key::required(
            text<&Route::topic>("topic",
                    "An MQTT topic filter: `+` is any level, `#` all that follow; `{name}` is any "
                    "level and `{name...}`, at the end, all that follow, captured for a column."),
            "\"sites/{site}/{device}/climate\""),
    text<&Route::database>("database",
            "The name of a [database]. May be left out when there is only one.", "\"foz\""),
    key::required(text<&Route::table>("table",
                          "The table; `schema.table` is possible. Created when it is missing, "
                          "checked when it is there."),
            "\"climate\""),
    list<&Route::key>(KeyKind::names, "key",
            "Columns that make a row unique: a row whose key is in the table already is a "
            "duplicate, not stored and counted.",
            "[\"dh\", \"device\"]"),
    choice<&Route::on_duplicate>("on_duplicate", kOnDuplicate,
            "What becomes of a reading whose `key` is in the table with other values: a dead "
            "letter (`keep` what is stored), or the row (`replace`)."),
    list<&Route::rows>(KeyKind::path, "rows",
            "Where in the payload the array of readings is, each of which becomes a row. Without "
            "it, the payload itself is one reading or an array of them.",
            "\"data.readings\""),
};

constexpr Key<Filter> kFilterKeys[] = {
    key::required(list<&Filter::field>(KeyKind::field, "field",
                          "The field of the JSON payload to look at, written as in a column.",
                          "\"_type\""),
            "\"_type\""),
    key::required(list<&Filter::equals>(KeyKind::scalar, "equals",
                          "The value that the readings of this route have there, of the same JSON "
                          "type. The others are not this route's.",
                          "\"location\""),
            "\"location\""),
};

// A column's source is one variant member, so each of its four keys has its own way in.
template <class Source>
constexpr Key<Column> source_key(const KeyFacts& facts) {
    return Key<Column>{
        facts,
        [](Column& to, Parsed&& value, const KeyFacts& known) {
            Source source;
            auto& [member] = source;
            key::store(member, std::move(value), known);
            to.source = std::move(source);
        },
        [](const Column&, const KeyFacts&) { return std::optional<Parsed>(); },
    };
}

constexpr Key<Column> kColumnKeys[] = {
    source_key<FieldSource>({
        .name = "field",
        .kind = KeyKind::field,
        .description =
                "Takes the value from the JSON payload: `\"a.b\"` is `b` inside `a`; `[\"a.b\", "
                "\"c\"]` are the exact keys, when one has a dot in it; `[\"Power\", 0]` is the "
                "first element of the array `Power`; `[]` is the whole reading.",
        .example = "\"Data Hora\"",
    }),
    source_key<CaptureSource>({
        .name = "capture",
        .description = "Takes what stood in the topic where the route's `topic` has this name.",
        .example = "\"device\"",
    }),
    source_key<MessageSource>({
        .name = "message",
        .kind = KeyKind::choice,
        .description = "Takes something of the message itself. `user` is the publisher's user "
                       "name, or the CN of its certificate; NULL without one.",
        .example = "\"received\"",
        .choices = kMessageParts,
    }),
    source_key<ConstantSource>({
        .name = "value",
        .kind = KeyKind::scalar,
        .description = "Takes this constant.",
        .example = "\"greenhouse\"",
    }),
    choice<&Column::type>("type", kColumnTypes,
            "The column's type. Without it the one that the source suggests: a field is a double, "
            "or a timestamp if it has a zone, unit or format.",
            "\"timestamp\""),
    text<&Column::zone>("zone",
            "The time zone of a timestamp that is written without one; a name of the IANA "
            "database."),
    choice<&Column::unit>("unit", kEpochUnits,
            "The unit of a timestamp that is a number (since 1970).", "\"ms\""),
    text<&Column::format>("format",
            "The form of a timestamp that is neither ISO 8601 nor `YYYY-MM-DD HH:MM:SS`, as "
            "`strptime` takes it.",
            "\"%d/%m/%Y %H:%M\""),
    choice<&Column::encoding>("encoding", kBytesEncodings,
            "How bytes are written in the text: `base64`, `hex`, or as they are (`text`). Without "
            "it base64 in a field of JSON, and as they are elsewhere: in `message = \"payload\"` "
            "they are the payload.",
            "\"hex\""),
    choice<&Column::missing>("missing", kMissing,
            "When the field is missing or null: store `NULL`, or make the reading a dead letter "
            "(`reject`)."),
    choice<&Column::unfit>("else", kUnfit,
            "When the value cannot become the column's type: make the reading a dead letter "
            "(`reject`), or store `NULL` for it (`null`), which the log says now and then."),
    list<&Column::default_value>(
            KeyKind::scalar, "default", "What to store when the field is missing or null.", "0"),
    boolean<&Column::round>("round",
            "Whether a value that the column cannot hold exactly (a fraction of a second, more "
            "digits) is rounded as the database does it, instead of making the reading a dead "
            "letter."),
};

}  // namespace

std::span<const Key<Settings>> top_keys() {
    return kTopKeys;
}
std::span<const Key<Settings>> log_keys() {
    return kLogKeys;
}
std::span<const Key<Listener>> listener_keys() {
    return kListenerKeys;
}
std::span<const Key<Limits>> limits_keys() {
    return kLimitsKeys;
}
std::span<const Key<Journal>> journal_keys() {
    return kJournalKeys;
}
std::span<const Key<Database>> database_keys() {
    return kDatabaseKeys;
}
std::span<const Key<Route>> route_keys() {
    return kRouteKeys;
}
std::span<const Key<Filter>> filter_keys() {
    return kFilterKeys;
}
std::span<const Key<Column>> column_keys() {
    return kColumnKeys;
}

}  // namespace foz::config
