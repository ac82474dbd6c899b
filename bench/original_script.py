#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The research group's script, for comparison: for each reading it connects, inserts, commits and closes.

original_script.py PORT CONNECTION READINGS. Without the original's sleep of 5 s. It ends after READINGS readings
and prints how many it stored in what time. Needs python3-paho-mqtt and python3-psycopg2.
"""
import json
import sys
import time

import paho.mqtt.client as mqtt
import psycopg2

port, connection_string, readings = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
stored = 0
first = None


def on_message(client, _userdata, message):
    global stored, first
    first = first or time.monotonic()
    reading = json.loads(message.payload)
    try:
        connection = psycopg2.connect(connection_string)
        cursor = connection.cursor()
        cursor.execute(
            "insert into temperature(temp, dh) values(" + str(reading["Temperature"]) + ", '"
            + str(reading["Data Hora"]) + "')"
        )
        connection.commit()
        cursor.close()
        connection.close()
        stored += 1
    except psycopg2.Error:
        print("Database failure", file=sys.stderr)
    if stored >= readings:
        seconds = time.monotonic() - first
        print(json.dumps({"rows": stored, "duration_s": seconds, "rows_per_s": stored / seconds}))
        client.disconnect()


with psycopg2.connect(connection_string) as made:
    made.cursor().execute("drop table if exists temperature; create table temperature(temp float, dh timestamptz)")
subscriber = mqtt.Client("original-script")
subscriber.on_message = on_message
subscriber.on_connect = lambda client, *_: client.subscribe("esp32/pub", 1)
subscriber.on_subscribe = lambda *_: print("ready", flush=True)
subscriber.connect("127.0.0.1", port)
subscriber.loop_forever()
