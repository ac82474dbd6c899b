// SPDX-License-Identifier: Apache-2.0
// Random appends, cursors, readers, clean restarts and crashes, checked against a model: the list
// of all texts ever accepted. The seed of a failure is printed: run again with FOZ_TEST_SEED=that.
#include <cstdlib>
#include <random>

#include "tests/journal/local/journal_fixture.h"
#include "tests/support/position.h"

namespace foz::journal::local {
namespace {

using support::Loss;

class CrashingMachine {
  public:
    explicit CrashingMachine(std::uint64_t seed) : random_(seed), files_(seed) {
        options_ = small_options();
        options_.size_max = 64 << 20;  // never reached
        options_.retain_bytes = below(3) * options_.segment_bytes;
    }

    void live(int operations) {
        if (below(4) != 0) {
            files_.stop_after(below(150));
        }
        auto opened = open_local_journal(options_, files_, real_clock());
        if (!opened) {
            ASSERT_TRUE(files_.stopped()) << opened.error().message;
        } else {
            check(**opened);
            for (; operations > 0 && !files_.stopped(); --operations) {
                operate(**opened);
            }
            durable_end_ = std::max(durable_end_, (*opened)->durable_end());
            if (below(2) == 0) {
                settle(**opened);
            }
            (*opened).reset();
        }
        const bool crashed = files_.stopped();
        files_.restart(static_cast<Loss>(below(3)));
        if (!crashed) {
            durable_end_ = end_of_model();  // closing wrote all of it
        }
    }

    /// What the journal has must be what was accepted, and at least what was durable.
    void check(Journal& journal) {
        const Status status = journal.status();
        ASSERT_GE(status.end, durable_end_);
        ASSERT_LE(status.end, end_of_model());
        model_.resize(status.end.number());  // what was not durable is lost, and its positions are
                                             // given anew
        durable_end_ = status.end;
        ASSERT_LE(status.first, lowest_cursor());
        const auto texts = read_all(journal, status.first);
        ASSERT_EQ(texts,
                std::vector(model_.begin() + static_cast<std::ptrdiff_t>(status.first.number()),
                        model_.end()));
        for (const auto& cursor : journal.cursors()) {
            const auto set = cursors_.find(cursor.name);
            ASSERT_NE(set, cursors_.end());
            ASSERT_LE(cursor.position, set->second);
            ASSERT_GE(cursor.position, status.first);
        }
    }

  private:
    void operate(Journal& journal) {
        switch (below(12)) {
            case 0: {
                const std::string name(1, static_cast<char>('a' + below(3)));
                const Position position = at(below(journal.durable_end().number() + 1));
                journal.set_cursor(name, position);
                cursors_[name] = std::max(cursors_[name], position);
                break;
            }
            case 1: settle(journal); break;
            case 2: {
                const Status status = journal.status();
                const std::uint64_t readable = records_between(status.first, status.durable_end);
                const Position from = status.first.advanced_by(below(readable + 1));
                const auto reader = journal.read_from(from);
                if (reader && from < status.durable_end) {
                    const auto record = (*reader)->next();
                    if (record && *record) {
                        ASSERT_EQ(as_text((*record)->bytes), model_[from.number()]);
                    }
                }
                break;
            }
            default: append(journal); break;
        }
    }

    void append(Journal& journal) {
        RecordBatch batch;
        std::vector<std::string> texts;
        for (std::uint64_t count = 1 + below(3); count > 0; --count) {
            const std::size_t size = below(50) == 0 ? below(10'000) : below(100);
            texts.push_back(fmt::format("{}:{}", ++texts_made_, std::string(size, 'x')));
            batch.add(1, as_bytes(texts.back()));
        }
        if (journal.append(batch)) {
            model_.insert(model_.end(), texts.begin(), texts.end());
            ASSERT_EQ(journal.status().end, end_of_model());
        }
    }

    /// Waits until everything is durable, or the machine has stopped.
    void settle(Journal& journal) {
        ASSERT_TRUE(eventually([&] {
            return journal.durable_end() == end_of_model() || journal.status().stalled;
        }));
        durable_end_ = std::max(durable_end_, journal.durable_end());
    }

    [[nodiscard]] Position lowest_cursor() const {
        Position lowest = cursors_.empty() ? Position() : end_of_model();
        for (const auto& [name, position] : cursors_) {
            lowest = std::min(lowest, position);
        }
        return lowest;
    }

    /// Record number i of the journal is element i of the model.
    [[nodiscard]] Position end_of_model() const { return at(model_.size()); }

    [[nodiscard]] std::uint64_t below(std::uint64_t limit) {
        return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
    }

    std::mt19937_64 random_;
    support::FaultyFileSystem files_;
    LocalJournalOptions options_;
    std::vector<std::string> model_;
    std::uint64_t texts_made_ = 0;
    Position durable_end_;
    std::map<std::string, Position> cursors_;
};

TEST(Crash, at_any_operation_loses_nothing_that_was_durable) {
    const char* const chosen = std::getenv("FOZ_TEST_SEED");
    const std::uint64_t first_seed =
            chosen != nullptr ? std::stoull(chosen) : std::random_device{}();
    const int machines = chosen != nullptr ? 1 : 25;
    for (int i = 0; i < machines; ++i) {
        const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
        SCOPED_TRACE(fmt::format("FOZ_TEST_SEED={}", seed));
        CrashingMachine machine(seed);
        for (int life = 0; life < 20; ++life) {
            machine.live(100);
            if (HasFailure()) {
                return;
            }
        }
    }
}

}  // namespace
}  // namespace foz::journal::local
