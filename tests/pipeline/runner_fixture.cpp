// SPDX-License-Identifier: Apache-2.0
#include "tests/pipeline/runner_fixture.h"

#include <stdexcept>

#include "mqtt/message.h"
#include "sink/sqlite/sqlite_sink.h"
#include "state/sqlite_connection.h"
#include "tests/support/wait_until.h"

namespace foz::pipeline {

namespace {

template <class T>
T value_of(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message);
    }
    return std::move(*result);
}

}  // namespace

sink::SinkResult<sink::Written> FaultySink::write(const mapping::RowBatch& batch, std::size_t first,
        std::size_t last, const sink::Commit& commit) {
    if (last - first > rows_in_time_) {
        return std::unexpected(sink::SinkError{sink::FailureKind::retry, "57014",
            "canceling statement due to statement timeout", std::nullopt});
    }
    const Fault fault = fault_ ? fault_() : Fault::none;
    if (fault == Fault::none) {
        bool failed = false;
        sink::Commit faulty = commit;
        faulty.before_commit = [&]() -> sink::SinkResult<void> {
            if (!commit.before_commit) {
                return {};
            }
            if (auto kept = commit.before_commit(); !kept) {
                return kept;
            }
            failed = fail_before_commit_ && fail_before_commit_();
            return failed ? fail(sink::FailureKind::retry, "COMMIT fails in the test")
                          : sink::SinkResult<void>{};
        };
        auto written = sink_->write(batch, first, last, faulty);
        if (failed) {
            after_failed_commit_();
        }
        return written;
    }
    if (fault == Fault::lost_answer) {
        if (auto written = sink_->write(batch, first, last, commit); !written) {
            return written;
        }
    }
    const sink::FailureKind failure = fault == Fault::retry       ? sink::FailureKind::retry
                                      : fault == Fault::reconnect ? sink::FailureKind::reconnect
                                                                  : sink::FailureKind::in_doubt;
    return std::unexpected(sink::SinkError{failure, "TEST", "a fault of the test", {}});
}

journal::local::LocalJournalOptions RunnerTest::journal_options() const {
    journal::local::LocalJournalOptions options;
    options.directory = folder_ / "journal";
    options.segment_bytes = 1 << 20;
    options.free_space_min = 0;
    return options;
}

void RunnerTest::open_data() {
    journal_ = value_of(journal::local::open_local_journal(
            journal_options(), real_file_system(), real_clock()));
    state_ = value_of(state::StateDatabase::open(folder_ / "state.db"));
}

void RunnerTest::close_data() {
    journal_.reset();
    state_.reset();
}

RunnerTest::RunnerTest() {
    open_data();
    config::Database database;
    database.name = "db";
    database.url = "sqlite:" + (folder_ / "test.sqlite").string();
    settings_.databases.push_back(database);
    config::Column number;
    number.name = "n";
    number.source = config::FieldSource{{"n"}};
    number.type = "integer";
    number.missing = config::Missing::reject;
    config::Route route;
    route.name = "numbers";
    route.topic = "r";
    route.database = "db";
    route.table = "numbers";
    route.columns.push_back(number);
    settings_.routes.push_back(route);
}

void RunnerTest::publish(
        std::string_view payload, std::string_view client, std::string_view topic) {
    mqtt::Message message;
    message.topic = topic;
    message.client_id = client;
    message.payload = payload;
    message.received = real_clock().system_now();
    message.qos = 1;
    journal::RecordBatch batch;
    mqtt::encode_message(
            message, batch.begin_record(static_cast<std::uint8_t>(mqtt::RecordKind::message)));
    batch.end_record();
    EXPECT_TRUE(journal_->append(batch));
    const journal::Position last = journal_->status().end.previous().value_or(at(0));
    EXPECT_TRUE(journal_->wait_for(last, real_clock().steady_now() + std::chrono::seconds(20)));
}

void RunnerTest::publish_numbers(int first, int past) {
    for (int n = first; n < past; ++n) {
        publish(fmt::format("{{\"n\": {}}}", n));
    }
}

void RunnerTest::reopen_journal_without_retention() {
    journal_.reset();
    journal::local::LocalJournalOptions options = journal_options();
    options.retain_bytes = 0;
    options.retain_age = std::chrono::seconds(0);
    journal_ =
            value_of(journal::local::open_local_journal(options, real_file_system(), real_clock()));
}

RunnerOptions RunnerTest::options() const {
    RunnerOptions options;
    options.database = "db";
    options.retry_delay_max = std::chrono::milliseconds(2);
    return options;
}

std::unique_ptr<Runner> RunnerTest::make_runner(
        std::function<Fault()> fault, std::function<void(journal::Position)> on_committed) {
    return make_runner(options(), std::move(fault), std::move(on_committed));
}

std::unique_ptr<Runner> RunnerTest::make_runner(RunnerOptions options, std::function<Fault()> fault,
        std::function<void(journal::Position)> on_committed) {
    sink::SinkOptions sink_options;
    sink_options.url = settings_.databases[0].url;
    auto sink = value_of(sink::sqlite::kind().make(sink_options));
    RunnerDependencies parts{*journal_, *state_, real_clock(),
        value_of(mapping::Mapping::compile(settings_, "db")),
        std::make_unique<FaultySink>(
                std::move(sink), std::move(fault),
                [this] { return fail_before_commit_ && fail_before_commit_(); },
                [this] { after_failed_commit_(); }, rows_in_time_),
        std::move(on_committed)};
    return std::make_unique<Runner>(std::move(parts), std::move(options));
}

bool RunnerTest::has_caught_up(const Runner& runner) {
    return support::wait_until(
            [&] { return position_of(runner.status().cursor) == journal_->durable_end(); });
}

void RunnerTest::execute(const std::string& sql) {
    auto connection = state::SqliteConnection::open(folder_ / "test.sqlite", {});
    ASSERT_TRUE(connection);
    auto done = connection->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
}

std::string RunnerTest::cell(const std::string& sql) {
    auto connection = state::SqliteConnection::open(folder_ / "test.sqlite", {});
    auto statement = connection->prepare(sql);
    if (!statement || !statement->step().value_or(false)) {
        return "none";
    }
    return std::string(statement->text(0));
}

std::vector<state::DeadLetter> RunnerTest::letters() {
    std::vector<state::DeadLetter> letters;
    auto read = state::for_each_letter(*state_, {}, [&](const state::DeadLetter& letter) {
        letters.push_back(letter);
        return true;
    });
    EXPECT_TRUE(read);
    return letters;
}

}  // namespace foz::pipeline
