// SPDX-License-Identifier: Apache-2.0
// On the machine's own disk: threads, a second process, kill -9.
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

class RealDisk : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "foz-journal-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        options_.directory = name;
        options_.segment_bytes = 1 << 20;
        options_.free_space_min = 0;
    }
    void TearDown() override { std::filesystem::remove_all(options_.directory); }

    [[nodiscard]] std::unique_ptr<Journal> open() {
        return open_or_fail(real_file_system(), options_);
    }

    LocalJournalOptions options_;
};

/// Reads records "THREAD NUMBER padding" and checks that each thread's numbers are 0, 1, 2, ...
void check_order(Journal& journal, Position end, std::size_t threads) {
    std::vector<int> next(threads, 0);
    auto reader = journal.read_from(at(0));
    ASSERT_TRUE(reader);
    while ((*reader)->position() < end) {
        ASSERT_TRUE(journal.wait_for((*reader)->position(), deadline()));
        const Position expected = (*reader)->position();
        const auto record = (*reader)->next();
        ASSERT_TRUE(record) << record.error().message;
        ASSERT_TRUE(*record);
        ASSERT_EQ((*record)->position, expected);
        std::size_t thread = 0;
        int number = 0;
        ASSERT_EQ(std::sscanf(std::string(as_text((*record)->bytes)).c_str(), "%zu %d", &thread,
                          &number),
                2);
        ASSERT_EQ(number, next[thread]++);
    }
}

TEST_F(RealDisk, appenders_on_several_threads_get_contiguous_positions_and_keep_their_order) {
    constexpr std::size_t kThreads = 4;
    constexpr int kBatches = 200;
    constexpr int kRecords = 10;
    constexpr Position kEnd = at(kThreads * kBatches * kRecords);
    RememberingListener listener;
    auto journal = open();
    journal->add_listener(listener);
    std::vector<std::thread> appenders;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
        appenders.emplace_back([&, thread] {
            int number = 0;
            for (int i = 0; i < kBatches; ++i) {
                RecordBatch batch;
                for (int k = 0; k < kRecords; ++k) {
                    batch.add(1, as_bytes(fmt::format(
                                         "{} {} {}", thread, number++, std::string(100, '.'))));
                }
                EXPECT_TRUE(eventually([&] { return journal->append(batch).has_value(); }));
            }
        });
    }
    check_order(*journal, kEnd, kThreads);  // while they are written
    for (auto& appender : appenders) {
        appender.join();
    }
    EXPECT_EQ(journal->status().end, kEnd);
    EXPECT_TRUE(eventually([&] { return listener.durable_end() == kEnd; }));
    journal.reset();
    check_order(*open(), kEnd, kThreads);
}

TEST_F(RealDisk, keeps_every_record_that_was_durable_when_the_process_is_killed) {
    std::vector<std::string> before;
    for (int round = 0; round < 5; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            // Appends for ever, and says after each group how far it is durable.
            auto journal = open_local_journal(options_, real_file_system(), real_clock());
            for (Position i = journal ? (*journal)->status().end : at(0); journal; i = i.next()) {
                (void)(*journal)->append(batch_of(fmt::format("record {}", i)));
                const Position durable_end = (*journal)->durable_end();
                if (::write(ends[1], &durable_end, sizeof durable_end) < 0) {
                    break;
                }
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        Position durable_end;
        Position last;
        while (last < at(before.size() + 500) &&
                ::read(ends[0], &durable_end, sizeof durable_end) > 0) {
            last = durable_end;
        }
        ::kill(child, SIGKILL);
        while (::read(ends[0], &durable_end, sizeof durable_end) > 0) {
            last = durable_end;
        }
        ::close(ends[0]);
        ::waitpid(child, nullptr, 0);
        before = read_all(*open());
        ASSERT_GE(at(before.size()), last);
        for (std::size_t i = 0; i < before.size(); ++i) {
            ASSERT_EQ(before[i], fmt::format("record {}", i));
        }
    }
}

TEST_F(RealDisk, names_the_process_that_has_the_journal) {
    const auto journal = open();
    const auto second = open_local_journal(options_, real_file_system(), real_clock());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::unavailable);
    EXPECT_NE(second.error().message.find(fmt::format("process {}", ::getpid())), std::string::npos)
            << second.error().message;
}

TEST_F(RealDisk, takes_the_largest_mqtt_packet) {
    auto journal = open();
    const std::string text(256 << 20, 'x');
    const RecordBatch batch = batch_of(text);
    ASSERT_TRUE(eventually([&] { return journal->append(batch).has_value(); }));
    ASSERT_TRUE(journal->wait_for(at(0), deadline()));
    append_durably(*journal, "after it");
    auto reader = journal->read_from(at(0));
    ASSERT_TRUE(reader);
    auto record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_TRUE(as_text((*record)->bytes) == text);
    record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_EQ(as_text((*record)->bytes), "after it");
}

}  // namespace
}  // namespace foz::journal::local
