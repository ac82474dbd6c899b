// SPDX-License-Identifier: Apache-2.0
// What foz does not start with: one clear sentence each, and nothing is changed.
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "tests/end_to_end/foz_under_test.h"

namespace foz::end_to_end {
namespace {

constexpr std::size_t kHeaderBytes = 64;  // docs/journal_format.md

/// A journal with ten readings, of which nothing is running any more.
class SpoiledJournal : public testing::Test {
  protected:
    void SetUp() override {
        foz_.configure(kReadings);
        foz_.start();
        for (int i = 0; i < 10; ++i) {
            foz_.publish("sensors/a", reading(i, fmt::format("2022-08-01 10:00:0{}", i)));
        }
        ASSERT_EQ(foz_.stop(), 0);
        content_ = support::content_of(segment());
    }
    [[nodiscard]] std::filesystem::path segment() const {
        return foz_.data() / "journal/00000000000000000000.segment";
    }
    void spoil(const std::string& content) {
        content_ = content;
        std::ofstream(segment(), std::ios::binary) << content;
    }
    /// Every command that reads the journal says it, and the file is as it was.
    void expect_all_refuse(const std::vector<std::string>& texts) {
        for (const std::vector<std::string>& command :
                {std::vector<std::string>{"run"}, {"verify"}, {"journal", "print"}}) {
            const Outcome outcome = foz_.run_configured(command);
            EXPECT_EQ(outcome.exit_code, 1) << command[0] << ": " << outcome;
            for (const std::string& text : texts) {
                EXPECT_TRUE(outcome.says(text)) << command[0] << ": " << text << "\n" << outcome;
            }
        }
        EXPECT_TRUE(support::content_of(segment()) == content_) << "the segment was changed";
        EXPECT_EQ(foz_.query("SELECT count(*) FROM readings"), "10");
    }

    FozUnderTest foz_;
    std::string content_;
};

TEST_F(SpoiledJournal, OfAnotherVersionIsNamedWithBothVersionsAndLeftAlone) {
    std::string content = content_;
    content[8] = 2;
    const std::uint32_t checksum = crc32c(as_bytes(content).first(60));
    for (std::size_t i = 0; i < 4; ++i) {
        content[60 + i] = static_cast<char>(checksum >> (8 * i));
    }
    spoil(content);
    expect_all_refuse({"version 2", "00000000000000000000.segment"});
}

TEST_F(SpoiledJournal, WithAFlippedBitInTheMiddleIsNamedWithSegmentAndOffset) {
    // The third frame: the place of its mark tells where it begins.
    std::size_t third = kHeaderBytes;
    for (int i = 0; i < 2; ++i) {
        third = content_.find("FOZM", third + 1);
    }
    ASSERT_NE(third, std::string::npos);
    std::string content = content_;
    content[third + 60] = static_cast<char>(content[third + 60] ^ 0x10);
    spoil(content);
    expect_all_refuse({"00000000000000000000.segment", std::to_string(third)});
}

TEST_F(SpoiledJournal, WithABitFlippedInTheSegmentsHeaderIsNamed) {
    std::string content = content_;
    content[33] ^= 1;
    spoil(content);
    expect_all_refuse({"00000000000000000000.segment"});
}

TEST(StartRefused, ADataDirectoryThatIsNotWritableIsNamedWithTheUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to run foz as somebody else";
    }
    FozUnderTest foz;
    std::filesystem::create_directory(foz.data());
    foz.configure(kReadings);
    using std::filesystem::perms;
    const perms readable = perms::owner_all | perms::group_read | perms::group_exec |
                           perms::others_read | perms::others_exec;
    std::filesystem::permissions(foz.path(""), readable);
    std::filesystem::permissions(foz.data(), readable);
    const Outcome run = foz.run({"run", "--config", foz.config()}, "nobody");
    EXPECT_EQ(run.exit_code, 1) << run;
    EXPECT_TRUE(run.says(foz.data().string()) && run.says("Permission denied")) << run;
    const Outcome check = foz.run({"check", "--config", foz.config()}, "nobody");
    EXPECT_EQ(check.exit_code, 1) << check;
    EXPECT_TRUE(check.says(foz.data().string()) && check.says("Permission denied")) << check;
    EXPECT_TRUE(std::filesystem::is_empty(foz.data()));
}

TEST(StartRefused, ADataDirectoryThatIsAFileIsNamed) {
    FozUnderTest foz;
    foz.write("data", "I am a file");
    const Outcome run = foz.run_configured({"run"});
    EXPECT_EQ(run.exit_code, 1) << run;
    EXPECT_TRUE(run.says(foz.data().string())) << run;
}

TEST(StartRefused, TwoRoutesToOneTableWithDifferentColumnsAreNamed) {
    FozUnderTest foz;
    std::string other = kReadings;
    other.replace(other.find("name = \"readings\""), 17, "name = \"other\"");
    other.replace(other.find("temp = {"), 8, "heat = {");
    foz.configure(kReadings + other);
    for (const char* command : {"run", "check"}) {
        const Outcome outcome = foz.run_configured({command});
        EXPECT_EQ(outcome.exit_code, 2) << command << ' ' << outcome;
        EXPECT_TRUE(outcome.says("foz.toml:15") && outcome.says("foz.toml:5") &&
                    outcome.says("readings"))
                << outcome;
        EXPECT_TRUE(outcome.says("heat") && outcome.says("temp")) << outcome;
    }
}

TEST(StartRefused, AnUnreadablePasswordFileIsNamed) {
    FozUnderTest foz;
    const std::string file = foz.path("secret").string();
    foz.configure(
            fmt::format("[database.warehouse]\nurl = "
                        "\"postgresql://foz@127.0.0.1:1/foz\"\npassword_file = \"{}\"\n{}",
                    file, kReadings));
    for (const char* command : {"run", "check"}) {
        const Outcome outcome = foz.run_configured({command});
        EXPECT_NE(outcome.exit_code, 0) << command << ' ' << outcome;
        EXPECT_TRUE(outcome.says(file) && outcome.says("warehouse")) << command << outcome;
    }
}

TEST(StartRefused, APortInUseIsNamed) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    FozUnderTest second;
    second.configure("[listener.more]\naddress = \"127.0.0.1:" + std::to_string(foz.port()) + "\"");
    const Outcome run = second.run_configured({"run"});
    EXPECT_EQ(run.exit_code, 1) << run;
    EXPECT_TRUE(run.says(fmt::format("127.0.0.1:{}", foz.port()))) << run;
}

TEST(StartRefused, ADataDirectoryThatAnotherFozUsesIsNamed) {
    FozUnderTest foz;
    foz.configure(kReadings);
    foz.start();
    foz.write("second.toml", fmt::format("data = \"{}\"\n[listener.a]\naddress = \"127.0.0.1:0\"\n",
                                     foz.data().string()));
    const Outcome run = foz.run({"run", "--config", foz.path("second.toml").string()});
    EXPECT_EQ(run.exit_code, 1) << run;
    EXPECT_TRUE(run.says(foz.data().string())) << run;
    foz.publish("sensors/a", reading(1));
    EXPECT_EQ(foz.stop(), 0);
}

}  // namespace
}  // namespace foz::end_to_end
