// SPDX-License-Identifier: Apache-2.0
// Baseline: how long a 4 KiB write and its fdatasync take on a file that is written full of zeros
// beforehand, at a given pace. bare_sync FILE COUNT PER_SECOND; prints percentiles in microseconds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "sensor/latency_histogram.h"

namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kFileBytes = 64 << 20;

void require(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        std::exit(1);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fprintf(stderr, "usage: bare_sync FILE COUNT PER_SECOND\n");
        return 2;
    }
    const int file = open(arguments[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    require(file >= 0, arguments[1]);
    const std::vector<char> zeros(1 << 20);
    for (std::size_t at = 0; at < kFileBytes; at += zeros.size()) {
        require(pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0, "write");
    }
    require(fsync(file) == 0, "fsync");
    const std::vector<char> block(kBlock, 'x');
    const auto pause = std::chrono::nanoseconds(std::chrono::seconds(1)) / std::atoi(arguments[3]);
    foz::sensor::LatencyHistogram latency;
    auto due = std::chrono::steady_clock::now();
    for (std::size_t write = 0; write < std::strtoull(arguments[2], nullptr, 10); ++write) {
        std::this_thread::sleep_until(due);
        due += pause;
        const auto begin = std::chrono::steady_clock::now();
        const auto at = static_cast<off_t>(write * kBlock % kFileBytes);
        require(pwrite(file, block.data(), kBlock, at) == static_cast<ssize_t>(kBlock), "write");
        require(fdatasync(file) == 0, "fdatasync");
        latency.record(std::chrono::steady_clock::now() - begin);
    }
    const auto microseconds = [&](double percent) {
        return std::chrono::duration<double, std::micro>(latency.percentile(percent)).count();
    };
    std::printf("{\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p99_9\": %.1f, \"max\": %.1f}\n",
            microseconds(50), microseconds(90), microseconds(99), microseconds(99.9),
            microseconds(100));
    close(file);
    unlink(arguments[1]);
}
