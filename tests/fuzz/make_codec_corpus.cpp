// SPDX-License-Identifier: Apache-2.0
// Writes the inputs that the codec's fuzzing starts from, one file each, into the folder that is
// named on the command line.
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tests/mqtt/wire.h"

namespace {

struct Input {
    std::string_view name;
    std::string_view notation;  // of tests/mqtt/wire.h; the first byte is codec_fuzz.cpp's selector
};

constexpr Input kInputs[] = {
    {"connect_3_1", "00 10 [<MQIsdp> 03 CE 003C <esp32> <t> <p> <user> <secret>]"},
    {"connect_3_1_without_the_user_name_it_announces", "00 10 [<MQIsdp> 03 C2 003C <esp32>]"},
    {"connect_3_1_1", "01 10 [<MQTT> 04 02 003C <esp32>]"},
    {"connect_3_1_1_with_everything",
        "01 10 [<MQTT> 04 EE 003C <esp32> <t/s> <p> <user> <secret>]"},
    {"connect_5", "02 10 [<MQTT> 05 02 003C [] <esp32>]"},
    {"connect_5_with_everything",
        "02 10 [<MQTT> 05 EE 003C [11 00000E10 21 0014 27 00010000 22 0005 19 01 17 00 26 <k> <v> "
        "15 <m> 16 <d>]<esp32> [18 0000001E 01 01 02 0000003C 03 <text> 08 <re> 09 <id> 26 <a> "
        "<b>] <t> <p> <user> <secret>]"},
    {"connect_of_version_6", "02 10 [<MQTT> 06 02 003C [] <esp32>]"},
    {"connack_3_1_1", "04 20 [01 00]"},
    {"connack_5",
        "05 20 [00 00 [11 00000001 21 0001 24 01 25 00 27 00000064 12 <id> 22 000A 1F <why> 26 <k> "
        "<v>28 01 29 01 2A 00 13 003C 1A <info> 1C <other> 15 <m> 16 <d>]]"},
    {"publish_qos_0", "01 30 [<esp32/pub> '{}']"},
    {"publish_qos_1_of_3_1_again", "00 3A [<esp32/pub> 0001 '{}']"},
    {"publish_qos_1", "01 32 [<esp32/pub> 0001 '{\"Temperature\": 23.5}']"},
    {"publish_qos_2_of_5",
        "02 35 [<esp32/pub> 0001 [01 01 02 0000003C 23 0001 08 <re> 09 <id> 26 <k> <v> 03 <json>] "
        "'{}']"},
    {"publish_by_alias", "02 30 [<> [23 0001] '{}']"},
    {"publish_with_a_topic_in_utf_8", "01 30 [<sítios/北/温度> '{}']"},
    {"publish_of_a_server", "05 30 [<a> [0B 01 0B FFFFFF7F] '{}']"},
    {"publish_under_tight_limits", "0A 30 [<a/b/c> [26 <k> <v> 26 <k> <v>] '{}']"},
    {"puback", "01 40 [0001]"},
    {"puback_with_a_reason", "02 40 [0001 10]"},
    {"pubrec_with_properties", "02 50 [0001 97 [1F <full> 26 <k> <v>]]"},
    {"pubrel", "02 62 [0001]"},
    {"pubrel_of_3_1_again", "00 6A [0001]"},
    {"pubcomp", "05 70 [0001 92 []]"},
    {"subscribe_3_1_1", "01 82 [0001 <a/#> 01 <+/b> 02]"},
    {"subscribe_5", "02 82 [0001 [0B 8001 26 <k> <v>] <a> 2E <$share/group/b/+> 19]"},
    {"suback_3_1_1", "04 90 [0001 00 01 02 80]"},
    {"suback_5", "05 90 [0001 [1F <why> 26 <k> <v>] 00 8F 9E A1 A2]"},
    {"unsubscribe_3_1_1", "01 A2 [0001 <a/#> <b>]"},
    {"unsubscribe_5", "02 A2 [0001 [26 <k> <v>] <$share/g/a>]"},
    {"unsuback_3_1_1", "04 B0 [0001]"},
    {"unsuback_5", "05 B0 [0001 [] 00 11 8F]"},
    {"ping", "01 C000 D000"},
    {"disconnect", "01 E000"},
    {"disconnect_of_a_client", "02 E0 [04 [11 00000000 1F <bye> 26 <k> <v>]]"},
    {"disconnect_of_a_server", "05 E0 [9D [1C <other>]]"},
    {"auth", "02 F0 [18 [15 <SCRAM> 16 <data>]]"},
    {"a_session_of_3_1_1",
        "01 10 [<MQTT> 04 02 003C <esp32>] 32 [<a> 0001 '1'] 34 [<a> 0002 '2'] 62 [0002] C000 "
        "E000"},
    {"a_length_that_never_ends", "01 30 FFFFFFFF FF"},
    {"a_length_in_too_many_bytes", "01 30 8300 <a>"},
    {"message_record",
        "06 01 02 0700 0807060504030200 0900 0700 07000000 'esp32/pub' 'esp32-1' 26 <k> <v> '{}'"},
    {"session_record", "07 01 00 0000 FFFFFFFF 'esp32-1'"},
    {"filter_and_name", "10 'sites/+/#' 0A 'sites/north/a/b'"},
    {"filter_and_system_name", "10 '+/a' 0A '$SYS/a'"},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::filesystem::create_directories(argv[1]);
    for (const Input& input : kInputs) {
        std::ofstream file(std::filesystem::path(argv[1]) / input.name, std::ios::binary);
        file << foz::mqtt::wire(input.notation);
        if (!file.flush()) return 1;
    }
    return 0;
}
