// SPDX-License-Identifier: Apache-2.0
#include "sensor/fleet.h"

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>

namespace foz::sensor {

namespace {

constexpr rlim_t kDescriptorsBeside = 64;  // those that are not sensors' connections

std::chrono::nanoseconds duration_from(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Result<void> allow_descriptors(rlim_t count) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= count) {
        return {};
    }
    if (limit.rlim_max < count) {
        return fail(ErrorCode::unavailable,
                "{} open files are allowed here and {} are needed; raise the limit (ulimit -Hn) or "
                "use fewer sensors",
                limit.rlim_max, count);
    }
    limit.rlim_cur = count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return fail(ErrorCode::io, "cannot allow {} open files: {}", count, errno_message(errno));
    }
    return {};
}

}  // namespace

Fleet::Fleet(Options options) : options_(std::move(options)) {}

Fleet::~Fleet() {
    abandon();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

Result<void> Fleet::start() {
    if (auto checked = check_options(options_); !checked) {
        return checked;
    }
    auto resolved = resolve(options_.broker);
    if (!resolved) {
        return pass_on(resolved);
    }
    broker_.addresses = *std::move(resolved);
    broker_.host = options_.broker.host;
    if (options_.broker.tls) {
        auto loaded = tls::ClientContext::load(options_.tls, real_clock().system_now());
        if (!loaded) {
            return pass_on(loaded);
        }
        tls_ = *std::move(loaded);
        broker_.tls = tls_.get();
    }
    if (auto allowed = allow_descriptors(options_.count + kDescriptorsBeside); !allowed) {
        return allowed;
    }
    signals_.all_ready = [this] { wake_all(); };
    const std::uint32_t threads = std::min(options_.threads, options_.count);
    std::uint32_t first = 1;
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
        const std::uint32_t count =
                options_.count / threads + (thread < options_.count % threads ? 1 : 0);
        loops_.push_back(std::make_unique<SensorLoop>(
                options_, broker_, signals_, SensorRange{first, count}, real_clock()));
        first += count;
        if (auto opened = loops_.back()->open(); !opened) {
            return opened;
        }
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    cpu_user_at_start_ = duration_from(usage.ru_utime);
    cpu_system_at_start_ = duration_from(usage.ru_stime);
    for (const auto& loop : loops_) {
        threads_.emplace_back([&loop = *loop] { loop.run(); });
    }
    return {};
}

void Fleet::stop() {
    signals_.stop = true;
    wake_all();
}

void Fleet::abandon() {
    signals_.abandon = true;
    wake_all();
}

void Fleet::wake_all() {
    for (const auto& loop : loops_) {
        loop->wake();
    }
}

FleetProgress Fleet::progress() const {
    FleetProgress sum{.finished = true};
    for (const auto& loop : loops_) {
        const LoopProgress& progress = loop->progress();
        sum.sent += progress.sent;
        sum.acknowledged += progress.acknowledged;
        sum.reconnections += progress.reconnections;
        sum.connected += progress.connected;
        sum.finished = sum.finished && progress.finished;
    }
    return sum;
}

Summary Fleet::wait() {
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
    Summary summary;
    for (const auto& loop : loops_) {
        summary.statistics.merge(loop->statistics());
    }
    if (summary.statistics.first_publish && summary.statistics.last_acknowledgement) {
        summary.duration =
                *summary.statistics.last_acknowledgement - *summary.statistics.first_publish;
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    summary.cpu_user = duration_from(usage.ru_utime) - cpu_user_at_start_;
    summary.cpu_system = duration_from(usage.ru_stime) - cpu_system_at_start_;
    return summary;
}

}  // namespace foz::sensor
