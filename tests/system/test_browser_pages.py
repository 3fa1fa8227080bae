"""The pages in a real browser: no message in the console, usable by keyboard, narrow, dark, printed, without script."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
import uvicorn
from dossiers import HOSTILE, FakeQueries, dossier, hostile_dossier
from monitor_runs import MODEL

from dashboards.web.application import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = ("/", f"/models/{MODEL}", f"/models/{MODEL}/card", f"/models/{MODEL}/lineage", "/audit", "/people")
PERIL = next(name for name in HOSTILE if name.startswith("<img"))
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium once."""
    if CHROMIUM is None:
        reason = "Chromium is not installed"
        (pytest.fail if os.environ.get("OVERREAD_REQUIRE_SERVICES") == "1" else pytest.skip)(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Serve the pages on a random loopback port."""
    app = create_app(FakeQueries(dossier(), hostile_dossier(PERIL)))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


class Visit:
    """One context with one page that notes what the browser says and asks for."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_are_silent_reflow_and_ask_for_little(
    browser: Any, origin: str, tmp_path: Path, width: int, scheme: str
) -> None:
    for number, address in enumerate(PAGES):
        with Visit(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
            visit.page.goto(origin + address)
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            assert visit.said == []
            assert len(visit.asked) <= 10
            assert all(url.startswith(origin) for url in visit.asked)
            picture = visit.page.screenshot(path=tmp_path / f"{number}-{width}-{scheme}.png", full_page=True)
            assert len(picture) > 10_000


def test_the_pages_weigh_little(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        sizes: list[int] = []
        visit.page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        visit.page.goto(origin + PAGES[1], wait_until="networkidle")
        assert len(sizes) >= 3
        assert sum(sizes) <= 60_000


def test_the_keyboard_reaches_the_skip_link_first_and_sees_where_it_is(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        visit.page.goto(origin + PAGES[1])
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.textContent") == "Skip to content"
        assert visit.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert visit.page.evaluate(outline) == "solid"
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "main"


def test_what_is_folded_opens_by_keyboard_without_script_and_is_open_in_print(browser: Any, origin: str) -> None:
    shown = """[...document.querySelectorAll('details')].map(e => e.querySelector(':scope > :not(summary)'))
        .map(e => e.checkVisibility({contentVisibilityAuto: true}))"""
    with Visit(browser, java_script_enabled=False) as visit:
        visit.page.goto(origin + PAGES[1])
        fold = visit.page.locator("details:not([open])").first
        inner = visit.page.locator("details:not([open]) > :not(summary)").first
        assert not inner.is_visible()
        fold.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.locator("details[open]").first.locator(":scope > :not(summary)").first.is_visible()
    with Visit(browser) as visit:
        visit.page.goto(origin + PAGES[1])
        assert False in visit.page.evaluate(shown)
        visit.page.emulate_media(media="print")
        for _ in range(50):  # the browser lays the print out in one of its next frames
            if all(visit.page.evaluate(shown)):
                break
            visit.page.wait_for_timeout(100)
        assert set(visit.page.evaluate(shown)) == {True}


def test_targets_are_at_least_24_pixels_high(browser: Any, origin: str) -> None:
    small = """[...document.querySelectorAll('.rail a, .filter a, .actions a, button, input, summary')]
        .map(e => [e.textContent, e.getBoundingClientRect()])
        .filter(([_, r]) => r.width > 0 && (r.height < 24 || r.width < 24)).map(([t]) => t)"""
    for width in (320, 1280):
        with Visit(browser, viewport={"width": width, "height": 900}) as visit:
            visit.page.goto(origin + PAGES[1])
            assert visit.page.evaluate(small) == []


def test_the_filter_swaps_the_signals_keeps_the_address_and_says_so(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        visit.page.goto(origin + PAGES[1])
        visit.page.evaluate("window.unmoved = true")
        visit.page.click("#show-watch")
        visit.page.wait_for_selector("#show-watch[aria-current]")
        assert visit.page.evaluate("window.unmoved") is True
        assert visit.page.url.endswith("?state=watch")
        assert visit.page.inner_text("#signals [role=status]") == "Showing 3 of 20 signals."
        visit.page.reload()
        assert visit.page.inner_text("#signals [role=status]") == "Showing 3 of 20 signals."
        assert visit.said == []


def test_everything_works_without_script(browser: Any, origin: str) -> None:
    with Visit(browser, java_script_enabled=False) as visit:
        visit.page.goto(origin + "/")
        visit.page.click(f"th a:has-text('{MODEL}')")
        assert visit.page.inner_text("h1") == f"{MODEL}@3"
        visit.page.click("#show-not_assessed")
        assert "state=not_assessed" in visit.page.url
        assert visit.page.inner_text("#signals [role=status]") == "Showing 4 of 20 signals."
        visit.page.fill("input[name=period]", "2026-Q3")
        visit.page.click("form.pick button")
        assert "period=2026-Q3" in visit.page.url


def test_the_pdf_downloads(browser: Any, origin: str, tmp_path: Path) -> None:
    with Visit(browser) as visit:
        visit.page.goto(origin + PAGES[1])
        with visit.page.expect_download() as download:
            visit.page.click("text=Report as PDF")
        download.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_a_hostile_name_opens_no_dialog_and_breaks_no_policy(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        visit.page.goto(origin + "/")
        visit.page.click("th a:has-text('onerror')")
        assert visit.page.inner_text("h1") == f"{PERIL}@3"
        assert visit.said == []


def test_an_inline_script_would_be_stopped(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        visit.page.goto(origin + "/")
        visit.page.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = 1';
            document.body.appendChild(script);
        }""")
        assert visit.page.evaluate("window.ran") is None
        assert any("Content Security Policy" in line for line in visit.said)


def test_the_html_report_opens_from_a_file_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    from dashboards.report import render_html

    place = tmp_path / "report.html"
    place.write_text(render_html(dossier()), encoding="utf-8")
    with Visit(browser, viewport={"width": 320, "height": 900}) as visit:
        visit.page.goto(place.as_uri())
        assert visit.asked == [place.as_uri()]
        assert visit.said == []
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_contrast_of_text_holds_in_both_themes(browser: Any, origin: str) -> None:
    for scheme in ("light", "dark"):
        with Visit(browser, color_scheme=scheme) as visit:
            visit.page.goto(origin + PAGES[1])
            assert visit.page.evaluate(CONTRAST) == []
            visit.page.evaluate("document.querySelector('h1').style.color = '#777'")
            assert visit.page.evaluate(CONTRAST) != []


CONTRAST = """() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
  const ground = e => {
    if (!e) return [255, 255, 255];
    const own = parse(getComputedStyle(e).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, ground(e.parentElement));
  };
  const found = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('title, desc, script, .skip') || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), back = ground(e);
    const drawn = e instanceof SVGElement;
    const ink = drawn ? parse(style.fill).slice(0, 3).concat(Number(style.fillOpacity)) : parse(style.color);
    const fore = over(ink, back);
    const [a, b] = [light(fore), light(back)].sort((x, y) => y - x);
    const name = `${e.tagName}.${e.className.baseVal ?? e.className}: ${e.textContent.slice(0, 30)}`;
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(name);
  }
  return [...found];
}"""


def test_an_appendix_runs_its_scripts_and_reaches_nothing(browser: Any, origin: str) -> None:
    with Visit(browser) as visit:
        visit.page.goto(f"{origin}/models/{MODEL}/appendices/2026-09-30.html")
        assert visit.page.title() == "ran"
        assert visit.page.evaluate("self.origin") == "null", "an origin of its own"
        assert visit.page.evaluate("fetch('/audit').then(() => 'reached', () => 'refused')") == "refused"
        assert visit.page.evaluate("try { localStorage.length } catch (error) { error.name }") == "SecurityError"
        assert visit.asked == [f"{origin}/models/{MODEL}/appendices/2026-09-30.html"]
