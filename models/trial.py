"""A technology evaluation (ISO/IEC 19795-2) of a manifest's models on a folder of people's pictures.

Pictures are ``person/*.jpg``. By name, a person's first one becomes the reference: as it is, and as card photos of
three levels (models.idphoto). The next three at most are attempts, each of one picture, compared with the references
of everybody.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.core.errors import KioskError
from kiosk.frames import Picture
from models.align import align
from models.detect import Face, FaceDetector
from models.embed import FaceEmbedder
from models.engine import FaceEngine
from models.evaluation import NO_FACE, Numbers, People
from models.idphoto import Level, id_photo
from models.manifest import Manifest, read_weights
from models.photo import decode_photo
from models.session import Floats

# Clean is the portrait itself; the others have been on a card.
CONDITIONS = {"clean": None, "level2": Level.CARD, "level3": Level.HARSH, "level4": Level.OLD}
LOOKS = 3


class TrialError(KioskError):
    """The folder cannot be evaluated; whoever typed its name corrects it."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Trial:
    """What a trial gave. scores: by condition, (attempts, people), as models.evaluation.Comparisons takes them.

    visitors: (attempts,), the number of the person in each. failures: pictures in which no face was found.
    """

    scores: dict[str, Numbers]
    visitors: People
    pictures: int
    failures: int


def run_trial(
    manifest: Manifest,
    weights: Path,
    folder: Path,
    limit: int | None,
    track: Callable[[list[list[Path]]], Iterable[list[Path]]],
) -> Trial:
    """Compare everybody with everybody; ``limit``: the first so many people only; ``track`` shows how far it is."""
    people = _people(folder)[:limit]
    if len(people) < 2 or all(len(pictures) < 2 for pictures in people):
        raise TrialError(f"{folder}: give a folder of folders, two people at least, and one of them twice (*.jpg)")
    subject = _Subject(manifest, weights)
    visitors, attempts = [], []
    references: dict[str, list[Floats | None]] = {name: [] for name in CONDITIONS}
    for number, (first, *others) in enumerate(track(people)):
        for name, vector in subject.references(first).items():
            references[name].append(vector)
        for picture in others:
            visitors.append(number)
            attempts.append(subject.attempt(picture))
    return Trial(
        scores={name: _scores(attempts, vectors) for name, vectors in references.items()},
        visitors=np.array(visitors, dtype=np.intp),
        pictures=sum(map(len, people)),
        failures=sum(vector is None for vector in (*attempts, *references["clean"])),
    )


def _people(folder: Path) -> list[list[Path]]:
    every = (sorted(person.glob("*.jpg"))[: 1 + LOOKS] for person in sorted(folder.glob("*/")))
    return [pictures for pictures in every if pictures]


class _Subject:
    """The models under trial, used as the kiosk uses them."""

    def __init__(self, manifest: Manifest, weights: Path) -> None:
        self._detector = FaceDetector(read_weights(manifest.detect, weights), manifest.detect)
        embedder = FaceEmbedder(read_weights(manifest.embed, weights), manifest.embed)
        self._template = embedder.template
        self._engine = FaceEngine(self._detector, embedder)

    def references(self, path: Path) -> dict[str, Floats | None]:
        """The vector of the card photo of each condition, or of none where the portrait shows no face."""
        portrait = _read(path)
        face = self._face(portrait)
        if portrait is None or face is None:
            return dict.fromkeys(CONDITIONS)
        return {name: self._engine.embed(self._crop(portrait, face, level)) for name, level in CONDITIONS.items()}

    def attempt(self, path: Path) -> Floats | None:
        picture = _read(path)
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


def _scores(attempts: list[Floats | None], references: list[Floats | None]) -> Numbers:
    """All cosines, (attempts, references); a failure to acquire matches nobody."""
    dims = next((len(vector) for vector in (*attempts, *references) if vector is not None), 0)
    rows, columns = (_stacked(vectors, dims) for vectors in (attempts, references))
    scores = rows @ columns.T
    return np.where(np.isnan(scores), NO_FACE, scores)


def _stacked(vectors: list[Floats | None], dims: int) -> Numbers:
    return np.array([np.full(dims, np.nan) if vector is None else vector for vector in vectors], dtype=np.float64)
