#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same script as somebody who knows PostgreSQL would write it: one connection, batches by COPY.

tuned_script.py PORT CONNECTION READINGS. Needs python3-paho-mqtt and python3-psycopg2.
"""
import io
import json
import queue
import sys
import time

import paho.mqtt.client as mqtt
import psycopg2

port, connection_string, readings = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
waiting = queue.SimpleQueue()


def batches():
    """Lists of up to 20,000 readings: whatever has arrived since the last one."""
    while True:
        batch = [waiting.get()]
        while len(batch) < 20_000 and not waiting.empty():
            batch.append(waiting.get())
        yield batch


connection = psycopg2.connect(connection_string)
cursor = connection.cursor()
cursor.execute("drop table if exists temperature; create table temperature(temp float, dh timestamptz)")
connection.commit()
subscriber = mqtt.Client("tuned-script")
subscriber.on_message = lambda _client, _userdata, message: waiting.put(message.payload)
subscriber.on_connect = lambda client, *_: client.subscribe("esp32/pub", 1)
subscriber.on_subscribe = lambda *_: print("ready", flush=True)
subscriber.connect("127.0.0.1", port)
subscriber.loop_start()

stored = 0
first = None
for batch in batches():
    first = first or time.monotonic()
    text = io.StringIO()
    for payload in batch:
        reading = json.loads(payload)
        text.write(f"{reading['Temperature']}\t{reading['Data Hora']}\n")
    text.seek(0)
    cursor.copy_expert("copy temperature(temp, dh) from stdin", text)
    connection.commit()
    stored += len(batch)
    if stored >= readings:
        break
seconds = time.monotonic() - first
print(json.dumps({"rows": stored, "duration_s": seconds, "rows_per_s": stored / seconds}))
subscriber.disconnect()
