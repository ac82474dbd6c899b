// SPDX-License-Identifier: Apache-2.0
#include "state/letter_capacity.h"

#include <cerrno>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "state/dead_letters.h"
#include "state/state_reserve.h"
#include "tests/support/position.h"
#include "tests/support/temporary_directory.h"

namespace foz::state {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

DeadLetter letter(std::uint64_t position, std::size_t payload_bytes) {
    DeadLetter made;
    made.journal = "j";
    made.database = "d";
    made.lane = "0";
    made.position = at(position);
    made.route = "r";
    made.topic = "t";
    made.payload = std::string(payload_bytes, 'x');
    made.reason = "because";
    made.first_seen = SystemTime{} + std::chrono::hours(position);
    return made;
}

Result<void> save(StateDatabase& state, std::uint64_t position, std::size_t bytes = kMiB / 4) {
    const DeadLetter one = letter(position, bytes);
    return save_letters(state, std::span(&one, 1));
}

LetterCount count(StateDatabase& state) {
    const auto counts = count_letters(state, {});
    return counts && !counts->empty() ? counts->front() : LetterCount{};
}

std::unique_ptr<StateDatabase> open(const std::filesystem::path& folder) {
    auto opened = StateDatabase::open(folder / "state.db");
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
}

TEST(LetterCapacity, at_the_limit_no_letter_is_saved_and_none_is_lost) {
    const support::TemporaryDirectory folder;
    const auto state = open(folder.path());
    state->limit_letters({.bytes_max = 2 * kMiB});
    std::uint64_t saved = 0;
    Result<void> last;
    while ((last = save(*state, saved)) && saved < 100) {
        ++saved;
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, ErrorCode::no_space);
    EXPECT_TRUE(last.error().message.starts_with("limits.dead_letters_bytes = 2.0 MiB is reached"))
            << last.error().message;
    EXPECT_GE(saved, 5U);
    EXPECT_EQ(count(*state).waiting, saved);
    ASSERT_TRUE(discard_letters(*state, {}));
    EXPECT_TRUE(save(*state, 100)) << "what was discarded makes room";
}

TEST(LetterCapacity, the_oldest_are_given_up_only_when_the_owner_has_said_so) {
    const support::TemporaryDirectory folder;
    const auto state = open(folder.path());
    state->limit_letters({.bytes_max = 64 * kMiB, .discard_oldest = true});
    constexpr std::uint64_t kLetters = 300;
    for (std::uint64_t position = 0; position < kLetters; ++position) {
        ASSERT_TRUE(save(*state, position)) << position;
    }
    const LetterCount counted = count(*state);
    EXPECT_EQ(counted.waiting + counted.discarded, kLetters) << "each is still accounted for";
    EXPECT_GT(counted.discarded, 0U);
    EXPECT_GT(counted.waiting, 0U);
    bool oldest_are_discarded = true;
    (void)for_each_letter(*state, {}, [&](const DeadLetter& one) {
        oldest_are_discarded =
                oldest_are_discarded &&
                (one.position < at(counted.discarded)) == (one.status == LetterStatus::discarded);
        return true;
    });
    EXPECT_TRUE(oldest_are_discarded);
}

TEST(LetterCapacity, letters_that_wait_for_longer_than_the_owner_wants_are_given_up) {
    const support::TemporaryDirectory folder;
    const auto state = open(folder.path());
    for (std::uint64_t position = 0; position < 10; ++position) {
        ASSERT_TRUE(save(*state, position, 10));
    }
    LetterKeeper keeper(*state);
    SteadyTime steady = SteadyTime{} + std::chrono::hours(1);
    const SystemTime now = SystemTime{} + std::chrono::hours(10);
    keeper.check(now, steady);
    EXPECT_EQ(count(*state).waiting, 10U) << "without a limit they wait for ever";
    state->limit_letters({.bytes_max = 0, .age_max = std::chrono::hours(4)});
    keeper.check(now, steady += std::chrono::minutes(2));
    EXPECT_EQ(count(*state).waiting, 4U);
    EXPECT_EQ(count(*state).discarded, 6U);
}

TEST(LetterCapacity, discarding_gives_the_room_back_to_the_disk) {
    const support::TemporaryDirectory folder;
    const auto state = open(folder.path());
    for (std::uint64_t position = 0; position < 40; ++position) {
        ASSERT_TRUE(save(*state, position));
    }
    const auto discarded = discard_letters(*state, {});
    ASSERT_TRUE(discarded);
    EXPECT_EQ(*discarded, 40U);
    EXPECT_LT(std::filesystem::file_size(folder.path() / "state.db"), kMiB);
}

/// A disk of its own, of 24 MiB.
class SmallDisk {
  public:
    explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
        mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=24m") == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(folder_.c_str(), MNT_DETACH);
        }
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    void fill() const {
        const std::string bytes(4'096, 'x');
        const int file = ::open((folder_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        while (::write(file, bytes.data(), bytes.size()) > 0) {
        }
        ::close(file);
    }

  private:
    std::filesystem::path folder_;
    bool mounted_ = false;
};

TEST(LetterCapacity, letters_can_be_discarded_on_a_full_disk) {
    const support::TemporaryDirectory folder;
    const SmallDisk disk(folder.path());
    if (!disk.mounted()) {
        GTEST_SKIP() << "mounting a tmpfs is not permitted here";
    }
    {
        const auto state = open(folder.path());
        std::ofstream(folder.path() / "state.reserve")
                << std::string(kReserveBytes, 'x');  // as keep_reserve() on a larger disk
        std::uint64_t position = 0;
        while (save(*state, position)) {
            ++position;
        }
        ASSERT_GT(position, 10U);
        disk.fill();
        const auto refused = save(*state, 1'000);
        ASSERT_FALSE(refused);
    }
    disk.fill();
    ASSERT_TRUE(give_back_reserve(folder.path()));
    const auto state = open(folder.path());
    ASSERT_TRUE(state);
    const std::uint64_t waiting = count(*state).waiting;
    const auto discarded = discard_letters(*state, {});
    ASSERT_TRUE(discarded) << discarded.error().message;
    EXPECT_EQ(*discarded, waiting);
    EXPECT_TRUE(save(*state, 1'001));
}

}  // namespace
}  // namespace foz::state
