// SPDX-License-Identifier: Apache-2.0
#include "state/session_saver.h"

#include "state/session_checkpoint.h"
#include "state/session_recovery.h"
#include "tests/journal/journal_fixture.h"
#include "tests/support/temporary_directory.h"

namespace foz::state {
namespace {

class SessionSaver : public testing::Test {
  protected:
    SessionSaver() {
        auto opened = StateDatabase::open(folder_ / "state.db");
        EXPECT_TRUE(opened) << opened.error().message;
        state_ = std::move(*opened);
    }

    support::FaultyFileSystem files_;
    support::TemporaryDirectory folder_;
    std::unique_ptr<StateDatabase> state_;
};

TEST_F(SessionSaver, a_checkpoint_is_never_beyond_what_is_on_disk) {
    const journal::LocalJournalOptions options = journal::small_options();
    files_.set_capacity(3 * options.segment_bytes);
    auto journal = journal::open_or_fail(files_, options);
    while (!journal->status().stalled) {
        (void)journal->append(journal::batch_of(std::string(200, '.')));
    }
    ASSERT_LT(journal->durable_end(), journal->status().end);
    checkpoint_sessions(*journal, *state_, real_clock(), {});
    journal.reset();
    auto again = journal::open_or_fail(files_, options);
    const auto recovered = recover_sessions(*again, *state_);
    EXPECT_TRUE(recovered) << recovered.error().message;
}

TEST_F(SessionSaver, a_journal_that_has_lost_its_tail_goes_on_with_the_sessions_as_saved) {
    auto journal = journal::open_or_fail(files_);
    const std::string id = journal->status().id;
    const SessionSnapshot saved{.client_id = "c", .expiry_seconds = 60, .unreleased = {}};
    ASSERT_TRUE(save_sessions(*state_, id, 1'000, std::span(&saved, 1)));
    const auto recovered = recover_sessions(*journal, *state_);
    ASSERT_TRUE(recovered) << recovered.error().message;
    ASSERT_EQ(recovered->size(), 1U);
    EXPECT_EQ(recovered->front()->client_id(), "c");
    const auto checkpoint = load_sessions(*state_, id);
    ASSERT_TRUE(checkpoint && *checkpoint);
    EXPECT_EQ((*checkpoint)->position, 0U);
}

}  // namespace
}  // namespace foz::state
