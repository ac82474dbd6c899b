// SPDX-License-Identifier: Apache-2.0
// The function that every fuzz target defines; libFuzzer and corpus_replay.cpp call it.
#pragma once

#include <cstddef>
#include <cstdint>

/// Ends the process when the code under test does something wrong with the input. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
