// SPDX-License-Identifier: Apache-2.0
#include "tests/pipeline/side_lanes_fixture.h"

#include <algorithm>
#include <stdexcept>

#include "mqtt/message.h"
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

SideLanesTest::SideLanesTest() : database_(GetParam()()) {
    journal::local::LocalJournalOptions options;
    options.directory = folder_ / "journal";
    options.segment_bytes = 1 << 20;
    options.free_space_min = 0;
    journal_ =
            value_of(journal::local::open_local_journal(options, real_file_system(), real_clock()));
    state_ = value_of(state::StateDatabase::open(folder_ / "state.db"));
    config::Database configured;
    configured.name = "db";
    configured.url = database_->url();
    settings_.databases.push_back(configured);
}

std::string SideLanesTest::quoted(const std::string& name) {
    return value_of(sink::sink_kind_for(database_->url()))->dialect().quoted(name);
}

void SideLanesTest::add_table(const std::string& name) {
    config::Column number;
    number.name = "n";
    number.source = config::FieldSource{{"n"}};
    number.type = "integer";
    number.missing = config::Missing::reject;
    config::Route route;
    route.name = name;
    route.topic = name;
    route.database = "db";
    route.table = name;
    route.columns.push_back(number);
    settings_.routes.push_back(route);
}

void SideLanesTest::publish(const std::vector<std::string>& tables, int first, int past) {
    journal::RecordBatch batch;
    for (int n = first; n < past; ++n) {
        for (const std::string& table : tables) {
            const std::string payload = fmt::format("{{\"n\": {}}}", n);
            mqtt::Message message;
            message.topic = table;
            message.client_id = "c";
            message.payload = payload;
            message.received = real_clock().system_now();
            message.qos = 1;
            mqtt::encode_message(message,
                    batch.begin_record(static_cast<std::uint8_t>(mqtt::RecordKind::message)));
            batch.end_record();
        }
    }
    EXPECT_TRUE(journal_->append(batch));
    const journal::Position end = journal_->status().end;
    // Not wait_for(): a side lane that ends wakes everybody who waits there.
    EXPECT_TRUE(support::wait_until([&] { return journal_->durable_end() >= end; }));
}

SideLaneDependencies SideLanesTest::make_dependencies() {
    sink::SinkOptions options;
    options.url = database_->url();
    auto sink = value_of(value_of(sink::sink_kind_for(options.url))->make(options));
    return {value_of(mapping::Mapping::compile(settings_, "db")),
        wrap_ ? wrap_(std::move(sink)) : std::move(sink)};
}

void SideLanesTest::start() {
    RunnerOptions options;
    options.database = "db";
    options.retry_delay_max = std::chrono::milliseconds(20);
    SideLaneDependencies own = make_dependencies();
    runner_ = std::make_unique<Runner>(
            RunnerDependencies{
                .journal = *journal_,
                .state = *state_,
                .clock = real_clock(),
                .mapping = std::move(own.mapping),
                .sink = std::move(own.sink),
                .on_committed = {},
                .make_side_lane = [this]() -> Result<SideLaneDependencies> {
                    return make_dependencies();
                },
            },
            options);
    runner_->start();
}

void SideLanesTest::start_with_misfit_beside_good(int count) {
    add_table("good");
    add_table("bad");
    database().execute("CREATE TABLE bad (other integer)");
    publish({"good", "bad"}, 0, count);
    start();
    EXPECT_TRUE(becomes("good", 0, count));
}

void SideLanesTest::crash() {
    runner_.reset();
}

std::string SideLanesTest::count(const std::string& table) {
    return database_->query("SELECT count(*) FROM " + quoted(table))[0][0].value_or("");
}

bool SideLanesTest::becomes(const std::string& table, int first, int past) {
    const std::string wanted = std::to_string(past - first);
    const bool counted = support::wait_until([&] {
        try {
            return count(table) == wanted;
        } catch (const std::runtime_error&) {
            return false;  // not made yet
        }
    });
    if (!counted) {
        return false;
    }
    // None of the tables has an index: their rows are found in the order in which they came; of
    // PostgreSQL those of one transaction, because each session fills pages of its own.
    const bool is_postgres = database_->url().starts_with("postgres");
    const auto rows = database_->query("SELECT n FROM " + quoted(table) +
                                       (is_postgres ? " ORDER BY xmin::text::bigint, ctid" : ""));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i][0] != std::to_string(first + static_cast<int>(i))) {
            return false;
        }
    }
    return true;
}

bool SideLanesTest::is_one_lane_again() {
    return support::wait_until([&] {
        return runner_->side_status().empty() &&
               position_of(runner_->status().cursor) == journal_->durable_end();
    });
}

bool SideLanesTest::set_aside_become(std::vector<std::string> lanes) {
    std::ranges::sort(lanes);
    return support::wait_until([&] {
        std::vector<std::string> there;
        for (const RunnerStatus& status : runner_->side_status()) {
            there.push_back(status.lane);
        }
        std::ranges::sort(there);
        return there == lanes;
    });
}

Verification SideLanesTest::verified() {
    SideLaneDependencies parts = make_dependencies();
    return value_of(verify({.name = "db",
                               .lanes = 1,
                               .journal = journal_->status().id,
                               .sink = *parts.sink,
                               .mapping = parts.mapping,
                               .count_rows = true},
            *state_, [&] {
                return journal::local::open_local_journal_read_only(
                        folder_ / "journal", real_file_system());
            }));
}

}  // namespace foz::pipeline
