# SPDX-License-Identifier: Apache-2.0
"""Figures, and the page that shows them."""
import contextlib
import datetime
import os
import platform
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Figure:
    """One line of the page. Without a baseline the target is for the value itself, otherwise for the ratio."""

    name: str
    target: float | None
    unit: str
    at_most: bool = False
    foz: list = field(default_factory=list)
    baseline: list = field(default_factory=list)
    notes: dict = field(default_factory=dict)
    profile: object = None

    def add_foz(self, value, notes):
        self.foz.append(value)
        self.add_notes(notes)

    def add_baseline(self, value, notes):
        self.baseline.append(value)
        self.add_notes(notes)

    def add_notes(self, notes):
        for name, number in notes.items():
            self.notes.setdefault(name, []).append(number)

    def foz_median(self):
        return statistics.median(self.foz)

    def ratio(self):
        return self.foz_median() / statistics.median(self.baseline) if self.baseline else None

    def met(self):
        if self.target is None:
            return True
        value = self.ratio() if self.baseline else self.foz_median()
        return value <= self.target if self.at_most else value >= self.target

    def line(self):
        ratio = self.ratio()
        target = "" if self.target is None else f"{'≤' if self.at_most else '≥'} {self.target:g}"
        verdict = "" if self.target is None else "yes" if self.met() else "**no**"
        baseline = spread(self.baseline) if self.baseline else ""
        return (f"| {self.name} ({self.unit}) | {spread(self.foz)} | {baseline} | "
                f"{'' if ratio is None else f'{ratio:.2f}'} | {target} | {verdict} |")


@dataclass
class Missing:
    name: str
    why: str

    def line(self):
        return f"| {self.name} | not measured: {self.why} | | | | |"


class Profile:
    """Where foz spends its time: perf's samples of one run."""

    def __init__(self, folder):
        self.data = folder / "perf.data"
        self.text = ""


@contextlib.contextmanager
def profiled(profile, pid):
    """Samples the process while the block runs, when a profile is wanted and perf is there."""
    if profile is None or shutil.which("perf") is None:
        yield
        return
    recording = subprocess.Popen(["perf", "record", "-q", "-o", profile.data, "-F", "499", "-p", str(pid)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        recording.terminate()
        recording.wait()
    report = subprocess.run(["perf", "report", "-i", profile.data, "--stdio", "--percent-limit", "1.5",
                             "--sort", "comm,dso,symbol"], capture_output=True, text=True)
    lines = [" ".join(line.rstrip(" -").split()) for line in report.stdout.splitlines()
             if line.strip() and not line.startswith("#")]
    profile.text = "\n".join(lines[:25])


def spread(values):
    """The median, and the least and the greatest when there are several."""
    median = number(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({number(min(values))}–{number(max(values))})"


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {model}, {memory_gib:.0f} GiB; Linux {platform.release()}"


def page(figures, versions, runs, quick):
    lines = [
        "# What foz does in a second",
        "",
        f"Written by `bench/run.sh` on {datetime.date.today().isoformat()}. {'One run' if runs == 1 else f'Medians of {runs} runs'}{' with a fifth of the rows (--quick)' if quick else ''}"
        " (least–greatest), foz and its baseline in turns.",
        "",
        f"- Machine: {machine()}. It also ran the load generator and the databases.",
        *(f"- {version}" for version in versions),
        "- Load: `foz sensor`, 1000 connections, QoS 1, MQTT 3.1.1. Acknowledged means on disk (`ack = \"journal\"`).",
        "- PostgreSQL has shared_buffers 512 MB and max_wal_size 4 GB, MariaDB a buffer pool of 512 MB and a log of"
        " 1 GB; all else is default: every commit is synced.",
        "",
        "| figure | foz | baseline | ratio | target | met? |",
        "|---|---|---|---|---|---|",
        *(figure.line() for figure in figures),
    ]
    noted = [figure for figure in figures if isinstance(figure, Figure) and figure.notes]
    if noted:
        lines += ["", "## Beside the figures", ""]
        for figure in noted:
            notes = "; ".join(f"{name} {spread(values)}" for name, values in figure.notes.items())
            lines.append(f"- {figure.name}: {notes}")
    for figure in figures:
        if isinstance(figure, Figure) and figure.profile is not None:
            lines += ["", f"## Where the time goes: {figure.name}", "",
                      "Samples of foz's process, by thread, library and function.", "", "```",
                      figure.profile.text or "perf is not installed", "```"]
    return "\n".join(lines) + "\n"
