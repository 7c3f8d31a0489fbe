"""The words of the kiosk: what visitors read and hear, and what staff read, in every language.

The texts lie in ``ui/texts``: ``<locale>.toml`` for visitors, ``staff_<locale>.toml`` for staff. A file that lacks a
key, or has one too many, is not loaded.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from kiosk.core.card import OtherCard
from kiosk.core.errors import Fault, Refusal
from kiosk.core.lines.finding import Finding
from kiosk.core.ports import Liveness
from kiosk.core.reasons import Line, Reason
from kiosk.showing import Mode, Press, Prompt, Ribbon, Screen, UpdateNote
from kiosk.store import ImportState

TEXTS = Path(__file__).parent / "texts"


@unique
class Language(StrEnum):
    """A voice, and the script its words are shown in."""

    CANTONESE = "yue"
    MANDARIN = "cmn"
    ENGLISH = "en"

    @property
    def locale(self) -> str:
        return _LOCALES[self]


_LOCALES = {Language.CANTONESE: "zh_HK", Language.MANDARIN: "zh_CN", Language.ENGLISH: "en"}

# Reasons with which a line can stand on PASS, and so be named in public.
PASSING = frozenset(
    {
        *(Reason.H1, Reason.H5, Reason.P1, Reason.C1, Reason.C8, Reason.N1, Reason.N2, Reason.N6),
        *(Reason.T1, Reason.T2, Reason.W1, Reason.S1, Reason.S2),
    }
)


@dataclass(frozen=True, slots=True)
class Heading:
    """The two big lines of a screen."""

    headline: str
    sub: str


@dataclass(frozen=True, slots=True)
class FaultText:
    """``what`` is wrong in one short line, who must ``act`` and how, and its ``short`` name in a list."""

    short: str
    what: str
    act: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that staff should look after: ``what`` it is in one short line, and its ``short`` name in a list."""

    short: str
    what: str


@dataclass(frozen=True, slots=True)
class StaffWords:
    """What staff read."""

    heading: str
    when: str
    data: str
    no_data: str
    old: Alert
    urgent: Alert
    check: str
    separator: str
    no_liveness: str
    modes: Mapping[Mode, str]
    faults: Mapping[Fault, FaultText]
    reasons: Mapping[Reason, str]
    liveness: Mapping[Liveness, str]
    updates: Mapping[ImportState, Alert]
    refusals: Mapping[Refusal, str]

    def about(self, finding: Finding) -> str:
        """What staff read about a finding."""
        liveness = dict(finding.values).get("liveness")
        return self.reasons[finding.reason] if liveness is None else self.liveness[Liveness(liveness)]

    def update(self, note: UpdateNote) -> Alert:
        """What staff read about the last import."""
        cause = "" if note.refusal is None else self.refusals[note.refusal]
        text = self.updates[note.state]
        blanks = {"percent": note.percent, "cause": cause}
        return Alert(text.short.format(**blanks), text.what.format(**blanks))


@dataclass(frozen=True, slots=True)
class Words:
    """Everything said in one language. ``tiles``: result and detail by reason, for reasons in PASSING."""

    language_name: str
    tick_tile: str
    check_tile: str
    greeting: str
    greeting_without_name: str
    wait_here: str
    declined: str
    reader: str
    steps: tuple[str, str, str]
    notice: tuple[str, str]
    screens: Mapping[Screen, Heading]
    prompts: Mapping[Prompt, str]
    presses: Mapping[Press, str]
    ribbons: Mapping[Ribbon, tuple[str, str]]
    other_cards: Mapping[OtherCard, str]
    lines: Mapping[Line, str]
    tiles: Mapping[Reason, tuple[str, str]]
    staff: StaffWords


_K = TypeVar("_K", bound=StrEnum)


def _each(kind: type[_K], table: Mapping[str, Any], name: str, but: frozenset[_K] = frozenset()) -> dict[_K, Any]:
    """The table by members of ``kind``, each there once; ValueError names what is missing or too many."""
    expected = {member.value: member for member in kind if member not in but}
    if expected.keys() != table.keys():
        raise ValueError(f"{name}: {sorted(expected.keys() ^ table.keys())} missing or too many")
    return {member: table[value] for value, member in expected.items()}


def _staff(table: dict[str, Any]) -> StaffWords:
    faults = _each(Fault, table.pop("faults"), "faults")
    # An import that ended well needs no words: the age of the data tells.
    updates = _each(ImportState, table.pop("updates"), "updates", frozenset({ImportState.DONE}))
    return StaffWords(
        modes=_each(Mode, table.pop("modes"), "modes"),
        reasons=_each(Reason, table.pop("reasons"), "reasons"),
        liveness=_each(Liveness, table.pop("liveness"), "liveness", frozenset({Liveness.LIVE})),
        faults={fault: FaultText(**text) for fault, text in faults.items()},
        old=Alert(**table.pop("old")),
        urgent=Alert(**table.pop("urgent")),
        updates={state: Alert(**text) for state, text in updates.items()},
        refusals=_each(Refusal, table.pop("refusals"), "refusals"),
        **table,
    )


def load_words(language: Language, texts: Path = TEXTS) -> Words:
    """Read the texts of one language; ValueError or TypeError names a key that is missing or too many."""
    table = tomllib.loads((texts / f"{language.locale}.toml").read_text("utf-8"))
    screens = _each(Screen, table.pop("screens"), "screens")
    ribbons = _each(Ribbon, table.pop("ribbons"), "ribbons")
    unnamed = frozenset(Reason) - PASSING
    tiles = _each(Reason, table.pop("tiles"), "tiles", unnamed)
    steps, notice = table.pop("steps"), table.pop("notice")
    return Words(
        steps=(steps[0], steps[1], steps[2]),
        notice=(notice[0], notice[1]),
        screens={screen: Heading(**text) for screen, text in screens.items()},
        prompts=_each(Prompt, table.pop("prompts"), "prompts"),
        # The language button wears the name of the language that it leads to.
        presses=_each(Press, table.pop("presses"), "presses", frozenset({Press.LANGUAGE})),
        ribbons={ribbon: (text[0], text[1]) for ribbon, text in ribbons.items()},
        other_cards=_each(OtherCard, table.pop("other_cards"), "other_cards"),
        lines=_each(Line, table.pop("lines"), "lines"),
        tiles={reason: (text[0], text[1]) for reason, text in tiles.items()},
        staff=_staff(tomllib.loads((texts / f"staff_{language.locale}.toml").read_text("utf-8"))),
        **table,
    )


@cache
def words(language: Language) -> Words:
    """The shipped words of one language."""
    return load_words(language)


# The order in which the language button goes round; before anybody chose, Cantonese comes first.
_ROUND = (Language.CANTONESE, Language.MANDARIN, Language.ENGLISH)


def next_language(chosen: Language | None) -> Language:
    """The language that a press on the button leads to."""
    return _ROUND[0] if chosen is None else _ROUND[(_ROUND.index(chosen) + 1) % len(_ROUND)]
