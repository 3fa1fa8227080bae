"""What signals have in common, so that it is printed once: version, mode, site, window, and repeated sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.view.signals import Signal

SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
NO_SITE = "not by site"

Shared = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Common:
    """Version and mode, site, and window, each where all signals share it; empty where they differ."""

    use: str
    site: str
    window: str

    def words(self) -> str:
        """Return what is common as a sentence; empty where nothing is."""
        named = [part for part in (self.use, f"site {self.site}" if self.site else "", self.window) if part]
        return f"Unless a row says otherwise: {', '.join(named)}." if named else ""

    def apart(self, signal: Signal) -> list[str]:
        """Return in words where a signal differs from what is common, or where nothing is."""
        found = [] if self.use else [use_words(signal)]
        if (signal["site"] or "") != self.site:
            found.append(f"site {signal['site']}" if signal["site"] else NO_SITE)
        return found if self.window else [*found, window_words(signal)]


def common_of(signals: Sequence[Signal]) -> Common:
    """Return what all signals share; a signal that belongs to no site does not stand against a common one."""
    return Common(
        _only({use_words(signal) for signal in signals}),
        _only({signal["site"] for signal in signals if signal["site"]}),
        _only({window_words(signal) for signal in signals}),
    )


def use_words(signal: Signal) -> str:
    """Return the version and mode of a signal, such as `version 3, shadow`."""
    return f"version {signal['version']}, {signal['mode']}"


def window_words(signal: Signal) -> str:
    """Return the window of a signal, such as `2026-09-01 to 2026-09-30`."""
    return f"{signal['window']['start']} to {signal['window']['end']}"


def shared_sentences(signals: Sequence[Signal]) -> Shared:
    """Return the sentences that at least two signals say, each with the codes all of whose signals say it."""
    said = [(signal["code"], _sentences(signal)) for signal in signals]
    every = dict.fromkeys(sentence for _, sentences in said for sentence in sentences)
    found = {sentence: _codes(sentence, said) for sentence in every}
    return {sentence: codes for sentence, codes in found.items() if sum(1 for code, _ in said if code in codes) > 1}


def own_words(signal: Signal, shared: Shared) -> str:
    """Return what a signal says without the sentences that it shares."""
    return " ".join(part for part in _sentences(signal) if signal["code"] not in shared.get(part, ()))


def shared_words(shared: Shared) -> tuple[str, ...]:
    """Return the shared sentences after the codes that share them."""
    together: dict[tuple[str, ...], list[str]] = {}
    for sentence, codes in shared.items():
        together.setdefault(codes, []).append(sentence)
    return tuple(f"{', '.join(codes)}: {' '.join(sentences)}" for codes, sentences in together.items())


def _codes(sentence: str, said: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    silent = {code for code, sentences in said if sentence not in sentences}
    return tuple(code for code in dict.fromkeys(code for code, _ in said) if code not in silent)


def _sentences(signal: Signal) -> list[str]:
    return SENTENCE_END.split(signal["explains"])


def _only(found: set[str]) -> str:
    return found.pop() if len(found) == 1 else ""
