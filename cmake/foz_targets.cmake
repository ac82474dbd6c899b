# SPDX-License-Identifier: Apache-2.0
# How every target of foz is compiled, and the two functions that make one.

find_package(Threads REQUIRED)

add_library(foz_options INTERFACE)
target_include_directories(foz_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(foz_options INTERFACE Threads::Threads)
target_compile_options(foz_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Clang sees through to what libstdc++ 12 itself uses of the deprecated (in std::stable_sort). GCC looks for ours.
    target_compile_options(foz_options INTERFACE -Wthread-safety -Wno-deprecated-declarations)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # SSE 4.2 has the CRC-32C instruction; every x86-64 machine since 2009 has it.
    target_compile_options(foz_options INTERFACE -msse4.2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC 12 sees uninitialized values in its own <chrono> and <variant>, and overruns in its own std::string, when it
    # optimises (its bugs 105562 and 105651). AddressSanitizer looks for the real ones.
    target_compile_options(foz_options INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-restrict
        -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_UNITY_BUILD)
    # GCC takes what a file keeps for itself for a header's, when it stands in a file with others.
    target_compile_options(foz_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    # Of a large file GCC inlines less, lest it grow by 40 %; eight small ones are none. Mapping a message takes a fifth
    # more time otherwise.
    target_compile_options(foz_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:--param=large-unit-insns=200000>)
endif()
if(FOZ_SANITIZE)
    target_compile_options(foz_options INTERFACE -fsanitize=${FOZ_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(foz_options INTERFACE -fsanitize=${FOZ_SANITIZE})
endif()

# Precompiled headers: what most files include, read once for all targets. The clang preset does without them, so that a
# file which forgets an include does not pass tools/lint.
set(foz_precompiled_headers <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <deque>
    <expected> <filesystem> <functional> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string>
    <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h> <spdlog/spdlog.h>
    ${PROJECT_SOURCE_DIR}/src/base/log.h)
set(foz_empty_source ${PROJECT_BINARY_DIR}/empty.cpp)
file(CONFIGURE OUTPUT ${foz_empty_source} CONTENT "")
# foz_precompile(NAME HEADER... [USES target...]): the target NAME, whose precompiled headers others reuse.
function(foz_precompile name)
    cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
    add_library(${name} STATIC ${foz_empty_source})
    target_link_libraries(${name} PRIVATE foz_options ${ARG_USES})
    target_precompile_headers(${name} PRIVATE ${ARG_UNPARSED_ARGUMENTS})
endfunction()

# foz_library(NAME SOURCES file... [USES target...]): the static library foz_NAME, for one folder of src/.
function(foz_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_library(foz_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(foz_${name} PUBLIC foz_options ${ARG_USES})
    target_precompile_headers(foz_${name} REUSE_FROM foz_precompiled)
endfunction()

# foz_test(NAME SOURCES file... [USES target...] [LABELS label...] [TIMEOUT seconds] [ONE_THREAD]): a GoogleTest program; each of
# its tests is one of ctest's. ONE_THREAD: what it tests has no threads, so that ThreadSanitizer has nothing to say.
function(foz_test name)
    cmake_parse_arguments(ARG "ONE_THREAD" "TIMEOUT" "SOURCES;USES;LABELS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE foz_options ${ARG_USES} GTest::gtest_main)
    target_precompile_headers(${name} REUSE_FROM foz_precompiled_tests)
    # GCC warns of designated initializers that leave a member at its default: what they are for.
    target_compile_options(${name} PRIVATE -Wno-missing-field-initializers)
    set(properties TIMEOUT ${ARG_TIMEOUT})
    if(ARG_LABELS)
        list(APPEND properties LABELS "${ARG_LABELS}")
    else()
        add_dependencies(quick_tests ${name})
        if(NOT ARG_ONE_THREAD)
            add_dependencies(threads_tests ${name})
        endif()
    endif()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()
