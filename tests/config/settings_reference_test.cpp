// SPDX-License-Identifier: Apache-2.0
// What people read about the configuration is what the parser does.
#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "config/remote_sections.h"
#include "config/sections.h"
#include "config/settings_parser.h"

namespace foz::config {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

template <class S>
void expect_documented(std::string_view page, std::span<const Key<S>> keys) {
    for (const Key<S>& key : keys) {
        EXPECT_NE(page.find("| `" + std::string(key.facts.name) + "` |"), std::string::npos)
                << key.facts.name;
    }
}

TEST(SettingsReference, is_docs_configuration_md) {
    EXPECT_EQ(content_of(FOZ_SOURCE_DIR "/docs/configuration.md"), settings_reference())
            << "run tools/configuration_reference";
}

TEST(SettingsReference, has_every_key) {
    const std::string page = settings_reference();
    expect_documented(page, top_keys());
    expect_documented(page, log_keys());
    expect_documented(page, listener_keys());
    expect_documented(page, server_tls_keys());
    expect_documented(page, client_tls_keys());
    expect_documented(page, remote_keys());
    expect_documented(page, source_keys());
    expect_documented(page, bridge_keys());
    expect_documented(page, limits_keys());
    expect_documented(page, journal_keys());
    expect_documented(page, database_keys());
    expect_documented(page, route_keys());
    expect_documented(page, filter_keys());
    expect_documented(page, column_keys());
}

/// Puts the smallest and the largest allowed value into the member: an FOZ_CHECK ends the test if
/// it is too narrow.
template <class S>
void expect_range_to_fit(std::span<const Key<S>> keys) {
    for (const Key<S>& key : keys) {
        const Range& range = key.facts.range;
        for (const std::uint64_t value : {range.min, range.max}) {
            if (range.max == 0) {
                continue;  // no number
            }
            S section;
            key.assign(section, Scalar(static_cast<std::int64_t>(value)), key.facts);
            EXPECT_EQ(key.value_in(section, key.facts),
                    Parsed(Scalar(static_cast<std::int64_t>(value))))
                    << key.facts.name;
        }
    }
}

TEST(SettingsReference, allows_no_value_that_its_setting_cannot_hold) {
    expect_range_to_fit(top_keys());
    expect_range_to_fit(limits_keys());
    expect_range_to_fit(journal_keys());
    expect_range_to_fit(database_keys());
    expect_range_to_fit(remote_keys());
    expect_range_to_fit(bridge_keys());
}

Settings without_places(Settings settings) {
    for (Listener& listener : settings.listeners) {
        listener.place = {};
    }
    for (Database& database : settings.databases) {
        database.place = {};
    }
    for (Route& route : settings.routes) {
        route.place = {};
        for (Column& column : route.columns) {
            column.place = {};
        }
    }
    return settings;
}

TEST(SettingsTemplate, says_what_foz_does_without_a_file) {
    const auto settings = parse_settings(settings_template(), "foz.toml");
    ASSERT_TRUE(settings) << settings.error().lines.at(0);
    EXPECT_EQ(without_places(*settings), default_settings());
}

/// `page` with the # taken away from each `#key = value` and `#[section]`.
std::string uncommented(const std::string& page) {
    return std::regex_replace(page, std::regex("#([a-z_]+ = |\\[)"), "$1");
}

TEST(SettingsTemplate, has_every_key_at_its_default) {
    const std::string page = settings_template();
    const auto settings =
            parse_settings(uncommented(page.substr(0, page.find("[database."))), "foz.toml");
    ASSERT_TRUE(settings) << settings.error().lines.at(0);
    Settings read = without_places(*settings);
    // What has no default has an example.
    EXPECT_EQ(read.listeners.at(0).password_file, "passwords");
    ASSERT_TRUE(read.listeners.at(0).tls);
    EXPECT_EQ(read.listeners.at(0).tls->certificate, "server.crt");
    read.listeners.at(0).password_file.reset();
    read.listeners.at(0).tls.reset();
    EXPECT_EQ(read, default_settings());
}

TEST(SettingsTemplate, shows_the_keys_of_databases_and_routes_in_a_form_that_is_right) {
    // All together they contradict each other, but each is known and has a value that it may have.
    std::string page = settings_template();
    const std::string_view active_url = "url = \"sqlite:foz.sqlite\"\n";
    page.erase(page.find(active_url), active_url.size());  // the example of url takes its place
    const auto settings = parse_settings(uncommented(page), "foz.toml");
    ASSERT_FALSE(settings);
    for (const std::string& error : settings.error().lines) {
        EXPECT_EQ(error.find("unknown"), std::string::npos) << error;
        EXPECT_EQ(error.find("must be"), std::string::npos) << error;
        EXPECT_EQ(error.find("rror while parsing"), std::string::npos) << error;
    }
}

}  // namespace
}  // namespace foz::config
