// SPDX-License-Identifier: Apache-2.0
// Fuzzes the client's side of a connection: the first byte of the input says on which terms foz
// connects (see Term), the rest is what a hostile broker sends, split at the bytes 0xFE 0xFE into
// connections. Whatever it is, foz sends only whole packets that a client may send, tells its owner
// only what can be, and does the same however the bytes are cut into pieces.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "client/client_protocol.h"
#include "mqtt/topic.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/mqtt/reencode.h"

namespace foz::client {
namespace {

using mqtt::ProtocolVersion;

/// Bits of the first byte.
enum Term : std::uint8_t {
    version_3_1_1 = 1,
    subscribes = 2,
    one_filter_per_packet = 4,
    holds_releases = 8,
    acts = 16,     // the owner publishes and acknowledges between the pieces
    goes_on = 32,  // an earlier process has left QoS 2 messages that are not released
};

constexpr std::uint16_t kInFlight = 3;

SessionTerms terms_of(unsigned bits) {
    SessionTerms terms;
    terms.version = (bits & version_3_1_1) != 0 ? ProtocolVersion::v3_1_1 : ProtocolVersion::v5;
    terms.client_id = "foz-1";
    terms.session_expiry = std::chrono::hours(1);
    terms.in_flight = kInFlight;
    terms.hold_releases = (bits & holds_releases) != 0;
    terms.bridge = true;
    if ((bits & subscribes) != 0) {
        terms.filters = {{.filter = "esp32/+", .qos = 2}, {.filter = "$share/foz/plant/#"}};
        terms.filters_per_packet = (bits & one_filter_per_packet) != 0 ? 1 : 100;
    }
    return terms;
}

/// What the owner is told, checked and written down.
class Owner final : public Receiver {
  public:
    [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
    void expect_left_over(std::size_t count) { left_over_ = count; }
    [[nodiscard]] std::vector<Answer> take_answers() { return std::exchange(answers_, {}); }
    [[nodiscard]] std::uint64_t new_tag() {
        waiting_.insert(++last_tag_);
        return last_tag_;
    }
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  private:
    void on_session(bool present) override {
        told_.emplace_back(present ? "resumed" : "new");
        if (!present) {
            unreleased_.clear();
        }
    }
    void on_message(const mqtt::Publish& message) override {
        FOZ_CHECK(mqtt::is_valid_topic_name(message.topic));
        FOZ_CHECK((message.qos == 0) == (message.packet_id == 0));
        told_.push_back(fmt::format("{}={}", message.topic, message.payload));
        if (message.qos == 2) {
            unreleased_.insert(message.packet_id);
        }
    }
    void on_release(std::uint16_t packet_id) override {
        FOZ_CHECK(unreleased_.erase(packet_id) == 1);
        told_.push_back(fmt::format("release {}", packet_id));
    }
    void on_answer_due(Answer answer) override {
        FOZ_CHECK(answer.packet_id != 0);
        told_.push_back(fmt::format("{} {}", mqtt::packet_name(answer.type), answer.packet_id));
        answers_.push_back(answer);
    }
    void on_delivered(std::uint64_t tag, mqtt::ReasonCode reason) override {
        // The tag of what an earlier process has left is not known: 0.
        FOZ_CHECK(tag == 0 ? left_over_-- > 0 : waiting_.erase(tag) == 1);
        told_.push_back(fmt::format("delivered {} {}", tag, static_cast<unsigned>(reason)));
    }

    std::vector<std::string> told_;
    std::vector<Answer> answers_;
    std::set<std::uint16_t> unreleased_;
    std::uint64_t last_tag_ = 0;
    std::set<std::uint64_t> waiting_;  // published and not delivered
    std::size_t left_over_ = 0;
};

void check_sent(std::string_view out, ProtocolVersion version) {
    const mqtt::DecodeContext context{.version = version, .sender = mqtt::Sender::client};
    while (!out.empty()) {
        const auto read = mqtt::read_frame(out, version);
        FOZ_CHECK(read.has_value());
        const std::optional<mqtt::Frame>& frame = *read;
        FOZ_CHECK(frame.has_value() && mqtt::reencode(*frame, context).has_value());
        out.remove_prefix(frame->size);
    }
}

/// One run of foz against what the broker sends.
class Run {
  public:
    Run(unsigned bits, std::size_t piece_bytes)
        : bits_(bits), piece_bytes_(piece_bytes), protocol_(terms_of(bits), session_) {
        if ((bits & goes_on) != 0) {
            // The packet ids turn over soon.
            constexpr std::uint64_t kLast = session::Outbox::kCapacityMax - 1;
            protocol_.outbox().restore(kLast - 1, kLast);
            owner_.expect_left_over(1);
        }
    }

    /// One connection after the other.
    void take(std::string_view bytes) {
        constexpr std::string_view kNextConnection = "\xFE\xFE";
        while (true) {
            const std::size_t end = bytes.find(kNextConnection);
            connect(bytes.substr(0, end));
            note_end();
            if (end == std::string_view::npos) return;
            bytes.remove_prefix(end + kNextConnection.size());
        }
    }

    void connect(std::string_view bytes) {
        protocol_.open(now_, out_);
        std::string input;
        while (!bytes.empty()) {
            const std::string_view piece = bytes.substr(0, piece_bytes_);
            bytes.remove_prefix(piece.size());
            input += piece;
            input.erase(0, consume(input));
            if ((bits_ & acts) != 0) {
                act();
            }
        }
        protocol_.disconnect(mqtt::ReasonCode::success, out_);
        protocol_.close();
        std::string nothing;
        protocol_.keep_alive(now_, true, nothing);
        FOZ_CHECK(nothing.empty());
        check_sent(out_, protocol_.terms().version);
    }

    [[nodiscard]] const std::string& sent() const { return out_; }
    [[nodiscard]] const std::vector<std::string>& told() const { return owner_.told(); }
    /// How each connection ended.
    [[nodiscard]] const std::vector<std::optional<Cause>>& ends() const { return ends_; }
    void note_end() {
        const std::optional<LinkFailure>& failure = protocol_.failure();
        ends_.push_back(failure ? std::optional(failure->cause) : std::nullopt);
    }

  private:
    std::size_t consume(std::string_view input) {
        const bool failed = protocol_.failure().has_value();
        const std::size_t sent_before = out_.size();
        const std::size_t told_before = owner_.told().size();
        const std::size_t taken = protocol_.consume(input, now_, owner_, out_);
        FOZ_CHECK(taken <= input.size());
        if (failed) {
            FOZ_CHECK(taken == 0 && out_.size() == sent_before &&
                      owner_.told().size() == told_before);
        }
        const std::optional<LinkFailure>& failure = protocol_.failure();
        FOZ_CHECK(!failure || !failure->message.empty());
        return taken;
    }

    /// What a source and a bridge do.
    void act() {
        for (const Answer answer : owner_.take_answers()) {
            protocol_.acknowledge(answer, out_);
        }
        while (protocol_.has_capacity()) {
            ClientProtocol::Outgoing outgoing;
            outgoing.tag = owner_.new_tag();
            outgoing.message.topic = "t";
            outgoing.message.payload = "x";
            outgoing.message.qos = static_cast<std::uint8_t>(1 + outgoing.tag % 2);
            protocol_.publish(outgoing, owner_, out_);
            // QoS may have been taken down to 0: then there is always room.
            if (outgoing.tag % 4 == 0) break;
        }
        FOZ_CHECK(owner_.waiting() <= kInFlight);
        protocol_.release(out_);
        now_ += std::chrono::seconds(20);
        protocol_.keep_alive(now_, true, out_);
    }

    const unsigned bits_;
    const std::size_t piece_bytes_;
    std::shared_ptr<session::Session> session_ =
            std::make_shared<session::Session>("$source/fuzz", session::kNeverExpires);
    ClientProtocol protocol_;
    Owner owner_;
    SteadyTime now_{std::chrono::hours(1)};
    std::string out_;
    std::vector<std::optional<Cause>> ends_;
};

void try_input(std::span<const std::uint8_t> input) {
    if (input.empty()) return;
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()) + 1, input.size() - 1);
    constexpr std::size_t kPieceBytes = 7;
    Run in_pieces(input[0], kPieceBytes);
    in_pieces.take(bytes);
    if ((input[0] & acts) != 0) return;
    Run whole(input[0], std::max<std::size_t>(1, bytes.size()));
    whole.take(bytes);
    FOZ_CHECK(whole.sent() == in_pieces.sent());
    FOZ_CHECK(whole.told() == in_pieces.told());
    FOZ_CHECK(whole.ends() == in_pieces.ends());
}

}  // namespace
}  // namespace foz::client

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    foz::client::try_input({data, size});
    return 0;
}
