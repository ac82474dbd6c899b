// SPDX-License-Identifier: Apache-2.0
#include "client/link_parts.h"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/post.hpp>

#include "client/loop_context.h"
#include "config/aws_iot_limits.h"

namespace foz::client {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kBatchBytesMax = 1 << 20;  // read before on_read_end() in any case
constexpr std::size_t kBufferBytesKept = 2 * kReadBytes;
constexpr std::chrono::seconds kStable{60};
constexpr std::chrono::seconds kTick{1};

}  // namespace

Link::Parts::Parts(Loop& link_loop, Options given, std::shared_ptr<session::Session> session,
        LinkUser& link_user, const Clock& link_clock)
    : loop(link_loop),
      options(std::move(given)),
      user(link_user),
      clock(link_clock),
      reporter(options.log_name, options.remote, link_clock),
      protocol(options.terms, std::move(session)),
      backoff(options.remote.retry_delay_max, std::random_device{}()),
      timer(link_loop.context().io) {}

void Link::Parts::set_timer(std::chrono::nanoseconds delay, void (Parts::*then)()) {
    timer.expires_after(delay);
    timer.async_wait(of_this_round([then](Parts& self, const boost::system::error_code& error) {
        if (!error) {
            (self.*then)();
        }
    }));
}

// ---- making a connection

Result<TransportTarget> Link::Parts::target() const {
    auto url = config::parse_remote_url(options.remote.url);
    if (!url) {
        return pass_on(url);
    }
    TransportTarget to{.url = *std::move(url), .tls = nullptr};
    if (to.url.tls) {
        config::ClientTls settings = options.remote.tls.value_or(config::ClientTls());
        const std::string_view alpn =
                config::alpn_for(options.remote.profile, to.url, settings.certificate.has_value());
        if (settings.alpn.empty() && !alpn.empty()) {
            settings.alpn.emplace_back(alpn);
        }
        // Loaded for each attempt: a certificate that was renewed takes effect by itself.
        auto context = tls::ClientContext::load(settings, clock.system_now());
        if (!context) {
            return pass_on(context);
        }
        to.tls = *std::move(context);
    }
    return to;
}

void Link::Parts::attempt() {
    attempt_due = paused;
    if (attempt_due) {
        return;
    }
    ++round;
    reporter.note_attempt();
    filled = batch_bytes = 0;
    out.clear();
    read_failure.reset();
    // The callbacks of the round before find their round over: what they would set is clean.
    reading = ready_told = batch_end_posted = false;
    auto to = target();
    if (!to) {
        lose({Cause::configuration, to.error().message});
        return;
    }
    if (to->tls != nullptr) {
        reporter.note_warnings(to->tls->warnings());
    }
    set_timer(options.remote.connect_timeout, &Parts::on_connect_timeout);
    wire = std::make_shared<Wire>();
    wire->transport = make_transport(loop, *std::move(to));
    wire->transport->connect(
            of_this_round([](Parts& self, const StepDone& step) { self.report(step); }),
            of_this_round([](Parts& self, const Transport::Outcome& failure) {
                self.after_connect(failure);
            }));
}

void Link::Parts::on_connect_timeout() {
    const bool connecting = protocol.state() == ClientProtocol::State::closed;
    lose({Cause::unreachable, fmt::format("it took longer than connect_timeout, {} ms: {}",
                                      options.remote.connect_timeout.count(),
                                      connecting ? wire->transport->doing()
                                                 : "waiting for the broker's answer to CONNECT")});
}

void Link::Parts::after_connect(const Transport::Outcome& failure) {
    if (failure) {
        lose(*failure);
        return;
    }
    protocol.open(clock.steady_now(), out);
    flush();
    read();
}

// ---- reading

void Link::Parts::read() {
    if (reading || wire == nullptr) {
        return;
    }
    reading = true;
    std::vector<char>& buffer = wire->buffer;
    if (filled == 0 && buffer.size() > kBufferBytesKept) {
        std::vector<char>().swap(buffer);
    }
    if (buffer.size() < filled + kReadBytes) {
        const std::size_t packet = mqtt::packet_size({buffer.data(), filled});
        buffer.resize(
                std::max({filled + kReadBytes, std::min(packet, 2 * filled), kBufferBytesKept}));
    }
    wire->transport->read(std::span(buffer).subspan(filled),
            of_this_round([](Parts& self, const Transport::Outcome& failure, std::size_t size) {
                self.after_read(failure, size);
            }));
}

void Link::Parts::after_read(const Transport::Outcome& failure, std::size_t size) {
    reading = false;
    filled += size;
    read_failure = failure;
    // While paused, what was read stays in the buffer, and resume_reading() goes on here.
    if (!paused || stopping) {
        go_on_reading();
    }
}

// What came before a failure counts: a CONNACK or DISCONNECT may say why.
void Link::Parts::go_on_reading() {
    const Transport::Outcome failure = read_failure;
    take_input();
    if (failure && wire != nullptr) {
        lose(*failure);
    }
}

// Takes what is in the buffer, and goes on reading. What can be read without waiting belongs to the
// same batch: its end is posted behind the next read.
void Link::Parts::take_input() {
    if (stopping) {
        return;
    }
    const auto state_before = protocol.state();
    std::vector<char>& buffer = wire->buffer;
    const std::size_t taken =
            protocol.consume({buffer.data(), filled}, clock.steady_now(), user, out);
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(taken),
            buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
    filled -= taken;
    batch_bytes += taken;
    if (protocol.state() != state_before) {
        if (state_before == ClientProtocol::State::connecting) {
            set_timer(kTick, &Parts::tick);
            report({
                .step = Step::connack,
                .text = protocol.session_present() ? "session resumed" : "new session",
                .chain = {},
            });
        }
        if (protocol.state() == ClientProtocol::State::ready && !ready_told) {
            ready_told = true;
            reporter.note_ready(protocol);
            report({.step = Step::suback, .text = protocol.subscription_trouble(), .chain = {}});
            user.on_ready();
        }
    }
    if (const auto& failure = protocol.failure()) {
        lose(*failure);
        return;
    }
    if (batch_bytes >= kBatchBytesMax) {
        end_batch();
        if (paused) {
            return;
        }
    }
    if (!read_failure) {
        read();
    }
    if (batch_bytes > 0 && !batch_end_posted) {
        batch_end_posted = true;
        boost::asio::post(loop.context().io, of_this_round([](Parts& self) {
            self.batch_end_posted = false;
            self.end_batch();
        }));
    }
}

void Link::Parts::end_batch() {
    if (batch_bytes == 0 || stopping) {
        return;
    }
    batch_bytes = 0;
    reporter.note_trouble(protocol.subscription_trouble());
    user.on_read_end();
    give_room();
    flush();
}

void Link::Parts::give_room() {
    if (was_full && protocol.has_capacity() && out.size() < kBacklogBytesMax) {
        was_full = false;
        user.on_writable();
    }
}

// ---- writing

void Link::Parts::flush() {
    if (wire == nullptr || out.empty() || !wire->writing.empty()) {
        return;
    }
    // One write at a time: what is published meanwhile gathers in `out` and follows in one.
    wire->writing.swap(out);
    wire->transport->write(
            wire->writing, of_this_round([](Parts& self, const Transport::Outcome& failure) {
                self.after_write(failure);
            }));
}

void Link::Parts::after_write(const Transport::Outcome& failure) {
    wire->writing.clear();
    if (failure) {
        // The broker may have said why before it hung up: the read that is under way finds out.
        if (!reading) {
            lose(*failure);
        }
        return;
    }
    if (stopping && out.empty()) {
        finish_stop();
        return;
    }
    if (!stopping) {
        give_room();
    }
    flush();
}

// ---- time

void Link::Parts::tick() {
    protocol.keep_alive(clock.steady_now(), !paused, out);
    if (const auto& failure = protocol.failure()) {
        lose(*failure);
        return;
    }
    set_timer(kTick, &Parts::tick);
    flush();
}

// ---- the end of a connection

void Link::Parts::close_transport() {
    if (wire) {
        wire->transport->close();
        wire.reset();
    }
}

void Link::Parts::lose(LinkFailure failure) {
    if (stopping) {
        finish_stop();
        return;
    }
    // The last batch first: what was read before the failure is the user's. `round` moves on before
    // the transport closes, so that its callbacks find nobody.
    end_batch();
    const LinkFailure meaning = reporter.note_lost(std::move(failure), protocol);
    ++round;
    protocol.close();
    close_transport();
    was_full = false;
    if (reporter.last_ready_for() >= kStable) {
        backoff.reset();
    }
    reporter.set_state(LinkState::waiting);
    set_timer(backoff.next(), &Parts::attempt);
    user.on_lost(meaning);
}

void Link::Parts::finish_stop() {
    ++round;
    stopped = true;
    protocol.close();
    close_transport();
    timer.cancel();
    reporter.set_state(LinkState::stopped);
    if (const auto done = std::exchange(on_stopped, nullptr)) {
        done();
    }
}

}  // namespace foz::client
