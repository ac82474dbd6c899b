// SPDX-License-Identifier: Apache-2.0
// What is behind Loop: for the .cpp files of this folder.
#pragma once

#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "client/loop.h"
#include "client/name_lookups.h"

namespace foz::client {

struct Loop::Context {
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        io.get_executor()};
    NameLookups lookups{io};
    std::thread thread;
};

}  // namespace foz::client
