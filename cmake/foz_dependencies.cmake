# SPDX-License-Identifier: Apache-2.0
# Every library that foz uses, found once. tools/packages lists the Debian package of each.

find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(date REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)

# Header-only Asio and Beast; no Boost.System library is needed.
add_library(foz_asio INTERFACE)
target_link_libraries(foz_asio INTERFACE Boost::headers)
target_compile_definitions(foz_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY)

if(FOZ_SANITIZE MATCHES thread)
    # ThreadSanitizer does not know fences. Asio's guard handlers that touch what its locks do not; foz has none.
    target_compile_definitions(foz_asio INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        target_compile_options(foz_asio INTERFACE -Wno-tsan)
    endif()
endif()

if(FOZ_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
endif()
if(FOZ_BENCH)
    find_package(benchmark REQUIRED)
endif()

# Every target has both, and so the same macros as the precompiled headers.
target_link_libraries(foz_options INTERFACE fmt::fmt spdlog::spdlog)
foz_precompile(foz_precompiled ${foz_precompiled_headers})
if(FOZ_TESTS)
    foz_precompile(foz_precompiled_tests ${foz_precompiled_headers} <gtest/gtest.h> <gmock/gmock.h> USES GTest::gtest)
endif()
