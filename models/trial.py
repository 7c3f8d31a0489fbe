"""A technology evaluation (ISO/IEC 19795-2) of a manifest's models on a folder of people's pictures.

Pictures are ``person/*.jpg``. By name, a person's first one becomes the reference: as it is, or as a card photo of some
level (models.idphoto). The next three at most are attempts, each of one picture, compared with the references of
everybody: as they are, or changed (models.probes).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

import cv2
import numpy as np

from kiosk.core.errors import KioskError
from kiosk.frames import Picture
from models.align import align
from models.detect import Face, FaceDetector, open_detector
from models.embed import FaceEmbedder
from models.engine import FaceEngine
from models.evaluation import NO_FACE, Numbers, People
from models.idphoto import Level, id_photo
from models.manifest import Manifest, read_weights
from models.photo import decode_photo
from models.probes import Change, as_it_is, blurred, dark, masked, side_light
from models.session import Floats

LOOKS = 3


class TrialError(KioskError):
    """The folder cannot be evaluated; whoever typed its name corrects it."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


@dataclass(frozen=True, slots=True)
class Condition:
    """level: of the card photo, None for the portrait itself. change: what becomes of the picture of a look.

    looks: how the names of its pictures end, without ``.jpg``.
    """

    level: Level | None
    change: Change = as_it_is
    looks: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """Conditions to be compared, and how the name of the picture ends that becomes the reference."""

    conditions: dict[str, Condition]
    reference: str = ""


@unique
class Question(StrEnum):
    """What a trial is to tell about. No set of pictures that we know says how old people are."""

    PHOTO = "photo"
    MASK = "mask"
    LIGHT = "light"
    POSE = "pose"


CARD = Setup({"level2": Condition(Level.CARD)})
SETUPS = {
    Question.PHOTO: Setup(
        {
            "clean": Condition(None),
            "level2": Condition(Level.CARD),
            "level3": Condition(Level.HARSH),
            "level4": Condition(Level.OLD),
        }
    ),
    Question.MASK: Setup({**CARD.conditions, "masked": Condition(Level.CARD, masked)}),
    Question.LIGHT: Setup(
        {
            **CARD.conditions,
            "dark": Condition(Level.CARD, dark),
            "side_light": Condition(Level.CARD, side_light),
            "blurred": Condition(Level.CARD, blurred),
        }
    ),
    # Names as in FRMDB, the mugshots of the Universita Politecnica delle Marche, where 33 looks straight ahead. Its
    # first digit turns the head, to the left of the picture first; the second lifts the chin.
    Question.POSE: Setup(
        {
            "turned_left": Condition(Level.HARSH, looks="23"),
            "turned_right": Condition(Level.HARSH, looks="43"),
            "looking_down": Condition(Level.HARSH, looks="32"),
            "looking_up": Condition(Level.HARSH, looks="34"),
        },
        reference="33",
    ),
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Compared:
    """The attempts of one condition: scores and visitors as models.evaluation.Comparisons takes them.

    failures: attempts in which no face was found.
    """

    scores: Numbers
    visitors: People
    failures: int


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Trial:
    """What a trial gave, by condition. failures: of so many pictures, those in which no face was found."""

    conditions: dict[str, Compared]
    pictures: int
    failures: int


def run_trial(
    manifest: Manifest,
    weights: Path,
    folder: Path,
    limit: int | None,
    track: Callable[[list["_Person"]], Iterable["_Person"]],
    setup: Setup = SETUPS[Question.PHOTO],
) -> Trial:
    """Compare everybody with everybody; ``limit``: the first so many people only; ``track`` shows how far it is."""
    people = _people(folder, setup)[:limit]
    if len(people) < 2 or not any(any(person.looks.values()) for person in people):
        named = f", named *{setup.reference}.jpg to begin with" if setup.reference else ""
        raise TrialError(
            f"{folder}: give a folder of folders, two people at least, and one of them twice (*.jpg){named}"
        )
    subject = _Subject(manifest, weights)
    levels = {condition.level for condition in setup.conditions.values()}
    # Conditions that differ in the card photo alone share their attempts.
    attempts: dict[tuple[Change, str], _Attempts] = {
        (condition.change, condition.looks): _Attempts([], []) for condition in setup.conditions.values()
    }
    references: dict[Level | None, list[Floats | None]] = {level: [] for level in levels}
    for number, person in enumerate(track(people)):
        for level, vector in subject.references(person.reference, levels).items():
            references[level].append(vector)
        for (change, looks), made in attempts.items():
            for path in person.looks[looks]:
                made.visitors.append(number)
                made.vectors.append(subject.attempt(path, change))
    vectors = [*(vector for made in attempts.values() for vector in made.vectors), *next(iter(references.values()))]
    return Trial(
        conditions={
            name: _compared(attempts[condition.change, condition.looks], references[condition.level])
            for name, condition in setup.conditions.items()
        },
        pictures=len(vectors),
        failures=sum(vector is None for vector in vectors),
    )


@dataclass(frozen=True, slots=True)
class _Person:
    reference: Path
    looks: dict[str, list[Path]]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class _Attempts:
    visitors: list[int]
    vectors: list[Floats | None]


def _people(folder: Path, setup: Setup) -> list[_Person]:
    people = []
    for person in sorted(folder.glob("*/")):
        pictures = sorted(person.glob("*.jpg"))
        reference = next((path for path in pictures if path.stem.endswith(setup.reference)), None)
        if reference is not None:
            others = [path for path in pictures if path != reference]
            ends = {condition.looks for condition in setup.conditions.values()}
            looks = {end: [path for path in others if path.stem.endswith(end)][:LOOKS] for end in ends}
            people.append(_Person(reference, looks))
    return people


class _Subject:
    """The models under trial, used as the kiosk uses them."""

    def __init__(self, manifest: Manifest, weights: Path) -> None:
        self._detector: FaceDetector = open_detector(manifest, weights)
        embedder = FaceEmbedder(read_weights(manifest.embed, weights), manifest.embed)
        self._template = embedder.template
        self._engine = FaceEngine(self._detector, embedder)

    def references(self, path: Path, levels: set[Level | None]) -> dict[Level | None, Floats | None]:
        """The vector of the card photo of each level, or of none where the portrait shows no face."""
        portrait = _read(path)
        face = self._face(portrait)
        if portrait is None or face is None:
            return dict.fromkeys(levels)
        return {level: self._engine.embed(self._crop(portrait, face, level)) for level in levels}

    def attempt(self, path: Path, change: Change) -> Floats | None:
        picture = _read(path)
        face = self._face(picture)
        if picture is not None and face is not None and change is not as_it_is:
            picture = change(picture, face.points)
            face = self._face(picture)
        return None if picture is None or face is None else self._engine.embed(self._aligned(picture, face))

    def _aligned(self, picture: Picture, face: Face) -> Picture:
        return align(picture, face.points, self._template)

    def _crop(self, portrait: Picture, face: Face, level: Level | None) -> Picture:
        if level is None:
            return self._aligned(portrait, face)
        coded = id_photo(portrait, face.points[:2], level)
        if level is Level.CARD:
            return self._engine.crop_of_card(decode_photo(coded))
        photo = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
        return self._engine.crop_of_card(np.asarray(photo, dtype=np.uint8))

    def _face(self, picture: Picture | None) -> Face | None:
        """The face nearest to the middle: in pictures of named people others stand beside them."""
        if picture is None:
            return None
        middle = np.array(picture.shape[1::-1]) / 2
        faces = self._detector.detect(picture)
        return min(faces, key=lambda face: float(np.hypot(*(face.points.mean(axis=0) - middle))), default=None)


def _read(path: Path) -> Picture | None:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if picture is None else np.asarray(picture, dtype=np.uint8)


def _compared(attempts: _Attempts, references: list[Floats | None]) -> Compared:
    """All cosines, (attempts, references); a failure to acquire matches nobody."""
    dims = next((len(vector) for vector in (*attempts.vectors, *references) if vector is not None), 0)
    rows, columns = (_stacked(vectors, dims) for vectors in (attempts.vectors, references))
    scores = rows @ columns.T
    return Compared(
        np.where(np.isnan(scores), NO_FACE, scores),
        np.array(attempts.visitors, dtype=np.intp),
        sum(vector is None for vector in attempts.vectors),
    )


def _stacked(vectors: list[Floats | None], dims: int) -> Numbers:
    return np.array(
        [np.full(dims, np.nan) if vector is None else vector for vector in vectors], dtype=np.float64
    ).reshape(-1, dims)
