// SPDX-License-Identifier: Apache-2.0
// Files, folders and the disk that a configuration needs: what is wrong with them is said before
// anything is lost.
#include <gtest/gtest.h>

#include "tests/end_to_end/foz_under_test.h"

namespace foz::end_to_end {
namespace {

constexpr const char* kSource =
        "[source.plant]\nurl = \"mqtt://127.0.0.1\"\nsubscribe = [\"#\"]\n"
        "username = \"foz\"\npassword_file = \"plant.password\"\n";

TEST(Files, AllThatAreMissingAreNamedAtOnce) {
    FozUnderTest foz;
    foz.configure(std::string(kSource) +
                  "[database.main]\nurl = \"postgresql://127.0.0.1\"\n"
                  "password_file = \"main.password\"\n");
    for (const char* command : {"check", "run"}) {
        const Outcome outcome = foz.run_configured({command});
        EXPECT_EQ(outcome.exit_code, 1) << outcome;
        EXPECT_TRUE(outcome.says("plant.password") && outcome.says("main.password")) << outcome;
    }
}

TEST(Files, APasswordFileThatEverybodyCanReadIsWarnedOf) {
    FozUnderTest foz;
    foz.configure(kSource);
    foz.write("plant.password", "secret\n");
    const auto file = foz.path("plant.password");
    std::filesystem::permissions(file, std::filesystem::perms(0644));
    const Outcome exposed = foz.run_configured({"check"});
    EXPECT_EQ(exposed.exit_code, 0) << exposed;
    EXPECT_TRUE(exposed.says("chmod o-rwx " + file.string())) << exposed;
    std::filesystem::permissions(file, std::filesystem::perms(0640));
    const Outcome kept = foz.run_configured({"check"});
    EXPECT_FALSE(kept.says("chmod")) << kept;
}

TEST(Check, AMissingFolderOfASqliteFileIsNamed) {
    FozUnderTest foz;
    const auto folder = foz.path("nowhere");
    foz.configure("[database.main]\nurl = \"sqlite:" + (folder / "t.sqlite").string() + "\"\n");
    for (const std::vector<std::string>& command :
            {std::vector<std::string>{"check"}, {"check", "--connect"}}) {
        const Outcome checked = foz.run_configured(command);
        EXPECT_EQ(checked.exit_code, 1) << checked;
        EXPECT_TRUE(checked.says("there is no folder " + folder.string())) << checked;
    }
}

TEST(Check, ADataFolderBehindALinkToNothingIsNamed) {
    FozUnderTest foz;
    foz.configure(kReadings);
    std::filesystem::create_symlink(foz.path("unmounted"), foz.data());
    const Outcome checked = foz.run_configured({"check"});
    EXPECT_EQ(checked.exit_code, 1) << checked;
    EXPECT_TRUE(checked.says("a symbolic link to what is not there")) << checked;
}

TEST(Check, ADiskWithoutTheRoomThatTheJournalNeedsIsNamed) {
    FozUnderTest foz;
    foz.configure(std::string("[journal]\nfree_space_min = \"1000 TiB\"\n") + kReadings);
    const Outcome none = foz.run_configured({"check"});
    EXPECT_EQ(none.exit_code, 1) << none;
    EXPECT_TRUE(none.says("to begin (journal.free_space_min = 1000 TiB and two segments)")) << none;
    foz.configure(std::string("[journal]\nsize_max = \"1000 TiB\"\n") + kReadings);
    const Outcome little = foz.run_configured({"check"});
    EXPECT_EQ(little.exit_code, 0) << little;
    EXPECT_TRUE(little.says("less than journal.size_max = 1000 TiB")) << little;
}

TEST(Explain, AFieldThatThePayloadHasInOtherLettersIsHintedAt) {
    FozUnderTest foz;
    foz.configure(
            "[[route]]\ntopic = \"s/{d}\"\ntable = \"t\"\n"
            "columns = { v = { field = \"Temperature\" }, h = { field = \"Humidity\" } }\n");
    const Outcome half =
            foz.run_configured({"explain", "s/a", R"({"temperature": 3, "Humidity": 4})"});
    EXPECT_EQ(half.exit_code, 0) << half;
    EXPECT_TRUE(half.says(R"(the payload has "temperature", not "Temperature")")) << half;
}

}  // namespace
}  // namespace foz::end_to_end
