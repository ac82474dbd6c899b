// SPDX-License-Identifier: Apache-2.0
// How much a lane takes into one batch.
#include "pipeline/batch_filler.h"

#include "tests/pipeline/runner_fixture.h"
#include "tests/support/position.h"

namespace foz::pipeline {
namespace {

class BatchFillerTest : public RunnerTest {};

/// "[1,1,...]"
std::string ones(std::size_t count) {
    std::string payload = "[1";
    for (std::size_t i = 1; i < count; ++i) {
        payload += ",1";
    }
    return payload + "]";
}

TEST_F(BatchFillerTest, ends_a_batch_when_its_rows_take_much_memory) {
    settings_.routes.front().columns.clear();
    auto mapping = mapping::Mapping::compile(settings_, "db").value();
    constexpr int kMessages = 4;
    for (int i = 0; i < kMessages; ++i) {
        publish(ones(400'000));
    }
    FillLimits limits;
    limits.rows_max = 10'000'000;
    BatchFiller filler(*journal_, mapping, real_clock(), limits, {});
    ASSERT_TRUE(filler.open(at(0)));
    MappedBatch batch;
    ASSERT_TRUE(filler.take_all(batch));
    EXPECT_GE(batch.items.memory_bytes(), limits.memory_bytes_max);
    EXPECT_LT(batch.items.memory_bytes(), 2 * limits.memory_bytes_max);
    EXPECT_LT(batch.end, at(kMessages));
}

}  // namespace
}  // namespace foz::pipeline
