"""What ``benchmarks/studio.py`` measures: one function a part, each gives rows by their names.

A row holds milliseconds (or what ``unit`` says): the median, what 19 of 20 stay below
(``most``), the worst, and the aim that ``most`` is held against.
"""

from __future__ import annotations

import math
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from studio_watched import Pace, paces_of

from convscope.data.sources import list_sources
from convscope.studio.assets import all_assets, asset

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.studio.loading import crowded, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Row = dict[str, Any]
Rows = dict[str, Row]

LAYERS = {
    "conv1": (16, 28, 28),
    "relu1": (16, 28, 28),
    "pool1": (16, 14, 14),
    "conv2": (32, 14, 14),
}
TIMES = """(() => {
  const times = (window.studioTimes = {});
  const drawn = (key) => requestAnimationFrame(() => { times[key] ??= performance.now(); });
  const pressed = () => { times.click = performance.now(); delete times.unit; };
  addEventListener("pointerdown", pressed, true);
  new MutationObserver((records) => {
    const at = (selector) => document.querySelector(selector);
    if (!times.cards && at("#spine .card[data-layer]")) drawn("cards");
    if (!times.alive && at("#spine:not([aria-busy]) .answer")) drawn("alive");
    if (records.some(({ target }) => target.matches?.(".unit-value"))) drawn("unit");
  }).observe(document, { subtree: true, childList: true, attributes: true });
})()"""
"""When the cards are there, when the maps and the answer are, when a unit's value is."""
FRAMES = """async (count) => {
  const slide = document.querySelector("kernel-slide");
  const times = [];
  const { port1, port2 } = new MessageChannel();
  for (let place = 0; place < count; place += 1) {
    await new Promise((done) => requestAnimationFrame(() => {
      const start = performance.now();
      slide.place = [Math.floor(place / 14) % 14, place % 14];
      port2.onmessage = () => { times.push(performance.now() - start); done(); };
      port1.postMessage(null);
    }));
  }
  return times;
}"""
"""From the beginning of a frame until it has been drawn, for one place of the kernel each."""


def row(times: Sequence[float], aim: float | None, unit: str = "ms") -> Row:
    """What is kept of many times."""
    ordered = sorted(times)
    most = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return {
        "unit": unit,
        "median": round(statistics.median(ordered), 4),
        "most": round(most, 4),
        "worst": round(ordered[-1], 4),
        "count": len(ordered),
        "aim": aim,
        "reached": None if aim is None else most <= aim,
    }


@contextmanager
def browsing() -> Iterator[Browser]:
    """The chromium of this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def running() -> Iterator[tuple[str, httpx.Client]]:
    """A studio with no runs of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (address, _),
        httpx.Client(base_url=f"{address}/api/".replace("//api", "/api"), timeout=600) as client,
    ):
        yield address, client


def viewed(browser: Browser, address: str) -> Page:
    """A page of its own, 1280 pixels wide, that writes down when things are there."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(TIMES)
    page.goto(address)
    return page


def time_of(page: Page, key: str, patience: float = 60.0) -> float:
    """Milliseconds after the page was asked for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = page.evaluate("(key) => window.studioTimes[key] ?? null", key)
        if found is not None:
            return float(found)
        page.wait_for_timeout(20)
    raise TimeoutError(key)


def milliseconds(act: Callable[[], httpx.Response]) -> float:
    """How long an answer takes, which must be one."""
    start = time.perf_counter()
    answer = act()
    took = 1000 * (time.perf_counter() - start)
    answer.raise_for_status()
    return took


# --- parts ---


def start(quick: bool) -> Rows:
    """From the command to the first page, in fresh processes; then the page in a browser."""
    answers, cards, alive, again = [], [], [], []
    with browsing() as browser:
        for _ in range(1 if quick else 9):
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, _):
                httpx.get(address, timeout=60).raise_for_status()
                answers.append(1000 * (time.perf_counter() - began))
                for found in (alive, again):
                    page = viewed(browser, address)
                    found.append(time_of(page, "alive"))
                    if found is alive:
                        cards.append(time_of(page, "cards"))
                    page.context.close()
    return {
        "the page is answered, after the command": row(answers, 3000),
        "the network is seen, after that": row(cards, 1000),
        "its maps and answer are seen, the first time": row(alive, None),
        "the same once the studio is warm": row(again, 1000),
    }


def click(quick: bool) -> Rows:
    """A unit is clicked: what the server takes, and until it is drawn on the page."""
    with running() as (address, client), browsing() as browser:
        return _clicked(address, client, browser, 10 if quick else 200, 100, "")


def click_while_training(quick: bool) -> Rows:
    """The same while a training runs on all cores."""
    with running() as (address, client), browsing() as browser:
        run = _begun(client, {"epochs": 1000})
        try:
            count = 10 if quick else 200
            return _clicked(address, client, browser, count, 300, ", while a training runs")
        finally:
            _ended(client, run, stop=True)


def _clicked(
    address: str, client: httpx.Client, browser: Browser, count: int, aim: float, when: str
) -> Rows:
    chance = random.Random(0)

    def unit(image: int) -> httpx.Response:
        layer = chance.choice(list(LAYERS))
        at = [chance.randrange(side) for side in LAYERS[layer]]
        return client.post("inside/unit", json={"image": str(image), "layer": layer, "unit": at})

    for _ in range(5):
        unit(0)
    served_times = [milliseconds(lambda: unit(0)) for _ in range(count)]
    fresh = [milliseconds(lambda image=image: unit(image)) for image in range(1, count // 4 + 1)]
    shown = _clicks_on_page(browser, address, count, chance)
    return {
        f"a unit is answered by the server{when}": row(served_times, aim),
        f"the same in another image{when}": row(fresh, aim),
        f"a unit is clicked, until the page shows it{when}": row(shown, aim),
    }


def _clicks_on_page(
    browser: Browser, address: str, count: int, chance: random.Random
) -> list[float]:
    found = []
    page = viewed(browser, f"{address}?layer=conv2&unit=3,7,7")
    page.locator("kernel-slide .value-steps").wait_for()
    for number in range(count + 5):
        box = page.locator(".maps .large-map canvas").first.bounding_box()
        assert box is not None
        # Never the unit that is chosen already: rows in turn, columns by chance.
        x = box["x"] + box["width"] * (chance.randrange(14) + 0.5) / 14
        y = box["y"] + box["height"] * (number % 14 + 0.5) / 14
        page.mouse.click(x, y)
        end = time_of(page, "unit")
        if number >= 5:
            found.append(end - time_of(page, "click"))
        page.wait_for_timeout(30)
    page.context.close()
    return found


def slide(quick: bool) -> Rows:
    """The kernel of conv2 slides: from the beginning of a frame until it has been drawn."""
    with running() as (address, _), browsing() as browser:
        page = viewed(browser, f"{address}?layer=conv2&unit=3,7,7")
        page.locator("kernel-slide .value-steps").wait_for()
        page.wait_for_timeout(1000)
        page.evaluate(FRAMES, 20)
        return {
            "a frame of the sliding kernel": row(page.evaluate(FRAMES, 40 if quick else 392), 16)
        }


def live(quick: bool) -> Rows:
    """Trainings that a page watches and leaves alone in turn: the ratio of their paces.

    A page that opens works for some seconds, which are left out: it is watching that is paid
    for.  Each time that one is watched is held against those before and after.
    """
    length, settles = (6, 4) if quick else (16, 8)
    ratios: list[float] = []
    with running() as (address, client), browsing() as browser:
        # A short one warms the machine up, and tells how many epochs last long enough.
        epoch = _ended(client, _begun(client, {"epochs": 2})) / 2
        epochs = math.ceil(1.1 * (5 * length + 4 * settles) / epoch)
        for seed in range(1 if quick else 5):
            run = _begun(client, {"epochs": epochs}, seed)
            page = partial(viewed, browser, f"{address}?lens=train&run={run}")
            paces = paces_of(Pace(client, run), page, length, settles)
            _ended(client, run, stop=True)
            alone, watched = paces[::2], paces[1::2]
            around = [statistics.mean(each) for each in pairwise(alone)]
            ratios += [beside / own for beside, own in zip(around, watched, strict=True)]
    found = row(ratios, 1.05, "ratio")
    found |= {"reached": found["median"] <= 1.05, "seconds": round(epochs * epoch)}
    return {"a training with a page that watches it": found}


def _begun(client: httpx.Client, settings: Mapping[str, Any], seed: int = 0) -> str:
    """A training of the article's network that makes its first steps."""
    ready = {each.name for each in list_sources() if each.ready}
    data = "fashion-mnist" if "fashion-mnist" in ready else "fashion-mini"
    body = {"architecture": "article", "data": data, "settings": settings, "seed": seed}
    answer = client.post("runs", json=body)
    answer.raise_for_status()
    run: str = answer.json()["run"]
    while client.get(f"runs/{run}").json()["state"] == "starting":
        time.sleep(0.2)
    return run


def _ended(client: httpx.Client, run: str, *, stop: bool = False) -> float:
    """Waits for the end of a training: the seconds that its steps took."""
    if stop:
        client.post(f"runs/{run}/stop")
    while (found := client.get(f"runs/{run}").json())["state"] in ("training", "stopping"):
        time.sleep(1)
    if found["state"] == "failed":
        raise RuntimeError(found["message"])
    return float(found["results"].get("seconds", math.nan))


def design(quick: bool) -> Rows:
    """A notation of 200 layers, another one each time, worked out."""
    stage = "conv {count} 3x3 pad 1 -> batchnorm -> relu"

    def text(number: int) -> str:
        stages = [stage.format(count=8 + (number + place) % 24) for place in range(66)]
        return " -> ".join(["input 32x32x3", *stages, "globalavgpool", "fc 10"])

    with running() as (_, client):
        times = [
            milliseconds(lambda number=number: client.post("design", json={"text": text(number)}))
            for number in range(5 if quick else 105)
        ]
    return {"200 layers are worked out": row(times[5 if len(times) > 5 else 0 :], 50)}


def size(quick: bool) -> Rows:
    """All files of the page, as they are sent."""
    sent = sum(len(found.compressed) for name in all_assets() if (found := asset(name)))
    return {"all files of the page, compressed": row([sent / 1000], 150, "kB")}


def load(quick: bool) -> Rows:
    """Twenty tabs that click for two minutes, after as long to fill all caches."""
    with tempfile.TemporaryDirectory() as folder:
        crowd = crowded(Path(folder), 4 if quick else 20, 3 if quick else 120)
    megabytes = 2**20
    return {
        "answers that failed, of twenty tabs": row([len(crowd.failures)], 0, "answers"),
        "answers that were given in two minutes": row([sum(crowd.clicks)], None, "answers"),
        "the server's memory after that": row([crowd.memory / megabytes], None, "MiB"),
        "what it grew by": row([crowd.growth / megabytes], 150, "MiB"),
    }


PARTS: dict[str, Callable[[bool], Rows]] = {
    "start": start,
    "click": click,
    "click-while-training": click_while_training,
    "slide": slide,
    "live": live,
    "design": design,
    "size": size,
    "load": load,
}
