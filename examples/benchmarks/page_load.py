"""
How page and service hold under load
====================================

Serves the page in a process of its own, and lets many users draw at once for some minutes: each
draws a digit stroke by stroke, asking for an answer after each piece as the page does, waits a
moment, and draws the next. With ``--service`` it starts ``examples/deploy/service.py`` instead, and
each user posts pictures of four-digit numbers to it. Prints for each minute how long answers took,
what failed, and the server's memory::

    python examples/benchmarks/page_load.py --users 16 --minutes 10
    python examples/benchmarks/page_load.py --service --users 16 --minutes 5
"""

import asyncio
import base64
import io
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
from _shared import finish, make_parser
from PIL import Image, ImageDraw

EXAMPLES = Path(__file__).parents[1]
DIGITS = {
    "1": [(250, 100), (250, 400)],
    "7": [(130, 110), (360, 110), (290, 240), (220, 410)],
    "4": [(200, 100), (150, 280), (360, 280), (300, 280), (300, 120), (290, 420)],
    "2": [(140, 170), (190, 100), (310, 105), (340, 190), (250, 310), (140, 400), (370, 400)],
}


def states_of(digit):
    """What the pad holds after each piece of the drawing, as data URLs."""
    image = Image.new("RGBA", (500, 500), (0, 0, 0, 0))
    states = []
    for start, stop in zip(DIGITS[digit], DIGITS[digit][1:], strict=False):
        ImageDraw.Draw(image).line([start, stop], fill="black", width=32)
        stream = io.BytesIO()
        image.save(stream, "PNG")
        states.append("data:image/png;base64," + base64.b64encode(stream.getvalue()).decode())
    return states


def drawing_event(address):
    """The number under which the page asks for the answer to a drawing."""
    events = httpx.get(f"{address}/config", trust_env=False).json()["dependencies"]
    return next(event["id"] for event in events if len(event["outputs"]) == 3)


async def ask(client, index, value, session):
    """The answer to one state of the pad, as the page asks for it."""
    body = {"data": [value], "fn_index": index, "session_hash": session}
    (await client.post("/queue/join", json=body)).raise_for_status()
    async with client.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
        async for line in stream.aiter_lines():
            message = json.loads(line.removeprefix("data: ")) if line else {}
            if message.get("msg") == "process_completed":
                if not message["success"]:
                    raise RuntimeError(message["output"])
                return message["output"]["data"][0]
    raise RuntimeError("the server hung up")


async def draw_on(address, index, user, until, log):
    """One user: (time, seconds of the answer, None or what went wrong) into `log`."""
    rng = random.Random(user)
    async with httpx.AsyncClient(
        base_url=f"{address}/gradio_api", timeout=60, trust_env=False
    ) as client:
        while time.monotonic() < until:
            digit = rng.choice(list(DIGITS))
            for state in (states := states_of(digit)):
                start, problem = time.monotonic(), None
                try:
                    said = await ask(client, index, state, f"user{user}")
                    if state is states[-1] and f"a {digit}" not in said:
                        problem = f"drew {digit}, heard {said}"
                except Exception as error:  # all that goes wrong is counted
                    problem = repr(error)
                log.append((start, time.monotonic() - start, problem))
                await asyncio.sleep(rng.uniform(0.1, 0.3))
            await asyncio.sleep(rng.uniform(0.5, 1.5))


def picture_of(number):
    """A PNG file of a number in four strokes of a felt pen each, 300 pixels high."""
    image = Image.new("L", (320 * len(number), 500), 245)
    for i, digit in enumerate(number):
        points = [(x - 100 + 320 * i, y) for x, y in DIGITS[digit]]
        ImageDraw.Draw(image).line(points, fill=20, width=26, joint="curve")
    stream = io.BytesIO()
    image.resize((image.width // 2, image.height // 2)).save(stream, "PNG")
    return stream.getvalue()


async def post_on(address, _, user, until, log):
    """One user of the service: as `draw_on`."""
    rng = random.Random(user)
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        while time.monotonic() < until:
            number = "".join(rng.choices(list(DIGITS), k=4))
            picture = picture_of(number)
            start, problem = time.monotonic(), None
            try:
                answer = await client.post(f"{address}/read", content=picture)
                text = answer.raise_for_status().json()["text"].replace(" ", "")
                if text != number:
                    problem = f"wrote {number}, read {text}"
            except Exception as error:  # all that goes wrong is counted
                problem = repr(error)
            log.append((start, time.monotonic() - start, problem))
            await asyncio.sleep(rng.uniform(0.5, 1.5))


async def watch(server, until, log):
    """(time, resident MB, CPU seconds) of a server and its workers into `log`, each second."""
    while time.monotonic() < until:
        processes = [server, *server.children(recursive=True)]
        resident = sum(process.memory_info().rss for process in processes) / 1e6
        log.append((time.monotonic(), resident, sum(sum(p.cpu_times()[:2]) for p in processes)))
        await asyncio.sleep(1)


async def load(use, address, index, users, seconds, server):
    start = time.monotonic()
    answers, memory = [], []
    await asyncio.gather(
        watch(server, start + seconds, memory),
        *(use(address, index, user, start + seconds, answers) for user in range(users)),
    )
    return start, answers, memory


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --users 4 --minutes 0.5")
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--port", type=int, default=7871)
    parser.add_argument("--service", action="store_true", help="load the service, not the page")
    parser.add_argument("--workers", type=int, default=2, help="processes of the service")
    options = parser.parse_args()
    port, address = ["--port", str(options.port)], f"http://127.0.0.1:{options.port}"
    page = [sys.executable, EXAMPLES / "gradio_demo.py", *port]
    service = [sys.executable, "-m", "uvicorn", "service:app", "--app-dir", EXAMPLES / "deploy"]
    service += [*port, "--workers", str(options.workers), "--log-level", "warning"]
    command = service if options.service else page
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if options.service:
                wait_for(f"{address}/health")
                use, index = post_on, None
            else:
                process.stdout.readline()  # the page is up
                use, index = draw_on, drawing_event(address)
            server = psutil.Process(process.pid)
            start, answers, memory = asyncio.run(
                load(use, address, index, options.users, 60 * options.minutes, server)
            )
        finally:
            process.terminate()
    results = []
    print(f"{options.users} users, {len(answers):,} answers; milliseconds of an answer")
    print(f"{'minute':>7} {'answers':>8} {'p50':>6} {'p95':>6} {'most':>6} {'failed':>7} {'MB':>6}")
    for minute in range(int(np.ceil(options.minutes))):
        of = [a for a in answers if minute <= (a[0] - start) / 60 < minute + 1]
        held = [m[1] for m in memory if minute <= (m[0] - start) / 60 < minute + 1]
        results.append(summarize(of) | {"minute": minute + 1, "resident_mb": float(np.mean(held))})
        print_line(minute + 1, results[-1])
    whole = summarize(answers) | {"minute": "all", "resident_mb": memory[-1][1]}
    whole["server_cpu_ms"] = 1e3 * (memory[-1][2] - memory[0][2]) / len(answers)
    print_line("all", whole)
    print(f"{whole['server_cpu_ms']:.1f} CPU ms of the server for each answer")
    for problem in sorted({problem for _, _, problem in answers if problem})[:10]:
        print("failed:", problem)
    finish(options, [*results, whole])


def wait_for(url):
    """Return when something answers there."""
    for _ in range(600):
        try:
            return httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


def summarize(answers):
    took = 1e3 * np.array([seconds for _, seconds, _ in answers])
    return {
        "answers": len(answers),
        "p50_ms": float(np.median(took)),
        "p95_ms": float(np.quantile(took, 0.95)),
        "most_ms": float(took.max()),
        "failed": sum(problem is not None for _, _, problem in answers),
    }


def print_line(minute, line):
    print(
        f"{minute:>7} {line['answers']:>8,} {line['p50_ms']:>6.0f} {line['p95_ms']:>6.0f} "
        f"{line['most_ms']:>6.0f} {line['failed']:>7} {line['resident_mb']:>6.0f}"
    )


if __name__ == "__main__":
    main()
