// SPDX-License-Identifier: Apache-2.0
#include "mqtt/properties.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/mqtt/wire.h"

namespace foz::mqtt {
namespace {

/// A valid value for each property, in wire()'s notation, and the packets that may have it: table
/// 2-4 of the specification, in which W is the will.
struct Row {
    std::string_view property;
    std::string_view owners;
};

constexpr Row kTable[] = {
    {"01 01", "PUBLISH will"},
    {"02 00000001", "PUBLISH will"},
    {"03 <text>", "PUBLISH will"},
    {"08 <topic>", "PUBLISH will"},
    {"09 <data>", "PUBLISH will"},
    {"0B 01", "PUBLISH SUBSCRIBE"},
    {"11 00000001", "CONNECT CONNACK DISCONNECT"},
    {"12 <text>", "CONNACK"},
    {"13 0001", "CONNACK"},
    {"15 <text>", "CONNECT CONNACK AUTH"},
    {"15 <text> 16 <data>", "CONNECT CONNACK AUTH"},
    {"17 01", "CONNECT"},
    {"18 00000001", "will"},
    {"19 01", "CONNECT"},
    {"1A <text>", "CONNACK"},
    {"1C <text>", "CONNACK DISCONNECT"},
    {"1F <text>", "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH"},
    {"21 0001", "CONNECT CONNACK"},
    {"22 0001", "CONNECT CONNACK"},
    {"23 0001", "PUBLISH"},
    {"24 01", "CONNACK"},
    {"25 01", "CONNACK"},
    {"26 <name> <value>",
        "CONNECT CONNACK PUBLISH will PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE "
        "UNSUBACK DISCONNECT AUTH"},
    {"27 00000001", "CONNECT CONNACK"},
    {"28 01", "CONNACK"},
    {"29 01", "CONNACK"},
    {"2A 01", "CONNACK"},
};

const std::map<std::string, PropertyOwner, std::less<>>& owners() {
    using enum PropertyOwner;
    static const std::map<std::string, PropertyOwner, std::less<>> kOwners = {{"will", will},
        {"CONNECT", connect}, {"CONNACK", connack}, {"PUBLISH", publish}, {"PUBACK", puback},
        {"PUBREC", pubrec}, {"PUBREL", pubrel}, {"PUBCOMP", pubcomp}, {"SUBSCRIBE", subscribe},
        {"SUBACK", suback}, {"UNSUBSCRIBE", unsubscribe}, {"UNSUBACK", unsuback},
        {"DISCONNECT", disconnect}, {"AUTH", auth}};
    return kOwners;
}

bool names(std::string_view list, std::string_view name) {
    return (" " + std::string(list) + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

TEST(Properties, are_allowed_in_the_packets_that_the_table_names_and_in_no_other) {
    for (const Row& row : kTable) {
        for (const auto& [name, owner] : owners()) {
            SCOPED_TRACE(std::string(row.property) + " in " + name);
            const std::string bytes = wire(row.property);
            // Some may be sent in one direction only; the decoders' tests are about that.
            const auto of_client =
                    validate_properties(bytes, {.owner = owner, .sender = Sender::client});
            const auto of_server =
                    validate_properties(bytes, {.owner = owner, .sender = Sender::server});
            EXPECT_EQ(of_client || of_server, names(row.owners, name));
            if (!of_client && !of_server) {
                EXPECT_EQ(of_client.error().reason, ReasonCode::malformed_packet);
            }
        }
    }
}

TEST(Properties, may_not_be_repeated_but_for_user_properties) {
    for (const Row& row : kTable) {
        SCOPED_TRACE(row.property);
        const std::string bytes = wire(row.property) + wire(row.property);
        const PropertyOwner owner =
                owners().find(row.owners.substr(row.owners.rfind(' ') + 1))->second;
        const auto sender = row.property.starts_with("11") ? Sender::client : Sender::server;
        const auto result = validate_properties(bytes, {.owner = owner, .sender = sender});
        if (row.property.starts_with("26")) {
            EXPECT_TRUE(result);
        } else {
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().reason, ReasonCode::protocol_error);
        }
    }
}

TEST(Properties, that_are_cut_short_are_malformed) {
    for (const Row& row : kTable) {
        const std::string bytes = wire(row.property);
        const PropertyOwner owner =
                owners().find(row.owners.substr(row.owners.rfind(' ') + 1))->second;
        // The only prefix that is a property in itself is the method before the authentication
        // data.
        const std::size_t first =
                row.property.starts_with("15 <text> 16") ? wire("15 <text>").size() + 1 : 1;
        for (std::size_t size = first; size < bytes.size(); ++size) {
            SCOPED_TRACE(hex(std::string_view(bytes).substr(0, size)));
            const auto result =
                    validate_properties(std::string_view(bytes).substr(0, size), {.owner = owner});
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().reason, ReasonCode::malformed_packet);
        }
    }
}

TEST(Properties, with_identifiers_that_are_not_defined_are_malformed) {
    for (unsigned id = 0; id < 256; ++id) {
        bool defined = false;
        for (const Row& row : kTable) {
            defined = defined || static_cast<unsigned char>(wire(row.property)[0]) == id;
        }
        if (defined) continue;
        std::string bytes(8, '\0');
        bytes[0] = static_cast<char>(id);
        const auto result = validate_properties(bytes, {});
        ASSERT_FALSE(result) << id;
        EXPECT_EQ(result.error().reason, ReasonCode::malformed_packet);
    }
}

TEST(Properties, are_found_by_their_identifier) {
    const std::string bytes = wire("26 <a> <1> 02 0000003C 03 <json> 26 <a> <2>");
    const auto properties = validate_properties(bytes, {.owner = PropertyOwner::publish});
    ASSERT_TRUE(properties);
    EXPECT_EQ(properties->bytes(), bytes);
    EXPECT_TRUE(properties->has(PropertyId::content_type));
    EXPECT_FALSE(properties->has(PropertyId::topic_alias));
    EXPECT_EQ(properties->number(PropertyId::message_expiry_interval), 60);
    EXPECT_EQ(properties->number(PropertyId::topic_alias), std::nullopt);
    EXPECT_EQ(properties->text(PropertyId::content_type), "json");
    EXPECT_EQ(properties->text(PropertyId::response_topic), std::nullopt);
    EXPECT_EQ(properties->text(PropertyId::user_property), "a");
    EXPECT_EQ(properties->user_properties(), 2);
}

TEST(Properties, that_are_asked_for_as_another_type_are_not_there) {
    const std::string bytes = wire("02 0000003C 03 <json>");
    const Properties properties = Properties::from_validated(bytes);
    EXPECT_EQ(properties.text(PropertyId::message_expiry_interval), std::nullopt);
    EXPECT_EQ(properties.number(PropertyId::content_type), std::nullopt);
}

TEST(Properties, are_visited_in_their_order) {
    const std::string bytes = wire("26 <a> <1> 23 0007 26 <b> <2>");
    std::string visited;
    Properties::from_validated(bytes).for_each([&](const Property& property) {
        visited += property.text;
        visited += property.value;
        visited += std::to_string(property.number) + " ";
    });
    EXPECT_EQ(visited, "a10 7 b20 ");
}

TEST(Properties, those_of_the_message_are_copied_and_those_of_the_connection_left_out) {
    const std::string bytes = wire("26 <a> <1> 18 00000007 23 0007 26 <b> <2>");
    std::string copy = "x";
    Properties::from_validated(bytes).append_message_properties(copy);
    EXPECT_EQ(hex(copy), hex(wire("'x' 26 <a> <1> 26 <b> <2>")));
}

TEST(PropertyWriter, writes_each_property_in_its_own_width) {
    PropertyWriter writer;
    writer.add(PropertyId::payload_format_indicator, 1)
            .add(PropertyId::topic_alias, 258)
            .add(PropertyId::message_expiry_interval, 66'051)
            .add(PropertyId::subscription_identifier, 128)
            .add(PropertyId::content_type, "json")
            .add(PropertyId::correlation_data, std::string_view("\0", 1))
            .add_user("k", "v");
    EXPECT_EQ(hex(writer.properties().bytes()),
            hex(wire("01 01 23 0102 02 00010203 0B 8001 03 <json> 09 0001 00 26 <k> <v>")));
    EXPECT_EQ(writer.properties().user_properties(), 1);
    writer.clear();
    EXPECT_TRUE(writer.properties().empty());
}

TEST(PropertyWriterDeathTest, ends_the_process_when_a_text_is_too_long) {
    PropertyWriter writer;
    EXPECT_DEATH(writer.add(PropertyId::content_type, std::string(65'536, 'x')), "0xFFFF");
    EXPECT_DEATH(writer.add(PropertyId::topic_alias, "text"), "is_number");
    EXPECT_DEATH(writer.add(PropertyId::content_type, 1), "number");
}

}  // namespace
}  // namespace foz::mqtt
