# SPDX-License-Identifier: BSD-2-Clause
"""Transcoding as the sites' service: ffmpeg behind HTTP, a CPU quota for each worker, two tiers."""

import hashlib
import json
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass

from . import net, plan, procs, quota

WORKERS = {"east": 2, "west": 2, "cloud": 4}
TIERS = {"east": 0, "west": 0, "cloud": 1}
TIER_NAMES = ("edge", "cloud")
CPUS_PER_WORKER = 0.1
METRICS_PORT = 9100
CLIP_SECONDS = 2
CLIP_SIZE = (160, 120)
WANTED = {"codec_name": "h264", "width": 80, "height": 60, "nb_read_frames": "50"}
TIMEOUT_MS = 20000

# One thread and no date or version in the file: the same clip gives the same octets at every site.
EXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "1")
TRANSCODE = ("ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i", "pipe:0",
             "-vf", f"scale={WANTED['width']}:{WANTED['height']}", "-c:v", "libx264",
             "-preset", "veryfast", *EXACT, "-f", "matroska", "pipe:1")


def missing():
    """What this machine lacks, in words with the remedy; None: nothing."""
    lacking = [name for name in ("ffmpeg", "ffprobe") if not shutil.which(name)]
    if lacking:
        return f"{' and '.join(lacking)} missing: apt install ffmpeg"
    return None


def script(name):
    return str(plan.ROOT / "tools/lab" / name)


def in_group(group, *words):
    """A command line that enters a control group first."""
    return ("sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', str(group), *words)


def _ffmpeg(words, clip=None):
    result = subprocess.run(words, input=clip, capture_output=True, check=False, timeout=60)
    if result.returncode or not result.stdout:
        raise net.Failed(f"{words[0]} failed: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout


def make_clip():
    width, height = CLIP_SIZE
    return _ffmpeg(("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"testsrc=size={width}x{height}:rate=25:duration={CLIP_SECONDS}",
                    "-c:v", "mpeg4", "-q:v", "5", *EXACT, "-f", "avi", "pipe:1"))


def probe(video):
    """What ffprobe says of a file's only stream."""
    text = _ffmpeg(("ffprobe", "-v", "error", "-count_frames", "-show_entries",
                    "stream=codec_name,width,height,nb_read_frames", "-of", "json", "-"), video)
    return json.loads(text)["streams"][0]


def is_wanted(stream):
    return all(stream.get(key) == value for key, value in WANTED.items())


@dataclass(frozen=True)
class Job:
    """The clip that clients send, what must come back, and how long a worker takes for it."""

    clip: bytes
    size: int
    digest: str
    stream: dict
    seconds: float

    @property
    def looks(self):
        """What comes back, as ffprobe has seen it, in words."""
        return "{codec_name}, {width} x {height}, {nb_read_frames} frames".format(**self.stream)

    def write(self):
        path = plan.RUN / "clip.avi"
        path.write_bytes(self.clip)
        return path


def prepare(quotas, runs=5):
    """A job, measured in a worker's own quota."""
    clip = make_clip()
    video = _ffmpeg(TRANSCODE, clip)
    stream = probe(video)
    if not is_wanted(stream):
        raise net.Failed(f"ffmpeg made {stream} of the clip, not {WANTED}")
    group = quotas.add("try", CPUS_PER_WORKER)
    times = []
    for _ in range(runs):
        start = time.monotonic()
        _ffmpeg(in_group(group, *TRANSCODE), clip)
        times.append(time.monotonic() - start)
    return Job(clip, len(video), hashlib.sha256(video).hexdigest(), stream,
               statistics.median(times))


def capacity(job, tier=None):
    """Jobs a second of a tier, or of all."""
    workers = sum(n for site, n in WORKERS.items() if tier is None or TIERS[site] == tier)
    return workers / job.seconds


# Which values of a report are the sum of which metrics.
MAPPING = {
    "capacity": ("workers",),
    "in-flight": ("jobs_running", "jobs_waiting"),
    "arrival-rate": ("offered_per_second",),
    "service-time": ("service_seconds_recent",),
}


def _value(name, metrics):
    terms = "".join(f"          - {{name: {m.replace('_', '-')}, metrics: transcode_{m}}}\n"
                    for m in metrics)
    return f"      - name: {name}\n        of:\n{terms}"


@dataclass(frozen=True)
class Transcoding:
    """The service, for routers.Settings."""

    job: Job
    quotas: quota.Quotas

    programs = ()

    @property
    def time_ms(self):
        return round(self.job.seconds * 1000)

    def capacity(self, site):
        return WORKERS[site.name]

    def tier(self, site):
        return TIERS[site.name]

    def collector(self, site):
        return "      collectors: transcoder\n"

    def sources(self, site):
        url = f"http://{plan.direct_addresses(site)[0]}:{METRICS_PORT}/metrics"
        return f"""\
collectors:
  - name: transcoder
    mapping: transcoder
    interval: 1
    timeout: 1
    max-age: 3
    prometheus: {{url: "{url}"}}
mappings:
  - name: transcoder
    values:
""" + "".join(_value(name, metrics) for name, metrics in MAPPING.items())

    def start(self, site):
        server = plan.server_of(site)
        plan.directory(server).mkdir(parents=True, exist_ok=True)
        words = [script("transcoder"), "--name", site.name, "--port", plan.SERVICE_PORT,
                 "--metrics-port", METRICS_PORT]
        for number in range(WORKERS[site.name]):
            words += ["--worker", self.quotas.add(f"{site.name}-{number}", CPUS_PER_WORKER)]
        procs.start(server, server, *words, plan.SERVICE_V4, plan.SERVICE_V6,
                    *plan.direct_addresses(site))


# A queue counts once, as jobs are long; the cloud is 2.5 s of marginal cost away.
STEER = "      queue-factor: 1\n      overflow-ms: 2500\n"


@dataclass(frozen=True)
class Uploads:
    """What clients do, for load.Load."""

    job: Job
    timeout_ms: float = TIMEOUT_MS
    realtime: bool = False

    @property
    def program(self):
        return (script("uploader"),)

    def words(self):
        return ["--clip", self.job.write(), "--size", self.job.size, "--sha256", self.job.digest,
                "--timeout", self.timeout_ms / 1000, "--to", plan.SERVICE_V4,
                "--to", plan.SERVICE_V6]
