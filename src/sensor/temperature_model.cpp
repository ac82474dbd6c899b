// SPDX-License-Identifier: Apache-2.0
#include "sensor/temperature_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foz::sensor {

namespace {

constexpr float kMean = 22.0F;
constexpr float kMeanSpread = 3.0F;  // between sensors
constexpr float kDailySwing = 4.0F;
constexpr float kNoise = 0.15F;           // of one reading
constexpr float kWalkPerHour = 0.8F;      // how far the walk gets in an hour
constexpr float kWalkMemoryHours = 6.0F;  // how slowly it is pulled back
constexpr std::int64_t kSecondsOfDay = 86'400;
constexpr std::int64_t kSecondOfMeanRising = 32'400;  // 9 o'clock

}  // namespace

TemperatureModel::TemperatureModel(std::uint64_t seed) : random_state_(seed), mean_(0) {
    mean_ = kMean + kMeanSpread * random_around_zero();
}

std::int16_t TemperatureModel::next(SystemTime time) {
    const std::int64_t second =
            std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    if (second != second_) {
        move_on(second);
    }
    const float degrees = std::clamp(course_ + kNoise * random_around_zero(), -50.0F, 80.0F);
    return static_cast<std::int16_t>(std::lrint(degrees * 10));
}

// The course changes too slowly to be worth a sine for each reading: once a second does.
void TemperatureModel::move_on(std::int64_t second) {
    const float hours = second_ ? static_cast<float>(std::clamp<std::int64_t>(
                                          second - *second_, 0, kSecondsOfDay)) /
                                          3600
                                : 0;
    second_ = second;
    walk_ = walk_ * std::exp(-hours / kWalkMemoryHours) +
            kWalkPerHour * std::sqrt(hours) * 2 * random_around_zero();
    const auto of_day = static_cast<float>((second - kSecondOfMeanRising) % kSecondsOfDay);
    const float angle = 2 * std::numbers::pi_v<float> * of_day / static_cast<float>(kSecondsOfDay);
    course_ = mean_ + kDailySwing * std::sin(angle) + walk_;
}

// SplitMix64 (Steele, Lea, Flood 2014): any seed is good, also 0, 1, 2, ... for neighbouring
// sensors.
std::uint64_t TemperatureModel::random() {
    random_state_ += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = random_state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
}

// The difference of two even distributions: from -1 to 1, most often near 0.
float TemperatureModel::random_around_zero() {
    const std::uint64_t bits = random();
    const auto one = static_cast<float>(bits & 0xFFFFFF);
    const auto other = static_cast<float>((bits >> 32) & 0xFFFFFF);
    return (one - other) / static_cast<float>(0x1000000);
}

}  // namespace foz::sensor
