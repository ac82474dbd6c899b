#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Subscribes with Paho and prints "topic payload qos" of COUNT messages; ends then.

paho_subscribe.py PORT FILTER VERSION QOS COUNT. VERSION is of MQTT: 3.1.1 or 5. Needs python3-paho-mqtt.
"""
import sys

import paho.mqtt.client as mqtt

port, topic_filter, version, qos, count = sys.argv[1:]
left = int(count)


def on_subscribe(client, *_):
    print("subscribed", flush=True)


def on_message(client, _, message):
    global left
    print(message.topic, message.payload.decode(), message.qos, flush=True)
    left -= 1
    if left == 0:
        client.disconnect()


client = mqtt.Client(client_id=f"paho-subscriber-{version}-{qos}",
                     protocol=mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311)
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", int(port))
client.subscribe(topic_filter, int(qos))
client.loop_forever()
