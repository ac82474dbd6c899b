// SPDX-License-Identifier: Apache-2.0
#include "sensor/summary.h"

#include <gtest/gtest.h>

namespace foz::sensor {
namespace {

Summary example() {
    Summary summary;
    summary.statistics.sent = 1001;
    summary.statistics.acknowledged = 1000;
    summary.statistics.unacknowledged = 1;
    summary.statistics.latency.record(std::chrono::microseconds(250), 1000);
    summary.statistics.last_error = "closed by \"the broker\"\n";
    summary.duration = std::chrono::milliseconds(500);
    summary.cpu_user = std::chrono::microseconds(60);
    summary.cpu_system = std::chrono::microseconds(40);
    return summary;
}

TEST(Summary, tells_a_person_rate_latency_and_processor_time) {
    const std::string text = summary_text(example(), {});
    for (const char* part : {"sent           1001", "acknowledged   1000", "unacknowledged 1",
             "2000 messages/s", "p99.9 250 µs", "100 ns for each message"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
    }
}

TEST(Summary, is_one_json_object_for_a_program) {
    const std::string json = summary_json(example(), {});
    for (const char* part : {R"("acknowledged": 1000)", R"("messages_per_s": 2000.0)",
             R"("p99_9": 250.0)", R"("cpu_ns_per_message": 100.0)",
             R"("last_error": "closed by \"the broker\" "})"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << " is not in\n" << json;
    }
}

TEST(Summary, has_null_for_latency_when_nothing_was_acknowledged) {
    EXPECT_NE(summary_json({}, {}).find(R"("latency_us": null)"), std::string::npos);
}

}  // namespace
}  // namespace foz::sensor
