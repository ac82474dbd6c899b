// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "config/remote_sections.h"
#include "config/sections.h"
#include "config/settings_parser.h"
#include "config/value_text.h"

namespace foz::config {
namespace {

constexpr std::string_view kIntroduction =
        R"(<!-- Written by tools/configuration_reference from the tables in src/config/sections.cpp; a test compares. -->
# Configuration

`foz run --config foz.toml`. The file is [TOML](https://toml.io). Every key may be left out unless it says *required*, and
without a file foz does what `foz init` writes down: it listens on 127.0.0.1:1883 and keeps every JSON message in a SQLite
database. `foz check` says what is wrong with a file, all at once, with the line and what to do.

- A duration is a string with a unit: `"20ms"`, `"10s"`, `"5m"`, `"12h"`, `"7d"`.
- A size is a string with a unit, `"512B"`, `"64KiB"`, `"64MiB"`, `"10GiB"`, `"1TiB"`, or a number of bytes.
- Relative paths of certificates, keys and password files start at the folder of the configuration file; that of `data`
  starts where foz was started, and that of a SQLite database in the data directory.
)";

constexpr std::string_view kTableHead = "| key | value | default | meaning |\n|---|---|---|---|\n";

/// The default as TOML, or what a person should know when there is none.
template <class S>
std::string default_text(const Key<S>& key) {
    if (key.facts.required) {
        return "*required*";
    }
    const auto usual = key.value_in(S(), key.facts);
    const auto* list = usual ? std::get_if<std::vector<std::string>>(&*usual) : nullptr;
    if (!usual || (list != nullptr && list->empty())) {
        return "";
    }
    return fmt::format("`{}`", toml_text(*usual, key.facts));
}

/// A heading, a sentence or two, and a table of the keys.
template <class S>
std::string reference(
        std::string_view heading, std::string_view text, std::span<const Key<S>> keys) {
    std::string page = fmt::format("\n## {}\n\n{}\n\n{}", heading, text, kTableHead);
    for (const Key<S>& key : keys) {
        std::string meaning(key.facts.description);
        if (!key.facts.example.empty()) {
            meaning += fmt::format(" Example: `{}`.", key.facts.example);
        }
        page += fmt::format("| `{}` | {} | {} | {} |\n", key.facts.name, expectation(key.facts),
                default_text(key), meaning);
    }
    return page;
}

/// Each key commented out, at its default or its example.
template <class S>
std::string commented(std::span<const Key<S>> keys) {
    std::string text;
    for (const Key<S>& key : keys) {
        const auto usual = key.value_in(S(), key.facts);
        const std::string value = key.facts.example.empty() && usual
                                          ? toml_text(*usual, key.facts)
                                          : std::string(key.facts.example);
        text += fmt::format("# {}\n#{} = {}\n", key.facts.description, key.facts.name, value);
    }
    return text;
}

constexpr std::string_view kTemplateDatabase = R"(
# Where the rows go. There may be several, each with a name of its own.
[database.foz]
url = "sqlite:foz.sqlite"
)";

constexpr std::string_view kTemplateRoutes = R"(
# What goes where. A message may match several routes; each makes rows of it for one table.

# Every JSON message is kept as it came.
[[route]]
name = "messages"
topic = "#"
database = "foz"
table = "messages"
[route.columns]
time = { message = "received", type = "timestamp" }
topic = { message = "topic", type = "text" }
client = { message = "client_id", type = "text" }
payload = { message = "payload", type = "json" }

# {"Temperature": 23.5, "Data Hora": "2022-08-01 10:00:00"} on esp32/pub, as `foz sensor` sends it.
# A time without a zone is UTC here; zone = "America/Sao_Paulo" would say otherwise.
[[route]]
name = "temperature"
topic = "esp32/pub"
database = "foz"
table = "temperature"
[route.columns]
temp = { field = "Temperature", type = "double", missing = "reject" }
dh = { field = "Data Hora", type = "timestamp" }

# All that a route can have:
#[[route]]
)";

constexpr std::string_view kTemplateSource = R"(
# Another MQTT broker that foz reads from. With one, and without a [listener.NAME], foz itself listens nowhere.
#[source.plant]
# Topic filters; QoS 1 unless told otherwise.
#subscribe = ["esp32/pub", { topic = "plant/#", qos = 2 }]
)";

constexpr std::string_view kTemplateBridge = R"(
# Another MQTT broker that foz exchanges messages with. Has the keys of a [source.NAME] but subscribe, and these:
#[bridge.cloud]
# PATTERN DIRECTION QOS LOCAL_PREFIX REMOTE_PREFIX, as Mosquitto has them.
#topics = ["sensors/# out 1", "commands/# in 1 local/ remote/"]
)";

std::string reference_of_remotes() {
    std::string page;
    page += reference("[source.NAME]",
            "Another MQTT broker (Mosquitto, AWS IoT Core, ...) that foz reads from. Any number of "
            "them. Besides the keys below it has `subscribe`, a list of topic filters, *required*: "
            "each is a text, read at QoS 1, or `{ topic = \"plant/#\", qos = 2 }`; "
            "`\"$share/GROUP/FILTER\"` is a subscription that several foz share. The broker gets "
            "its acknowledgement when a message is in the journal. Messages of a source have the "
            "client id `$source/NAME`.",
            remote_keys());
    page += reference(
            "More of a [source.NAME]", "What a [bridge.NAME] does not have.", source_keys());
    page += reference("tls of a [source.NAME] or [bridge.NAME]",
            "`tls = { ca = \"ca.crt\" }`, or a section `[source.NAME.tls]`, for `mqtts://` and "
            "`wss://`. Read again for each connection.",
            client_tls_keys());
    page += reference("[bridge.NAME]",
            "Another MQTT broker that foz exchanges messages with. Any number of them. It has all "
            "keys of a [source.NAME] but `subscribe` and `retained`, those below, and `topics`, "
            "*required*: a list of lines as Mosquitto's, `\"PATTERN DIRECTION QOS LOCAL_PREFIX "
            "REMOTE_PREFIX\"`, such as `[\"sensors/# out 1\", \"commands/# in 1 local/ "
            "remote/\"]`.",
            bridge_keys());
    return page;
}

}  // namespace

std::string settings_reference() {
    std::string page(kIntroduction);
    page += reference("Top of the file", "Before the first section.", top_keys());
    page += reference("[log]", "One line an event on standard error.", log_keys());
    page += reference("[listener.NAME]",
            "An address where foz accepts MQTT connections. Any number of them, each with a name "
            "of its own; without any, and without a [source.NAME], foz listens on the default "
            "address.",
            listener_keys());
    page += reference("tls of a [listener.NAME]",
            "`tls = { certificate = \"server.crt\", key = \"server.key\" }`, or a section "
            "`[listener.NAME.tls]`: TLS 1.2 and 1.3, and nothing else, on this address. `foz "
            "certs` makes such files: see [certificates](certificates.md). They are read again on "
            "SIGHUP.",
            server_tls_keys());
    page += reference_of_remotes();
    page += reference("[limits]",
            "Limits of the MQTT server. A client that goes beyond one is told so with the reason "
            "code that MQTT has for it, as far as its version can be told; others notice nothing.",
            limits_keys());
    page += reference("[journal]",
            "The log on disk that every message goes through, in `DATA/journal/`.", journal_keys());
    page += reference("[database.NAME]",
            "A database that rows go to. Any number of them; without any, SQLite in "
            "`DATA/foz.sqlite`, under the name `foz`.",
            database_keys());
    page += reference("[[route]]",
            "Which messages become rows of which table. Any number of them, and a message may "
            "match several; without any, every JSON message goes to `messages(time, topic, client, "
            "payload)` and the temperature readings on `esp32/pub` also to `temperature(temp, "
            "dh)`.",
            route_keys());
    page += reference("where of a [[route]]",
            "`where = { field = \"_type\", equals = \"location\" }`, or a section `[route.where]`: "
            "the route takes only readings whose field has this value.",
            filter_keys());
    page += reference("columns of a [[route]]",
            "`columns = { NAME = { ... }, ... }`, or a section `[route.columns]` below its "
            "`[[route]]`. Each column has exactly one of `field`, `capture`, `message` and "
            "`value`. Without `columns` they follow the payload: new fields add columns, integers "
            "widen to double.",
            column_keys());
    return page;
}

std::string settings_template() {
    std::string text =
            "# The configuration of foz, at its defaults: what is commented out is what foz does "
            "anyway.\n"
            "# Every key is explained in docs/configuration.md. Check it with `foz check`.\n\n";
    text += commented(top_keys());
    text += "\n[log]\n" + commented(log_keys());
    text += "\n[listener.default]\n" + commented(listener_keys());
    text += "#[listener.default.tls]\n" + commented(server_tls_keys());
    text += "\n[limits]\n" + commented(limits_keys());
    text += "\n[journal]\n" + commented(journal_keys());
    text += std::string(kTemplateDatabase) + commented(database_keys());
    text += std::string(kTemplateRoutes) + commented(route_keys());
    text += "#[route.where]\n" + commented(filter_keys());
    text += "#[route.columns.temp]\n" + commented(column_keys());
    text += std::string(kTemplateSource) + commented(remote_keys()) + commented(source_keys());
    text += "#[source.plant.tls]\n" + commented(client_tls_keys());
    text += std::string(kTemplateBridge) + commented(bridge_keys());
    return text;
}

}  // namespace foz::config
