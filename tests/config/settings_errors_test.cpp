// SPDX-License-Identifier: Apache-2.0
// Every way in which a configuration can be wrong, with the exact line that a person reads.
#include <gtest/gtest.h>

#include "config/settings_parser.h"
#include "tests/config/errors_of.h"

namespace foz::config {
namespace {

/// A route with `columns` in the fourth line.
std::string route_with(std::string_view columns) {
    return "[[route]]\ntopic = \"sites/{site}\"\ntable = \"t\"\ncolumns = " + std::string(columns);
}

TEST(SettingsErrors, name_the_line_of_a_mistake_in_the_toml) {
    // The rest of the line is toml++'s.
    const Lines no_value = errors_of("data = \"x\"\nack = \n");
    ASSERT_EQ(no_value.size(), 1U);
    EXPECT_TRUE(no_value[0].starts_with("foz.toml:2: ")) << no_value[0];
    const Lines twice = errors_of("ack = \"journal\"\nack = \"commit\"\n");
    ASSERT_EQ(twice.size(), 1U);
    EXPECT_TRUE(twice[0].starts_with("foz.toml:2: ")) << twice[0];
}

TEST(SettingsErrors, guess_what_a_mistyped_key_was_meant_to_be) {
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"t\"\ntable = \"t\"\ndatabse = \"x\"\n"),
            Lines{"foz.toml:4: unknown key \"databse\" in [[route]]; did you mean \"database\"?"});
    EXPECT_EQ(errors_of("[limit]\n"), Lines{"foz.toml:1: unknown key \"limit\" in the "
                                            "configuration; did you mean \"limits\"?"});
    EXPECT_EQ(errors_of(route_with("{ c = { feild = \"x\" } }")),
            (Lines{
                "foz.toml:4: unknown key \"feild\" in column \"c\"; did you mean \"field\"?",
                "foz.toml:4: column \"c\" needs one of \"field\", \"capture\", \"message\", "
                "\"value\"",
            }));
}

TEST(SettingsErrors, list_the_keys_when_an_unknown_one_is_like_none_of_them) {
    EXPECT_EQ(errors_of("[log]\ncolour = true\n"),
            Lines{"foz.toml:2: unknown key \"colour\" in [log]; known are \"level\""});
}

TEST(SettingsErrors, say_what_a_value_must_be_and_what_it_is) {
    EXPECT_EQ(errors_of("reactors = \"many\"\n"),
            Lines{"foz.toml:1: \"reactors\" in the configuration must be a whole number from 0 to "
                  "1024, such as 0; it is \"many\""});
    EXPECT_EQ(errors_of("ack = \"jurnal\"\n"),
            Lines{"foz.toml:1: \"ack\" in the configuration must be \"journal\", \"commit\" or "
                  "\"memory\"; it is \"jurnal\""});
    EXPECT_EQ(errors_of("data = 2022-08-01\n"),
            Lines{"foz.toml:1: \"data\" in the configuration must be a non-empty string, such as "
                  "\"data\"; it is a date or time"});
    EXPECT_EQ(errors_of("[listener.a]\nallow_anonymous = \"yes\"\n"),
            Lines{"foz.toml:2: \"allow_anonymous\" in [listener.a] must be true or false; it is "
                  "\"yes\""});
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"t\"\ntable = \"t\"\nkey = \"dh\"\n"),
            Lines{"foz.toml:4: \"key\" in [[route]] must be a list of strings, such as [\"dh\", "
                  "\"device\"]; it is \"dh\""});
}

TEST(SettingsErrors, refuse_what_is_out_of_range) {
    EXPECT_EQ(errors_of("[limits]\nin_flight = 65536\nconnections = 0\nsessions = -1\n"),
            (Lines{
                "foz.toml:2: \"in_flight\" in [limits] must be a whole number from 1 to 65535, "
                "such as 1000; it is 65536",
                "foz.toml:3: \"connections\" in [limits] must be a whole number from 1 to "
                "10000000, such as 100000; it is 0",
                "foz.toml:4: \"sessions\" in [limits] must be a whole number from 1 to 10000000, "
                "such as 200000; it is -1",
            }));
    EXPECT_EQ(errors_of("[journal]\nsegment_bytes = \"1KiB\"\n"),
            Lines{"foz.toml:2: \"segment_bytes\" in [journal] must be a size from 1MiB to 4GiB, "
                  "such as \"64MiB\"; it is \"1KiB\""});
}

TEST(SettingsErrors, ask_for_the_unit_of_a_duration) {
    EXPECT_EQ(errors_of("[database.d]\nurl = \"sqlite:d\"\nbatch_delay = 20\n"),
            Lines{"foz.toml:3: \"batch_delay\" in [database.d] must be a duration from 0s to 1m, "
                  "such as \"20ms\"; it is 20"});
    EXPECT_EQ(errors_of("[limits]\nkeep_alive_max = \"1500ms\"\n"),
            Lines{"foz.toml:2: \"keep_alive_max\" in [limits] must be a duration in whole seconds "
                  "from 0s to 65535s, such as \"0s\"; it is \"1500ms\""});
}

TEST(SettingsErrors, refuse_values_that_cannot_be_together) {
    EXPECT_EQ(errors_of("[limits]\nconnections = 10\n"),
            Lines{"foz.toml:2: \"connections_unidentified\" in [limits] is more than "
                  "\"connections\", 1000 and 10; lower the one or raise the other"});
    EXPECT_EQ(errors_of("[journal]\nsize_max = \"512MiB\"\n"),
            Lines{"foz.toml:2: \"retain_bytes\" in [journal] is more than \"size_max\", 1073741824 "
                  "and 536870912; lower the one or raise the other"});
    EXPECT_EQ(errors_of("[journal]\nqueue_bytes_max = \"1MiB\"\n"),
            Lines{"foz.toml:1: a packet of \"packet_bytes\" in [limits], 1048576 bytes, must fit "
                  "twice into \"segment_bytes\" and \"queue_bytes_max\" in [journal]; lower it or "
                  "raise those"});
}

TEST(SettingsErrors, refuse_an_address_that_is_none) {
    for (const char* address : {"1883", "localhost:1883", "127.0.0.1",
             "127.0.0.1:", "127.0.0.1:65536", "::1:1883", "[::1]", "127.0.0.1:18 83"}) {
        EXPECT_EQ(errors_of("[listener.a]\naddress = \"" + std::string(address) + "\"\n"),
                Lines{"foz.toml:2: \"address\" in [listener.a] must be an IP address and a port, "
                      "such as 127.0.0.1:1883 or [::1]:1883; it is \"" +
                      std::string(address) + "\""});
    }
}

TEST(SettingsErrors, refuse_two_listeners_on_one_address) {
    EXPECT_EQ(errors_of("[listener.a]\n[listener.b]\n"),
            Lines{"foz.toml:2: [listener.b] listens on 127.0.0.1:1883, as another listener does; "
                  "give it a port of its own"});
    EXPECT_EQ(errors_of("[listener.a]\naddress = \"127.0.0.1:0\"\n[listener.b]\naddress = "
                        "\"127.0.0.1:0\"\n"),
            Lines());
}

TEST(SettingsErrors, know_the_schemes_of_databases) {
    EXPECT_EQ(errors_of("[database.d]\nurl = \"postgre://h/d\"\n"),
            Lines{"foz.toml:2: \"url\" in [database.d] has the unknown scheme \"postgre\"; did you "
                  "mean \"postgres\"?"});
    EXPECT_EQ(errors_of("[database.d]\nurl = \"mongodb://h/d\"\n"),
            Lines{"foz.toml:2: \"url\" in [database.d] has the unknown scheme \"mongodb\"; known "
                  "are \"postgresql\", \"postgres\", \"mariadb\", \"mysql\" and \"sqlite\""});
    EXPECT_EQ(errors_of("[database.d]\nurl = \"mysql:h/d\"\n"),
            Lines{"foz.toml:2: \"url\" in [database.d] must go on with mysql://host/database"});
    EXPECT_EQ(errors_of("[database.d]\nurl = \"sqlite:\"\n"),
            Lines{
                "foz.toml:2: \"url\" in [database.d] needs a file, such as \"sqlite:foz.sqlite\""});
    EXPECT_EQ(errors_of("[database.d]\n"), Lines{"foz.toml:1: [database.d] needs \"url\", such as "
                                                 "url = \"postgresql://foz@127.0.0.1/mqtt\""});
}

TEST(SettingsErrors, refuse_a_password_that_is_given_twice_or_for_nothing) {
    EXPECT_EQ(errors_of("[database.d]\nurl = \"mysql://u:secret@h/d\"\npassword_file = \"p\"\n"),
            Lines{"foz.toml:3: [database.d] has a password in \"url\" and a \"password_file\"; "
                  "take one of them out"});
    EXPECT_EQ(errors_of("[database.d]\nurl = \"sqlite:d\"\npassword_file = \"p\"\n"),
            Lines{"foz.toml:3: \"password_file\" in [database.d] has no use: SQLite knows no "
                  "passwords; take it out"});
    EXPECT_EQ(errors_of("[database.d]\nurl = \"mysql://u@h:3306/d\"\npassword_file = \"p\"\n"),
            Lines());
}

TEST(SettingsErrors, find_references_to_nowhere) {
    EXPECT_EQ(errors_of("[database.warehouse]\nurl = \"sqlite:w\"\n"
                        "[[route]]\ntopic = \"t\"\ntable = \"t\"\ndatabase = \"werehouse\"\n"),
            Lines{"foz.toml:6: \"database\" in [[route]] is \"werehouse\", which is not "
                  "configured; did you mean \"warehouse\"?"});
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"t\"\ntable = \"t\"\ndatabase = \"warehouse\"\n"),
            Lines{"foz.toml:4: \"database\" in [[route]] is \"warehouse\", which is not "
                  "configured; add a section [database.warehouse] with its url"});
    EXPECT_EQ(errors_of(route_with("{ temp = { field = \"t\" } }\non_duplicate = \"replace\"")),
            Lines{"foz.toml:5: \"on_duplicate\" in [[route]] is \"replace\", but without a \"key\" "
                  "no reading replaces another; add the key, or take it out"});
    EXPECT_EQ(errors_of(route_with("{ temp = { field = \"t\" } }\non_duplicate = \"keep\"")),
            Lines{});
    EXPECT_EQ(errors_of(route_with(
                      "{ temp = { field = \"t\" } }\nkey = [\"temp\", \"tmp\", \"temp\"]")),
            (Lines{
                "foz.toml:5: \"key\" in [[route]] has \"tmp\", which is no column; did you mean "
                "\"temp\"?",
                "foz.toml:5: \"key\" in [[route]] has \"temp\" twice",
            }));
    EXPECT_EQ(errors_of(route_with("{ c = { capture = \"sight\" } }")),
            Lines{"foz.toml:4: column \"c\" takes the capture \"sight\", which topic "
                  "\"sites/{site}\" does not have; known are \"site\""});
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"a/+\"\ntable = \"t\"\n[route.columns]\nc.capture = "
                        "\"site\"\n"),
            Lines{"foz.toml:5: column \"c\" takes the capture \"site\", which topic \"a/+\" does "
                  "not have; write {site} for a level of it"});
}

TEST(SettingsErrors, let_a_route_name_the_default_database) {
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"t\"\ntable = \"t\"\ndatabase = \"foz\"\n"), Lines());
}

TEST(SettingsErrors, ask_which_of_several_databases_a_route_means) {
    const std::string two = "[database.a]\nurl = \"sqlite:a\"\n[database.b]\nurl = \"sqlite:b\"\n";
    EXPECT_EQ(errors_of(two + "[[route]]\ntopic = \"t\"\ntable = \"t\"\n"),
            Lines{"foz.toml:5: [[route]] needs \"database\", because there are several: \"a\" and "
                  "\"b\""});
    EXPECT_EQ(errors_of(two), Lines{"foz.toml:3: there are 2 databases and no [[route]] that says "
                                    "what goes where; add one for each"});
}

TEST(SettingsErrors, tell_what_a_route_lacks) {
    EXPECT_EQ(errors_of("\n[[route]]\n"),
            (Lines{
                "foz.toml:2: [[route]] needs \"topic\", such as topic = "
                "\"sites/{site}/{device}/climate\"",
                "foz.toml:2: [[route]] needs \"table\", such as table = \"climate\"",
            }));
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"\"\ntable = \"\"\n"),
            (Lines{
                "foz.toml:2: \"topic\" in [[route]] must be a non-empty string, such as "
                "\"sites/{site}/{device}/climate\"; it is \"\"",
                "foz.toml:3: \"table\" in [[route]] must be a non-empty string, such as "
                "\"climate\"; it is \"\"",
            }));
    EXPECT_EQ(errors_of("[[route]]\nname = \"a\"\ntopic = \"t\"\ntable = \"t\"\n"
                        "[[route]]\nname = \"a\"\ntopic = \"t\"\ntable = \"t\"\n"),
            Lines{"foz.toml:6: two routes have the name \"a\"; the ledger needs one for each"});
}

TEST(SettingsErrors, tell_how_sections_are_written) {
    EXPECT_EQ(errors_of("limits = 3\n"),
            Lines{"foz.toml:1: \"limits\" must be a section, [limits]; it is 3"});
    EXPECT_EQ(errors_of("[listener]\naddress = \"127.0.0.1:1\"\n"),
            Lines{"foz.toml:2: \"address\" stands in [listener] without a name; a listener has "
                  "one, as [listener.main]"});
    EXPECT_EQ(errors_of("database = \"sqlite:x\"\n"),
            Lines{"foz.toml:1: \"database\" must be a section with a name, as [database.main]"});
    EXPECT_EQ(errors_of("[database.\"a b\"]\nurl = \"sqlite:x\"\n"),
            Lines{"foz.toml:1: the name \"a b\" of a database must be 1 to 64 letters, digits, _ "
                  "or -"});
    EXPECT_EQ(errors_of("[route]\ntopic = \"t\"\n"),
            Lines{"foz.toml:1: a route is written as [[route]], with two brackets"});
    EXPECT_EQ(errors_of(route_with("[\"temp\"]")),
            Lines{"foz.toml:4: \"columns\" in [[route]] must be a table of columns, such as { temp "
                  "= { field = \"Temperature\" } }; without it they follow the payload"});
    EXPECT_EQ(errors_of(route_with("{ temp = \"Temperature\" }")),
            Lines{"foz.toml:4: column \"temp\" must be a table, such as { field = \"Temperature\" "
                  "}; it is \"Temperature\""});
}

TEST(SettingsErrors, want_one_source_for_a_column) {
    EXPECT_EQ(errors_of(route_with("{ c = { field = \"a\", capture = \"site\" } }")),
            Lines{"foz.toml:4: column \"c\" has \"field\" and \"capture\"; a column takes its "
                  "value from one of them"});
    EXPECT_EQ(errors_of(route_with("{ c = { type = \"text\" } }")),
            Lines{"foz.toml:4: column \"c\" needs one of \"field\", \"capture\", \"message\", "
                  "\"value\""});
    for (const std::string field : {"\"\"", "\"a..b\"", "\".a\"", "\"a.\""}) {
        EXPECT_EQ(errors_of(route_with("{ c = { field = " + field + " } }")),
                Lines{"foz.toml:4: \"field\" in column \"c\" must be a path such as \"a.b\", or a "
                      "list of keys and numbers of elements from 0, such as \"Data Hora\"; it is " +
                      field});
    }
}

TEST(SettingsErrors, want_the_keys_of_a_column_to_fit_together) {
    const std::string where = "foz.toml:4: ";
    EXPECT_EQ(errors_of(route_with("{ c = { field = \"a\", zone = \"UTC\" } }")),
            Lines{where + "\"zone\" in column \"c\" is for timestamps; add type = \"timestamp\" or "
                          "take it out"});
    EXPECT_EQ(errors_of(route_with("{ c = { field = \"a\", type = \"timestamp\", unit = \"s\", "
                                   "format = \"%Y\" } }")),
            Lines{where + "column \"c\" has a \"unit\", for times that are numbers, and a "
                          "\"format\", for times that are text; take one of them out"});
    EXPECT_EQ(errors_of(route_with("{ c = { message = \"qos\", default = 0 } }")),
            Lines{where + "\"default\" in column \"c\" is for fields of the payload and the user "
                          "name; nothing else can be missing"});
    EXPECT_EQ(errors_of(route_with("{ c = { field = \"a\", missing = \"reject\", default = 0 } }")),
            Lines{where +
                  "column \"c\" has a \"default\" and missing = \"reject\"; take one of them out"});
    EXPECT_EQ(
            errors_of(route_with("{ c = { field = \"a\", type = \"integer\", default = \"x\" } }")),
            Lines{where + "\"default\" in column \"c\" does not fit its type \"integer\""});
    EXPECT_EQ(errors_of(route_with("{ c = { value = 1, type = \"text\" } }")),
            Lines{where + "\"value\" in column \"c\" does not fit its type \"text\""});
}

TEST(SettingsErrors, come_all_at_once_in_the_order_of_the_file) {
    EXPECT_EQ(errors_of("reactors = -1\n[[route]]\ntopic = \"t\"\ntabel = "
                        "\"t\"\n[listener.a]\naddress = 1\n"),
            (Lines{
                "foz.toml:1: \"reactors\" in the configuration must be a whole number from 0 to "
                "1024, such as 0; it is -1",
                "foz.toml:2: [[route]] needs \"table\", such as table = \"climate\"",
                "foz.toml:4: unknown key \"tabel\" in [[route]]; did you mean \"table\"?",
                "foz.toml:6: \"address\" in [listener.a] must be a non-empty string, such as "
                "\"127.0.0.1:1883\"; it is 1",
            }));
}

TEST(SettingsErrors, refuse_text_with_a_null_character) {
    EXPECT_EQ(errors_of("[[route]]\ntopic = \"t\"\ntable = \"a\\u0000b\"\n"),
            Lines{"foz.toml:3: \"table\" in [[route]] must be a non-empty string, such as "
                  "\"climate\"; it is \"a\\u0000b\""});
}

TEST(SettingsErrors, are_one_line_each_whatever_they_quote) {
    const Lines broken = errors_of("ack = i\nx = 1\n");
    ASSERT_EQ(broken.size(), 1U);
    EXPECT_EQ(broken[0].find('\n'), std::string::npos) << broken[0];
    EXPECT_EQ(errors_of("\"ac\\nk\" = 1\n"), Lines{"foz.toml:1: unknown key \"ac\\x0ak\" in the "
                                                   "configuration; did you mean \"ack\"?"});
}

TEST(SettingsErrors, name_a_file_that_cannot_be_read) {
    const auto settings = load_settings("/no/such/foz.toml");
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().lines,
            Lines{"cannot open /no/such/foz.toml: No such file or directory"});
}

}  // namespace
}  // namespace foz::config
