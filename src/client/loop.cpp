// SPDX-License-Identifier: Apache-2.0
#include "client/loop.h"

#include <future>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/thread.h"
#include "client/loop_context.h"

namespace foz::client {

Loop::Loop(const std::string& name) : context_(std::make_unique<Context>()) {
    context_->thread = std::thread([this, name] {
        set_thread_name(name);
        context_->io.run();
    });
}

Loop::~Loop() {
    stop();
}

void Loop::post(std::function<void()> task) {
    boost::asio::post(context_->io, std::move(task));
}

void Loop::post_after(std::chrono::nanoseconds delay, std::function<void()> task) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(context_->io, delay);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
        if (!error) {
            task();
        }
    });
}

void Loop::run(const std::function<void()>& task) {
    std::promise<void> done;
    post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

void Loop::stop() {
    context_->io.stop();
    if (context_->thread.joinable()) {
        context_->thread.join();
    }
}

}  // namespace foz::client
