#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes {"n": 1, ...} to {"n": COUNT, ...} with Paho; ends when all are acknowledged.

paho_publish.py PORT TOPIC VERSION QOS COUNT. VERSION is of MQTT: 3.1.1 or 5. Needs python3-paho-mqtt.
"""
import json
import sys

import paho.mqtt.client as mqtt

port, topic, version, qos, count = sys.argv[1:]
client = mqtt.Client(client_id=f"paho-{version}-{qos}",
                     protocol=mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311)
client.connect("127.0.0.1", int(port))
client.loop_start()
published = [client.publish(topic, json.dumps({"n": n, "version": version, "qos": int(qos)}), int(qos))
             for n in range(1, int(count) + 1)]
for one in published:
    one.wait_for_publish()
client.disconnect()
client.loop_stop()
