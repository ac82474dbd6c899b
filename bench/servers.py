# SPDX-License-Identifier: Apache-2.0
"""The programs that a benchmark runs against each other: foz, PostgreSQL, MariaDB, Mosquitto. Each in a folder of
its own below one scratch folder, on a free port of 127.0.0.1, ended by close()."""
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}; its log is in its folder")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port}")


def as_user(user):
    """For subprocess: run as `user`, when we are root."""
    return {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}


def give_to(folder, user):
    if os.getuid() == 0:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


class Program:
    """A process with its log. memory() and cpu_seconds() are the kernel's."""

    def __init__(self, command, folder, port, **popen):
        self.log_path = folder / "log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, **popen)
        wait_for_port(port, self.process)

    def wait_for_log(self, text, seconds=10):
        """Waits for a line with `text`, and returns it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in self.log_path.read_text().splitlines(keepends=True):
                if text in line and line.endswith("\n"):
                    return line
            time.sleep(0.02)
        raise RuntimeError(f"{self.process.args[0]} does not log \"{text}\"")

    def memory_kib(self, field):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise RuntimeError(f"no {field} in /proc")

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def close(self, how=signal.SIGINT, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Shell:
    """A database's command-line client that stays open: one query, one line."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def value(self, query):
        self.process.stdin.write(query + ";\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Postgres:
    SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}

    def __init__(self, scratch):
        self.folder = scratch / "postgres"
        self.folder.mkdir()
        give_to(self.folder, "postgres")
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.port, data = free_port(), self.folder / "data"
        subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
                       check=True, stdout=subprocess.DEVNULL, **as_user("postgres"))
        settings = [word for item in self.SETTINGS.items() for word in ("-c", "=".join(item))]
        self.program = Program([programs / "postgres", "-D", data, "-p", str(self.port), "-k", data,
                                "-c", "listen_addresses=127.0.0.1", *settings],
                               self.folder, self.port, **as_user("postgres"))
        self.version = subprocess.check_output([programs / "postgres", "--version"], text=True).strip()

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def make_database(self, name):
        shell = self.shell("postgres")
        shell.process.communicate("set client_min_messages = warning;\n"
                                  f"drop database if exists {name};\ncreate database {name};\ncheckpoint;\n")

    def shell(self, database):
        return Shell(["psql", "-qAtX", self.url(database)])

    def baseline(self, build, rows, key):
        self.make_database("bare")
        return [build / "bench/bare_copy", self.url("bare"), str(rows), "key" if key else "nokey"]

    def close(self):
        self.program.close()


class Mariadb:
    SETTINGS = ["--innodb-buffer-pool-size=512M", "--innodb-log-file-size=1G"]

    def __init__(self, scratch):
        self.folder = scratch / "mariadb"
        self.folder.mkdir()
        give_to(self.folder, "mysql")
        self.port, data, self.socket = free_port(), self.folder / "data", self.folder / "socket"
        user = ["--user=mysql"] if os.getuid() == 0 else []
        subprocess.run(["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.program = Program(["mariadbd", "--no-defaults", *user, f"--datadir={data}", f"--port={self.port}",
                                "--bind-address=127.0.0.1", f"--socket={self.socket}", *self.SETTINGS],
                               self.folder, self.port)
        self.version = subprocess.check_output(["mariadbd", "--version"], text=True).strip()
        shell = self.shell("")
        shell.process.communicate("create user bench@'%' identified by 'bench'; grant all on *.* to bench@'%';\n")

    def url(self, database):
        return f"mariadb://bench:bench@127.0.0.1:{self.port}/{database}"

    def make_database(self, name):
        shell = self.shell("")
        shell.process.communicate(f"drop database if exists {name}; create database {name};\n")

    def shell(self, database):
        return Shell(["mariadb", "--no-defaults", "-uroot", f"-S{self.socket}", "-N", "-B", "--unbuffered",
                      *([database] if database else [])])

    def baseline(self, build, rows, _key):
        self.make_database("bare")
        return [build / "bench/bare_bulk", self.socket, "bench", "bench", "bare", str(rows)]

    def close(self):
        self.program.close(signal.SIGTERM)


class SqliteShell:
    def __init__(self, path):
        self.path = path

    def value(self, query):
        try:
            with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5) as connection:
                return str(connection.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return ""  # not made yet

    def close(self):
        pass


class Sqlite:
    def __init__(self, scratch):
        self.folder = scratch / "sqlite"
        self.folder.mkdir()
        self.version = f"SQLite (libsqlite3 {sqlite3.sqlite_version})"

    def url(self, database):
        return f"sqlite:{self.folder / database}.sqlite"

    def make_database(self, name):
        for file in self.folder.glob(f"{name}.sqlite*"):
            file.unlink()

    def shell(self, database):
        return SqliteShell(self.folder / f"{database}.sqlite")

    def baseline(self, build, rows, _key):
        self.make_database("bare")
        return [build / "bench/bare_sqlite", self.folder / "bare.sqlite", str(rows)]

    def close(self):
        pass


LISTENER = """\
[log]
level = "info"

[listener.bench]
address = "127.0.0.1:{port}"
"""


DATABASE = """
[database.bench]
url = "{url}"

[[route]]
topic    = "esp32/pub"
database = "bench"
table    = "readings"
columns  = {{ temp = {{ field = "Temperature", type = "double" }}, \
dh = {{ field = "Data Hora", type = "timestamp" }}, device = {{ message = "client_id" }} }}
{key}
"""


SOURCE = """
[source.bench]
url       = "mqtt://127.0.0.1:{port}"
client_id = "foz-bench"
subscribe = ["esp32/pub"]
"""


# Both with the largest window they have; as a rule Mosquitto's is 20.
BRIDGE = """
[bridge.bench]
url       = "mqtt://127.0.0.1:{port}"
client_id = "bench"
version   = "3.1.1"
in_flight = 65000
topics    = ["# out 1"]
"""


MOSQUITTO_BRIDGE = """
connection bench
address 127.0.0.1:{port}
remote_clientid bench
cleansession false
notifications false
bridge_attempt_unsubscribe false
topic # out 1
"""


class Foz:
    """A fresh foz: its journal is empty. It stores into the database at `url`, reads from the broker on port `source`,
    and sends to the one on port `bridge`, as far as they are given. `passwords` is a password file."""

    def __init__(self, build, scratch, url=None, key=False, source=None, bridge=None, passwords=None):
        self.folder = scratch / "foz"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.port = free_port()
        configuration = self.folder / "foz.toml"
        configuration.write_text(
            LISTENER.format(port=self.port)
            + (f'password_file = "{passwords}"\n' if passwords else "")
            + (DATABASE.format(url=url, key='key = ["dh", "device"]' if key else "") if url else "")
            + (SOURCE.format(port=source) if source else "")
            + (BRIDGE.format(port=bridge) if bridge else ""))
        self.program = Program([foz_program(build), "run", "--config", configuration, "--data", self.folder / "data"],
                               self.folder, self.port)

    def close(self):
        self.program.close()


class Bare:
    """bare_puback, on as many threads as foz has reactors. With `count` it logs when it has had so many messages."""

    def __init__(self, build, scratch, count=None):
        self.folder = scratch / "bare_puback"
        self.folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.program = Program([build / "bench/bare_puback", str(self.port), str(os.cpu_count()),
                                *([str(count)] if count else [])], self.folder, self.port)

    def close(self):
        self.program.close(signal.SIGTERM)


class Mosquitto:
    """With `bridge`, the port of another broker, it sends all that it gets to that one."""

    def __init__(self, scratch, bridge=None, window=2000, passwords=None):
        self.folder = scratch / ("mosquitto-bridge" if bridge else "mosquitto")
        self.folder.mkdir(exist_ok=True)
        self.port = free_port()
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\nmax_queued_messages 0\n"
                                 + (f"password_file {passwords}\n" if passwords else "allow_anonymous true\n") +
                                 f"max_inflight_messages {window}\n"
                                 + (MOSQUITTO_BRIDGE.format(port=bridge) if bridge else ""))
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.program = Program([program, "-c", configuration], self.folder, self.port)

    def close(self):
        self.program.close(signal.SIGTERM)


class Subscriber:
    """bare_subscriber, subscribed: it waits for so many messages."""

    def __init__(self, build, port, count):
        self.process = subprocess.Popen([build / "bench/bare_subscriber", str(port), "esp32/pub", str(count)],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # "ready"

    def last_message(self):
        """Its time."""
        return float(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()


def foz_program(build):
    for place in ("foz", "src/cli/foz", "bin/foz"):
        if (build / place).is_file():
            return build / place
    raise SystemExit(f"bench: no foz in {build}; build the release preset first")
