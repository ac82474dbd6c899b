#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures foz against its baselines, alternately, and writes bench/RESULTS.md.

Every figure is the median of five runs (--quick: of one, with fewer rows). foz's rows/s count from the first
PUBLISH to the commit of the last row, as foz_ledger in the database shows it.
"""
import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results
import servers

HERE = Path(__file__).resolve().parent
PAYLOAD = '{"Temperature": {temperature}, "Data Hora": "{time_us}"}'
LEDGER = "select coalesce(sum(stored + duplicate + dead), 0) from foz_ledger"
CONNECTIONS = 1000
IDLE_CONNECTIONS = 10_000
DEVICES_WITH_PASSWORDS = 5_000
PASSWORD_ITERATIONS = 100_000  # what foz passwd takes, unless told
WINDOW_MAX = 65_535


class Bench:
    def __init__(self, options):
        self.build = options.build.resolve()
        self.runs = options.runs or (1 if options.quick else 5)
        self.quick = options.quick
        self.seconds = 2 if options.quick else 5
        self.scratch = Path(tempfile.mkdtemp(prefix="foz-bench-", dir=options.scratch))
        self.scratch.chmod(0o755)
        self.figures = []
        self.databases = {}
        self.peak_memory_mib = []
        self.acknowledged_rate = None

    def database(self, kind):
        if kind not in self.databases:
            self.databases[kind] = kind(self.scratch)
        return self.databases[kind]

    def close(self):
        for database in self.databases.values():
            database.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def sensor(self, port, *words):
        """`port`: on loopback, or USER:PASSWORD@HOST:PORT."""
        broker = f"127.0.0.1:{port}" if isinstance(port, int) else port
        command = [servers.foz_program(self.build), "sensor", "--url", f"mqtt://{broker}", "--json",
                   "--payload", PAYLOAD, *map(str, words)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        summary = json.loads(done.stdout)
        if done.returncode != 0:
            raise RuntimeError(f"foz sensor: {summary['unacknowledged']} unacknowledged; {summary['last_error']}")
        return summary

    def alternate(self, name, target, run_foz, run_baseline, **kind):
        """Runs foz and the baseline in turns and keeps the figure. Each run gives (value, notes)."""
        figure = results.Figure(name=name, target=target, **kind)
        for run in range(self.runs):
            print(f"  {name}: run {run + 1} of {self.runs}", file=sys.stderr)
            figure.add_foz(*run_foz())
            figure.add_baseline(*run_baseline())
        self.figures.append(figure)
        return figure

    # Rows into a database

    def store(self, kind, rows, key, watch=None):
        database = self.database(kind)
        database.make_database("foz")
        foz = servers.Foz(self.build, self.scratch, database.url("foz"), key)
        shell = database.shell("foz")
        try:
            with results.profiled(watch, foz.program.process.pid):
                summary = self.sensor(foz.port, "--count", CONNECTIONS, "--in-flight", 100, "--full-speed",
                                      "--together", "--messages", rows // CONNECTIONS)
                end = self.wait_for_rows(shell, rows)
            stored = int(shell.value("select count(*) from readings"))
            if stored != rows:
                raise RuntimeError(f"{stored} rows are in the table instead of {rows}")
            self.peak_memory_mib.append(foz.program.memory_kib("VmHWM") / 1024)
            notes = {"generator CPU, ns/message": summary["cpu_ns_per_message"],
                     "foz CPU, ns/message": foz.program.cpu_seconds() / rows * 1e9,
                     "acknowledged/s": summary["messages_per_s"]}
            return rows / (end - summary["first_publish_s"]), notes
        finally:
            shell.close()
            foz.close()

    @staticmethod
    def wait_for_rows(shell, rows):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            now = time.monotonic()
            if int(float(shell.value(LEDGER) or 0)) >= rows:
                return now
            time.sleep(0.005)
        raise RuntimeError("the rows are not in the table after two minutes")

    def load(self, kind, rows, key):
        command = self.database(kind).baseline(self.build, rows, key)
        return json.loads(subprocess.check_output(list(map(str, command))))["rows_per_s"], {}

    def rows_figure(self, name, target, kind, rows, key):
        rows = rows // 5 if self.quick else rows
        figure = self.alternate(name, target, lambda: self.store(kind, rows, key),
                                lambda: self.load(kind, rows, key), unit="rows/s")
        if not figure.met() and not self.quick:
            figure.profile = results.Profile(self.scratch)
            self.store(kind, rows, key, watch=figure.profile)

    def postgres_key(self):
        self.rows_figure("PostgreSQL, primary key (dh, device)", 0.8, servers.Postgres, 2_000_000, True)

    def postgres_no_key(self):
        self.rows_figure("PostgreSQL, no key", 0.6, servers.Postgres, 4_000_000, False)

    def mariadb(self):
        self.rows_figure("MariaDB, primary key (dh, device)", 0.75, servers.Mariadb, 2_000_000, True)

    def sqlite(self):
        self.rows_figure("SQLite, primary key (dh, device) WITHOUT ROWID", 0.7, servers.Sqlite, 2_000_000, True)

    # Acknowledgements

    def with_foz(self, use):
        database = self.database(servers.Postgres)
        database.make_database("foz")
        foz = servers.Foz(self.build, self.scratch, database.url("foz"), False)
        try:
            return use(foz)
        finally:
            foz.close()

    def one_in_flight(self, port):
        summary = self.sensor(port, "--count", CONNECTIONS, "--in-flight", 1, "--full-speed", "--together",
                              "--duration", f"{self.seconds}s")
        return summary["messages_per_s"], {"generator CPU, ns/message": summary["cpu_ns_per_message"]}

    def puback(self):
        def bare():
            server = servers.Bare(self.build, self.scratch)
            try:
                return self.one_in_flight(server.port)[0], {}
            finally:
                server.close()

        figure = self.alternate("1000 connections, 1 in flight", 0.8,
                                lambda: self.with_foz(lambda foz: self.one_in_flight(foz.port)), bare,
                                unit="acknowledged/s")
        self.acknowledged_rate = figure.foz_median()
        if not figure.met():
            self.profile(figure, lambda foz: self.one_in_flight(foz.port))

    def profile(self, figure, use):
        if self.quick:
            return
        figure.profile = results.Profile(self.scratch)

        def watched(foz):
            with results.profiled(figure.profile, foz.program.process.pid):
                use(foz)

        self.with_foz(watched)

    def paced(self, port, rate):
        return self.sensor(port, "--count", CONNECTIONS, "--rate", rate, "--together", "--duration", f"{self.seconds}s")

    def latency(self):
        if self.acknowledged_rate is None:
            self.acknowledged_rate = self.with_foz(lambda foz: self.one_in_flight(foz.port))[0]
        rate = int(self.acknowledged_rate / 2)

        def paced(foz):
            summary = self.paced(foz.port, rate)
            return summary["latency_us"]["p99"], {"readings/s": summary["messages_per_s"],
                                                  "p50, µs": summary["latency_us"]["p50"],
                                                  "p99.9, µs": summary["latency_us"]["p99_9"],
                                                  "generator CPU, ns/message": summary["cpu_ns_per_message"]}

        def bare():
            command = [self.build / "bench/bare_sync", self.scratch / "sync", str(1000 * self.seconds), "1000"]
            return json.loads(subprocess.check_output(command))["p99"], {}

        figure = self.alternate(f"PUBACK latency p99 at {rate:,} readings/s", 3, lambda: self.with_foz(paced), bare,
                                unit="µs", at_most=True)
        if not figure.met():
            for _ in range(self.runs):
                figure.add_notes(self.latency_without_parts(rate))
            self.profile(figure, lambda foz: self.paced(foz.port, rate))

    def latency_without_parts(self, rate):
        """What is left of the latency without a database, and without foz."""
        def p99(server):
            try:
                return self.paced(server.port, rate)["latency_us"]["p99"]
            finally:
                server.close()

        nobody = "postgresql://foz@127.0.0.1:1/foz"
        return {"p99 while the database is away, µs": p99(servers.Foz(self.build, self.scratch, nobody)),
                "p99 of a bare server that only answers, µs": p99(servers.Bare(self.build, self.scratch))}

    # Memory

    def memory(self):
        if not self.peak_memory_mib:
            self.store(servers.Postgres, 400_000, True)
        peak = results.Figure("Peak resident memory at full load", 96, "MiB", at_most=True)
        for value in self.peak_memory_mib:
            peak.add_foz(value, {})
        self.figures.append(peak)
        idle = results.Figure("Resident memory of an idle connection", 6, "KiB", at_most=True)
        idle.add_foz(self.with_foz(self.idle_memory_kib), {})
        self.figures.append(idle)

    def idle_memory_kib(self, foz):
        before = foz.program.memory_kib("VmRSS")
        command = [servers.foz_program(self.build), "sensor", "--url", f"mqtt://127.0.0.1:{foz.port}", "--idle",
                   "--count", str(IDLE_CONNECTIONS)]
        idle = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while len(os.listdir(f"/proc/{foz.program.process.pid}/fd")) < IDLE_CONNECTIONS:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{IDLE_CONNECTIONS} idle connections were not made in a minute")
                time.sleep(0.1)
            time.sleep(1)  # until the last CONNECTs are answered
            return (foz.program.memory_kib("VmRSS") - before) / IDLE_CONNECTIONS
        finally:
            idle.terminate()
            idle.wait()

    # Passwords

    def passwords(self):
        """How long until all devices are back after a restart: nobody is remembered then."""
        devices = DEVICES_WITH_PASSWORDS // 10 if self.quick else DEVICES_WITH_PASSWORDS
        file = self.scratch / "passwords"
        file.write_text("".join(password_line(number) for number in range(1, devices + 1)))
        file.chmod(0o644)  # Mosquitto gives up root's rights

        def seconds(server):
            try:
                start = time.monotonic()
                self.sensor(f"d{{n}}:p{{n}}@127.0.0.1:{server.port}", "--count", devices, "--messages", 1)
                return time.monotonic() - start, {}
            finally:
                server.close()

        self.alternate(f"{devices:,} devices with passwords are back after a restart", 1,
                       lambda: seconds(servers.Foz(self.build, self.scratch, passwords=file)),
                       lambda: seconds(servers.Mosquitto(self.scratch, passwords=file)), unit="s", at_most=True)

    # Behind Mosquitto

    def publish(self, port, rows):
        """Returns the time of the first."""
        summary = self.sensor(port, "--count", 10, "--in-flight", 100, "--full-speed", "--together",
                              "--messages", rows // 10)
        return summary["first_publish_s"]

    def source(self):
        rows = 60_000 if self.quick else 300_000

        def through_foz():
            database = self.database(servers.Postgres)
            database.make_database("foz")
            broker = servers.Mosquitto(self.scratch)
            foz = servers.Foz(self.build, self.scratch, database.url("foz"), False, source=broker.port)
            shell = database.shell("foz")
            try:
                foz.program.wait_for_log("source bench: connected")
                before = foz.program.cpu_seconds()
                start = self.publish(broker.port, rows)
                end = self.wait_for_rows(shell, rows)
                foz_cpu = (foz.program.cpu_seconds() - before) / rows * 1e9
                broker_cpu = broker.program.cpu_seconds() / rows * 1e9
                return rows / (end - start), {"foz CPU, ns/message": foz_cpu, "Mosquitto's CPU, ns/message": broker_cpu,
                                              "foz's over Mosquitto's (target ≤ 0.25)": foz_cpu / broker_cpu}
            finally:
                shell.close()
                foz.close()
                broker.close()

        def bare():
            broker = servers.Mosquitto(self.scratch)
            subscriber = servers.Subscriber(self.build, broker.port, rows)
            try:
                start = self.publish(broker.port, rows)
                return rows / (subscriber.last_message() - start), {}
            finally:
                subscriber.close()
                broker.close()

        self.alternate("Mosquitto → foz → PostgreSQL, over a bare subscriber", 0.95, through_foz, bare, unit="rows/s")

    # As a bridge

    def bridge(self):
        """From `foz sensor` by foz, and by a Mosquitto, to another broker, at QoS 1. That one only answers, so that it
        is the bridge that is measured; or it is a Mosquitto with a subscriber, which carries less than foz sends.
        foz also stores every message in SQLite, as it does without a [database]."""
        rows = 60_000 if self.quick else 300_000

        def from_foz(port):
            return servers.Foz(self.build, self.scratch, bridge=port)

        def from_mosquitto(port):
            return servers.Mosquitto(self.scratch, bridge=port, window=WINDOW_MAX)

        def carried(bridge, called, remote, use):
            """Rows/s by `use`, which publishes to the bridge and returns the times of the first and the last row."""
            try:
                first, last = use(bridge.port)
                cpu = {f"CPU of {called}, ns/message": bridge.program.cpu_seconds() / rows * 1e9,
                       f"CPU of the broker behind {called}, ns/message": remote.program.cpu_seconds() / rows * 1e9,
                       f"cores that one kept busy behind {called}": remote.program.cpu_seconds() / (last - first)}
                return rows / (last - first), cpu
            finally:
                bridge.close()

        def to_bare(make, called):
            remote = servers.Bare(self.build, self.scratch, count=rows)
            try:
                def use(port):
                    remote.program.wait_for_log("connected")
                    first = self.publish(port, rows)
                    return first, float(remote.program.wait_for_log("received", 120).split()[1])

                return carried(make(remote.port), called, remote, use)
            finally:
                remote.close()

        def to_mosquitto(make, called):
            remote = servers.Mosquitto(self.scratch, window=WINDOW_MAX)
            subscriber = servers.Subscriber(self.build, remote.port, rows)
            try:
                def use(port):
                    remote.program.wait_for_log(" as bench (")
                    return self.publish(port, rows), subscriber.last_message()

                return carried(make(remote.port), called, remote, use)
            finally:
                subscriber.close()
                remote.close()

        for name, target, to in (
                ("Bridge out to a broker that only answers PUBACK, over Mosquitto's bridge", 2, to_bare),
                ("Bridge out to a Mosquitto (the limit) and a subscriber, over Mosquitto's bridge", None,
                 to_mosquitto)):
            self.alternate(name, target, lambda to=to: to(from_foz, "foz"),
                           lambda to=to: to(from_mosquitto, "Mosquitto"), unit="messages/s")

    # The scripts that foz replaces

    def scripts(self):
        try:
            subprocess.run([sys.executable, "-c", "import paho.mqtt.client, psycopg2"], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            self.figures.append(results.Missing("The original and a tuned Python script",
                                                "apt install python3-paho-mqtt python3-psycopg2"))
            return
        for name, script, readings in (("The original script behind Mosquitto", "original_script.py", 300),
                                       ("A tuned Python script behind Mosquitto", "tuned_script.py", 50_000)):
            figure = results.Figure(name, None, "rows/s")
            for _ in range(self.runs):
                figure.add_foz(self.script(script, readings), {})
            self.figures.append(figure)

    def script(self, name, readings):
        database = self.database(servers.Postgres)
        database.make_database("script")
        broker = servers.Mosquitto(self.scratch)
        script = subprocess.Popen([sys.executable, HERE / name, str(broker.port), database.url("script"), str(readings)],
                                  stdout=subprocess.PIPE, text=True)
        try:
            script.stdout.readline()  # "ready"
            self.sensor(broker.port, "--count", 10, "--in-flight", 100, "--full-speed", "--messages", readings // 10)
            return json.loads(script.stdout.readline())["rows_per_s"]
        finally:
            script.kill()
            script.wait()
            broker.close()


def password_line(number):
    salt = number.to_bytes(12, "big")
    digest = hashlib.pbkdf2_hmac("sha512", f"p{number}".encode(), salt, PASSWORD_ITERATIONS)
    return f"d{number}:$7${PASSWORD_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


FIGURES = ["postgres_key", "postgres_no_key", "mariadb", "sqlite", "puback", "latency", "memory", "passwords", "source",
           "bridge", "scripts"]


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="of " + ", ".join(FIGURES) + "; all if none")
    parser.add_argument("--quick", action="store_true", help="short runs with a fifth of the rows; the results are rough")
    parser.add_argument("--runs", type=int, help="of each figure (default: 5, or 1 with --quick)")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build/release", help="folder of the build")
    parser.add_argument("--scratch", default="/var/tmp", help="where the databases live: on the disk to be measured")
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    unknown = set(options.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    bench = Bench(options)
    try:
        for name in options.figures or FIGURES:
            print(f"{name} ...", file=sys.stderr)
            try:
                getattr(bench, name)()
            except (RuntimeError, OSError, ValueError, subprocess.CalledProcessError) as error:
                bench.figures.append(results.Missing(name, f"failed: {error}"))
                print(f"{name}: {error}", file=sys.stderr)
        versions = [database.version for database in bench.databases.values()]
    finally:
        bench.close()
    options.output.write_text(results.page(bench.figures, versions, bench.runs, options.quick))
    print(options.output.read_text())
    return 1 if any(isinstance(figure, results.Missing) and "failed" in figure.why for figure in bench.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
