// SPDX-License-Identifier: Apache-2.0
// Everything that a person can configure, typed, with its default. Plain data: settings_parser.h
// fills it from TOML, default_settings() is what foz does without a file. docs/configuration.md has
// every key and is checked against the parser's table by a test.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace foz::config {

/// When PUBACK and PUBREC leave: design.md, promise 1.
enum class Ack : std::uint8_t { journal, commit, memory };

/// Where in the file a thing was configured; line 0: it is a default.
struct Place {
    std::string file;
    std::uint32_t line = 0;

    bool operator==(const Place&) const = default;
};

/// Whether a client has to show a certificate.
enum class ClientCertificate : std::uint8_t {
    none,      // it is not asked for one (the default without client_ca)
    optional,  // one that it shows must be good
    required,  // the default with client_ca
};

/// TLS 1.2 or 1.3 of a listener. Files are PEM; relative paths start at the configuration's folder.
struct ServerTls {
    std::string certificate;  // chain, the server's own first
    std::string key;
    std::optional<std::string> client_ca;
    std::optional<std::string> crl;  // of client_ca: what it has revoked
    std::optional<ClientCertificate> client_certificate;

    bool operator==(const ServerTls&) const = default;
};

/// TLS 1.2 or 1.3 towards a broker that foz connects to.
struct ClientTls {
    std::optional<std::string> ca;           // absent: what the system trusts
    std::optional<std::string> certificate;  // together with key
    std::optional<std::string> key;
    std::optional<std::string> crl;
    std::optional<std::string> server_name;  // SNI and the name checked; absent: the URL's host
    std::vector<std::string> alpn;           // "x-amzn-mqtt-ca" for AWS IoT Core on port 443

    bool operator==(const ClientTls&) const = default;
};

struct Listener {
    std::string name;
    std::string address = "127.0.0.1:1883";  // host:port; port 0: any free one
    bool allow_anonymous = false;  // must be written out for an address beyond loopback: promise 6
    std::optional<ServerTls> tls;
    std::optional<std::string> password_file;  // as mosquitto_passwd and `foz passwd` write it
    Place place;

    bool operator==(const Listener&) const = default;
};

/// What happens to a new dead letter when there is no room for it.
enum class DeadLettersFull : std::uint8_t {
    stop,            // its lane stands still until there is (the default)
    discard_oldest,  // the oldest are given up
};

/// Limits of the MQTT server and of what is kept for a person. Each has the name it has in the
/// configuration's [limits].
struct Limits {
    std::uint32_t connections = 100'000;                // at once
    std::uint32_t connections_unidentified = 1'000;     // at once, before CONNECT is complete
    std::chrono::milliseconds connect_timeout{10'000};  // from accept to a complete CONNECT
    std::uint32_t packet_bytes = 1 << 20;               // Maximum Packet Size [MQTT-3.2.2.3.6]
    std::uint32_t connect_packet_bytes = 64 << 10;      // of CONNECT, while the client is unknown
    std::uint16_t in_flight = 1'000;   // QoS 1 and 2 not yet acknowledged, each way
    std::uint16_t topic_aliases = 32;  // Topic Alias Maximum, for each connection
    std::uint16_t topic_levels = 32;
    std::uint16_t topic_bytes = 1'024;
    std::uint16_t client_id_bytes = 256;
    std::uint16_t user_properties = 32;             // for each packet
    std::uint32_t user_properties_bytes = 8 << 10;  // for each packet, all together
    std::uint16_t subscriptions = 1'000;            // topic filters of one SUBSCRIBE or UNSUBSCRIBE
    std::uint32_t session_messages = 100'000;       // on their way to one subscriber
    std::uint64_t retained_bytes = 256ULL << 20;    // of retained messages, in memory
    std::uint64_t output_bytes = 256 << 10;         // that wait for a subscriber who does not read
    std::uint16_t keep_alive_max = 0;  // seconds; Server Keep Alive; 0: as the client wants
    std::uint32_t sessions = 200'000;  // persistent ones, connected or not
    std::chrono::seconds session_expiry_max{7 * 24 * 3600};
    // Of all connections together: buffers, wills, topic aliases, names and passwords.
    std::uint64_t connection_memory_bytes = 256ULL << 20;
    std::uint64_t delayed_will_bytes = 64ULL << 20;  // of clients that are gone, all together
    std::uint64_t dead_letters_bytes = 1ULL << 30;   // of state.db
    std::chrono::seconds dead_letters_age{0};        // 0: they are kept until a person decides
    DeadLettersFull dead_letters_full = DeadLettersFull::stop;

    bool operator==(const Limits&) const = default;
};

struct Journal {
    std::uint64_t segment_bytes = 64ULL << 20;
    std::uint64_t size_max = 10ULL << 30;
    std::uint64_t free_space_min = 256ULL << 20;
    std::uint64_t queue_bytes_max = 16ULL << 20;
    std::uint64_t tail_bytes = 16ULL << 20;
    std::uint64_t retain_bytes = 1ULL << 30;
    std::chrono::seconds retain_age{7 * 24 * 3600};

    bool operator==(const Journal&) const = default;
};

struct Database {
    std::string name;
    std::string url;  // postgresql://..., mariadb://..., mysql://..., sqlite:PATH
    std::optional<std::string> password_file;  // instead of a password in the URL
    std::uint32_t batch_rows_max = 20'000;
    std::chrono::milliseconds batch_delay{20};  // how long a lone row waits for company
    std::uint32_t lanes = 1;  // connections; split by client id, order kept within one
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds answer_timeout{120'000};  // silence in the middle of a statement
    std::chrono::milliseconds retry_delay_max{30'000};
    Place place;

    bool operator==(const Database&) const = default;
};

/// What to do with a reading that lacks a column's field, or has null there.
enum class Missing : std::uint8_t {
    null,    // store NULL (the default)
    reject,  // make the reading a dead letter
};

/// What to do with a reading whose value cannot become the column's type.
enum class Unfit : std::uint8_t {
    reject,  // make the reading a dead letter (the default)
    null,    // store NULL, and say so now and then
};

/// A step into a JSON value: the key of a member, or the number of an element from 0.
using PathStep = std::variant<std::string, std::uint32_t>;

/// Attributes of the message itself that a column can take.
enum class MessagePart : std::uint8_t { topic, client_id, received, payload, qos, retain, user };

struct FieldSource {
    std::vector<PathStep> path;  // outermost first; empty: the whole reading

    bool operator==(const FieldSource&) const = default;
};
struct CaptureSource {
    std::string name;

    bool operator==(const CaptureSource&) const = default;
};
struct MessageSource {
    MessagePart part = MessagePart::payload;

    bool operator==(const MessageSource&) const = default;
};
struct ConstantSource {
    std::variant<bool, std::int64_t, double, std::string> value;

    bool operator==(const ConstantSource&) const = default;
};
using ColumnSource = std::variant<FieldSource, CaptureSource, MessageSource, ConstantSource>;

/// How bytes are written in a text.
enum class BytesEncoding : std::uint8_t { base64, hex, text };

/// The unit of a number that stands for a time.
enum class EpochUnit : std::uint8_t { seconds, milliseconds, microseconds, nanoseconds };

struct Column {
    std::string name;
    ColumnSource source;
    std::optional<std::string>
            type;                   // a name that mapping::column_type_from knows; absent: see docs
    std::string zone = "UTC";       // IANA name, for times without an offset
    std::optional<EpochUnit> unit;  // for times that are numbers
    std::optional<std::string>
            format;  // for times in another form, as strptime and date::parse take it
    std::optional<BytesEncoding> encoding;  // for bytes; absent: base64 in a field, else text
    Missing missing = Missing::null;
    Unfit unfit = Unfit::reject;  // "else" in the configuration
    std::optional<std::variant<bool, std::int64_t, double, std::string>> default_value;
    bool round = false;  // what the database's column cannot hold exactly is rounded, not refused
    Place place;

    bool operator==(const Column&) const = default;
};

/// Which readings are a route's: those whose field has this value.
struct Filter {
    std::vector<PathStep> field;
    std::variant<bool, std::int64_t, double, std::string> equals;

    bool operator==(const Filter&) const = default;
};

/// What to do with a reading whose key is in the table already, with other values.
enum class OnDuplicate : std::uint8_t {
    keep,     // keep what is stored, make the reading a dead letter (the default)
    replace,  // store the reading in its place
};

struct Route {
    std::string name;   // "" : made from topic and table
    std::string topic;  // an MQTT filter; a level may be {name}; + and # allowed
    std::string database;
    std::string table;
    std::vector<Column> columns;  // empty: they follow the payload
    std::vector<std::string> key;
    OnDuplicate on_duplicate = OnDuplicate::keep;
    std::vector<std::string> rows;  // path to an array of readings inside the payload; empty: the
                                    // payload is one reading, or an array of them
    std::optional<Filter> where;    // absent: all readings
    Place place;

    bool operator==(const Route&) const = default;
};

/// Which upstream service's limits are checked before it disconnects foz for them.
enum class Profile : std::uint8_t { mqtt, aws_iot };

/// How to reach another broker, as a client of it: shared by [source] and [bridge].
struct Remote {
    std::string name;  // of the section
    std::string url;   // mqtt://, mqtts://, ws://, wss:// host[:port][/path]
    std::optional<ClientTls> tls;
    std::string client_id;  // absent: "foz-" and the section's name
    std::optional<std::string> username;
    std::optional<std::string> password_file;
    std::string version = "5";  // or "3.1.1"
    Profile profile = Profile::mqtt;
    std::chrono::seconds keep_alive{60};
    std::chrono::seconds session_expiry{
        7 * 24 * 3600};                      // MQTT 5; 3.1.1 keeps it as the broker likes
    std::uint16_t receive_maximum = 65'535;  // MQTT 5: unacknowledged, towards foz
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds retry_delay_max{60'000};
    Place place;

    bool operator==(const Remote&) const = default;
};

/// `subscribe = ["esp32/pub", { topic = "plant/#", qos = 2 }]`; qos 1 unless told.
struct Subscription {
    std::string topic;  // a filter; "$share/GROUP/FILTER" is a shared subscription
    std::uint8_t qos = 1;

    bool operator==(const Subscription&) const = default;
};

/// What to do with retained messages that a broker sends because foz subscribes.
enum class Retained : std::uint8_t {
    store,  // like any other (the default)
    skip,   // they are old values: acknowledge and forget them
};

/// A broker that foz reads from.
struct Source {
    Remote remote;
    std::vector<Subscription> subscribe;
    Retained retained = Retained::store;

    bool operator==(const Source&) const = default;
};

enum class Direction : std::uint8_t { out, in, both };

/// One line of Mosquitto's `topic PATTERN DIRECTION QOS LOCAL_PREFIX REMOTE_PREFIX`.
struct BridgeTopic {
    std::string pattern;
    Direction direction = Direction::out;
    std::uint8_t qos = 0;
    std::string local_prefix;
    std::string remote_prefix;

    bool operator==(const BridgeTopic&) const = default;
};

/// A broker that foz exchanges messages with.
struct Bridge {
    Remote remote;
    std::vector<BridgeTopic> topics;  // topics = ["sensors/# out 1 local/ remote/"]
    std::uint16_t in_flight = 1'000;  // messages out that the remote has not yet acknowledged
    std::optional<std::string> notification_topic;  // "1" or "0", retained: whether the link is up

    bool operator==(const Bridge&) const = default;
};

struct Settings {
    std::filesystem::path data = "data";  // journal/, state.db and the default database live here
    Ack ack = Ack::journal;
    std::string log_level = "info";
    std::uint32_t reactors = 0;  // 0: one for each core
    std::vector<Listener> listeners;
    std::vector<Source> sources;
    std::vector<Bridge> bridges;
    Limits limits;
    Journal journal;
    std::vector<Database> databases;
    std::vector<Route> routes;

    bool operator==(const Settings&) const = default;
};

/// What foz does with no configuration at all: MQTT on 127.0.0.1:1883; a SQLite database "foz" at
/// DATA/foz.sqlite; every JSON message in table messages(time, topic, client, payload), and the
/// temperature payload on esp32/pub also in temperature(temp, dh).
[[nodiscard]] Settings default_settings();

}  // namespace foz::config
