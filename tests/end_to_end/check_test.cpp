// SPDX-License-Identifier: Apache-2.0
// The commands that look at a configuration, and `foz journal`.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_until.h"

namespace foz::end_to_end {
namespace {

TEST(Check, AGoodConfigurationIsOkAndCreatesNothing) {
    FozUnderTest foz;
    foz.configure(kReadings);
    const Outcome checked = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 0) << checked;
    EXPECT_TRUE(checked.says("readings")) << checked;
    EXPECT_FALSE(std::filesystem::exists(foz.data()));
}

TEST(Command, ThatIsUnknownIsNamedWithTheOneThatWasMeant) {
    FozUnderTest foz;
    const Outcome mistyped = foz.run({"rnu"});
    EXPECT_EQ(mistyped.exit_code, 2) << mistyped;
    EXPECT_TRUE(mistyped.says(R"(unknown command "rnu"; did you mean "run"?)")) << mistyped;
    EXPECT_EQ(foz.run({}).exit_code, 2);
    EXPECT_EQ(foz.run({"--version"}).exit_code, 0);
}

TEST(Command, AloneListsItsCommandsAndHelpShowsThemToo) {
    FozUnderTest foz;
    const Outcome alone = foz.run({});
    EXPECT_TRUE(alone.says("passwd") && alone.says("verify")) << alone;
    for (const char* group : {"dead", "certs"}) {
        const Outcome listed = foz.run({group});
        EXPECT_EQ(listed.exit_code, 2) << listed;
        EXPECT_TRUE(listed.says(group == std::string_view("dead") ? "replay" : "init")) << listed;
    }
    const Outcome help = foz.run({"help", "run"});
    EXPECT_EQ(help.exit_code, 0) << help;
    EXPECT_TRUE(help.says("--config")) << help;
    EXPECT_EQ(foz.run({"help"}).exit_code, 0);
    EXPECT_EQ(foz.run({"help", "rnu"}).exit_code, 2);
    EXPECT_EQ(foz.run({"-V"}).exit_code, 0);
}

TEST(Command, AnOptionThatIsMistypedIsNamedWithTheOneThatWasMeant) {
    FozUnderTest foz;
    const Outcome mistyped = foz.run({"run", "--confg", "foz.toml"});
    EXPECT_EQ(mistyped.exit_code, 2) << mistyped;
    EXPECT_TRUE(mistyped.says("unknown option --confg; did you mean --config?")) << mistyped;
}

TEST(Check, AnUnknownKeyIsNamedWithItsLineAndTheOneThatWasMeant) {
    FozUnderTest foz;
    foz.write("foz.toml", "[[route]]\ntopic = \"a\"\ntable = \"t\"\ndatabse = \"foz\"\n");
    const Outcome checked = foz.run_configured({"check"});
    EXPECT_EQ(checked.exit_code, 2) << checked;
    EXPECT_TRUE(checked.says("foz.toml:4: unknown key \"databse\"")) << checked;
    EXPECT_TRUE(checked.says("did you mean \"database\"?")) << checked;
}

TEST(Check, AWrongTypeIsNamedWithItsLine) {
    FozUnderTest foz;
    foz.write("foz.toml", "reactors = \"two\"\n[limits]\nconnections = -1\n");
    const Outcome checked = foz.run_configured({"check"});
    EXPECT_EQ(checked.exit_code, 2) << checked;
    EXPECT_TRUE(checked.says("foz.toml:1: ") && checked.says("reactors")) << checked;
    EXPECT_TRUE(checked.says("foz.toml:3: ") && checked.says("connections")) << checked;
    EXPECT_EQ(foz.run_configured({"run"}).exit_code, 2);
}

TEST(Check, AFileThatIsNotThereIsNamed) {
    FozUnderTest foz;
    const Outcome checked = foz.run({"check", "--config", foz.path("none.toml").string()});
    EXPECT_EQ(checked.exit_code, 2) << checked;
    EXPECT_TRUE(checked.says("none.toml")) << checked;
}

TEST(Check, AKeyThatCannotCatchARedeliveryIsSaidSo) {
    FozUnderTest foz;
    foz.write("foz.toml",
            "[database.local]\nurl = \"sqlite:t.sqlite\"\n[[route]]\ntopic = \"a/{d}\"\n"
            "database = \"local\"\ntable = \"t\"\nkey = [\"time\", \"d\"]\n");
    using Words = std::vector<std::string>;
    for (const Words& command : {Words{"check"}, Words{"check", "--connect"}}) {
        const Outcome checked = foz.run_configured(command);
        EXPECT_EQ(checked.exit_code, 0) << checked;
        EXPECT_TRUE(checked.says("the key has column time")) << checked;
    }
}

TEST(Check, APasswordFileOfASourceThatIsNotThereIsNamed) {
    FozUnderTest foz;
    foz.configure(
            "[source.plant]\nurl = \"mqtt://127.0.0.1\"\nsubscribe = [\"#\"]\n"
            "username = \"foz\"\npassword_file = \"none.password\"\n");
    const Outcome checked = foz.run_configured({"check"});
    EXPECT_EQ(checked.exit_code, 1) << checked;
    EXPECT_TRUE(checked.says("none.password")) << checked;
}

TEST(Check, ASqliteTableThatDoesNotFitIsReportedWithBothSides) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    ASSERT_EQ(foz.stop(), 0);
    ASSERT_EQ(foz.query("DROP TABLE readings"), "");
    ASSERT_EQ(foz.query("CREATE TABLE readings (device TEXT, dh TEXT)"), "");
    const Outcome checked = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(checked.exit_code, 1) << checked;
    EXPECT_TRUE(checked.says("readings") && checked.says("temp")) << checked;
    EXPECT_EQ(foz.query("SELECT sql FROM sqlite_master WHERE name = 'readings'"),
            "CREATE TABLE readings (device TEXT, dh TEXT)");
}

TEST(Check, WithPostgresAMissingTableIsFineAndOneThatDoesNotFitIsReported) {
    support::PostgresServer server;
    server.start();
    FozUnderTest foz;
    foz.configure(fmt::format("[database.warehouse]\nurl = \"{}\"\n{}", server.url(), kReadings));
    const Outcome missing = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(missing.exit_code, 0) << missing;
    EXPECT_TRUE(missing.says("readings") && missing.says("created")) << missing;
    EXPECT_EQ(server.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");

    server.query("CREATE TABLE readings (device text, temp boolean, dh timestamptz)");
    const Outcome unfit = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(unfit.exit_code, 1) << unfit;
    EXPECT_TRUE(unfit.says("temp") && unfit.says("double") && unfit.says("boolean")) << unfit;

    server.stop();
    const Outcome down = foz.run_configured({"check", "--connect"});
    EXPECT_EQ(down.exit_code, 1) << down;
    EXPECT_TRUE(down.says("warehouse")) << down;
    EXPECT_EQ(foz.run_configured({"check"}).exit_code, 0) << "without --connect it connects";
}

TEST(Init, WritesAConfigurationThatPassesCheckAndNeverOverwrites) {
    FozUnderTest foz;
    const std::string file = foz.path("new.toml").string();
    const Outcome written = foz.run({"init", file});
    EXPECT_EQ(written.exit_code, 0) << written;
    const std::string before = support::content_of(file);
    const Outcome checked = foz.run({"check", "--config", file, "--data", foz.data().string()});
    EXPECT_EQ(checked.exit_code, 0) << checked;

    const Outcome again = foz.run({"init", file});
    EXPECT_EQ(again.exit_code, 1) << again;
    EXPECT_TRUE(again.says("exists already")) << again;
    EXPECT_EQ(support::content_of(file), before);

    const Outcome nowhere = foz.run({"init", foz.path("no/such/folder.toml").string()});
    EXPECT_EQ(nowhere.exit_code, 1) << nowhere;
    EXPECT_TRUE(nowhere.says("no/such/folder.toml")) << nowhere;
}

TEST(Explain, PrintsTheSqlOfEachDatabaseWithoutConnecting) {
    FozUnderTest foz;
    std::string config;
    for (const auto& [name, url] : {
             std::pair{"one", "postgresql://foz@127.0.0.1:1/mqtt"},
             std::pair{"two", "mariadb://foz@127.0.0.1:1/mqtt"},
             std::pair{"three", "sqlite:foz.sqlite"},
         }) {
        config += fmt::format("[database.{}]\nurl = \"{}\"\n", name, url);
    }
    for (const auto* name : {"one", "two", "three"}) {
        std::string route = kReadings;
        route.insert(route.find("topic ="), fmt::format("database = \"{}\"\n", name));
        route.replace(route.find("name = \"readings\""), 17, fmt::format("name = \"{}\"", name));
        config += route;
    }
    foz.configure(config);
    const Outcome explained = foz.run_configured({"explain", "sensors/o'hara", reading(23.5)});
    EXPECT_EQ(explained.exit_code, 0) << explained;
    for (const char* text : {"CREATE TABLE", "INSERT", "23.5", "o''hara", "double precision",
             "timestamp with time zone", "datetime(6)", "ON CONFLICT", "PostgreSQL", "MariaDB",
             "SQLite"}) {
        EXPECT_TRUE(explained.says(text)) << text << '\n' << explained;
    }
    EXPECT_FALSE(std::filesystem::exists(foz.data()));
}

TEST(Explain, SaysWhyAReadingWouldBeADeadLetterAndWhenNoRouteTakesIt) {
    FozUnderTest foz;
    foz.configure(kReadings);
    const Outcome refused =
            foz.run_configured({"explain", "sensors/a", R"({"temp": "warm", "dh": null})"});
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_TRUE(refused.says("warm")) << refused;
    const Outcome unrouted = foz.run_configured({"explain", "other/a", "{}"});
    EXPECT_EQ(unrouted.exit_code, 1) << unrouted;
    EXPECT_TRUE(unrouted.says("other/a")) << unrouted;
}

TEST(Journal, ShowsPositionsAndCursorsAndPrintsRecords) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    foz.publish("sensors/a", reading(1));
    foz.publish("sensors/b", "\x01not JSON\xff");
    Outcome shown;
    EXPECT_TRUE(support::wait_until([&] {  // cursors are saved about once a second
        shown = foz.run_configured({"journal"});
        return shown.says("foz/main-0");
    })) << shown;
    EXPECT_EQ(shown.exit_code, 0) << shown;
    EXPECT_TRUE(shown.says("0 to 2 (2 records)")) << shown;

    const Outcome printed = foz.run_configured({"journal", "print", "--from", "1"});
    EXPECT_EQ(printed.exit_code, 0) << printed;
    EXPECT_TRUE(printed.says("topic=sensors/b") && printed.says("\\x01not JSON\\xff")) << printed;
    EXPECT_FALSE(printed.says("sensors/a")) << printed;
    EXPECT_EQ(foz.stop(), 0);
    const Outcome one =
            foz.run_configured({"journal", "print", "--from", "2020-01-01", "--count", "1"});
    EXPECT_TRUE(one.says("sensors/a") && !one.says("sensors/b")) << one;
    const Outcome nonsense = foz.run_configured({"journal", "print", "--from", "yesterday"});
    EXPECT_EQ(nonsense.exit_code, 2) << nonsense;
}

TEST(Journal, ThatIsNotThereIsNamed) {
    FozUnderTest foz;
    const Outcome shown = foz.run({"journal", "--data", foz.path("nowhere").string()});
    EXPECT_EQ(shown.exit_code, 1) << shown;
    EXPECT_TRUE(shown.says("nowhere")) << shown;
}

}  // namespace
}  // namespace foz::end_to_end
