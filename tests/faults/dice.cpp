// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/dice.h"

#include <cstdlib>
#include <iostream>

namespace foz::faults {
namespace {

const char* setting(const char* name) {
    return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
}

std::uint64_t number(const char* name, std::uint64_t otherwise) {
    const char* const text = setting(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

Dice::Dice() : seed_(number("FOZ_FAULT_SEED", std::random_device{}())), random_(seed_) {
    std::cout << "FOZ_FAULT_SEED=" << seed_ << '\n';
}

bool Dice::long_run() {
    return setting("FOZ_FAULT_ROUNDS") != nullptr;
}

std::uint64_t Dice::rounds(std::uint64_t otherwise) {
    return number("FOZ_FAULT_ROUNDS", otherwise);
}

std::uint64_t Dice::some() {
    return std::uniform_int_distribution<std::uint64_t>(1, 1'500)(random_);
}

}  // namespace foz::faults
