"""The second vector of the default embedder, and how much it counts; then everything into one file.

``python -m models.training.second DATA DAT FEATURES TAIL.pt... OUT.npz`` after models.training.tail; of several tails
the weights are averaged. dlib's vectors as published err about other people than ours do. They are projected so that
the inner product of two is the bilinear part of the two-covariance score (Cumani et al. 2013), whose covariances come
from the people in training; the share is the one that serves the people set aside best at a false match rate of 1e-3.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.dlib import DIMS, Published, read_published
from models.evaluation import Comparisons
from models.training.crops import Crops, load_crops
from models.training.device import answer, placed
from models.training.export import tail_differences
from models.training.features import REAL_LOOKS, Eye
from models.training.tail import Exam, Lessons, Student, load_lessons
from models.training.trunk import Tail

_SHARES = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_FLOOR = 1e-4  # of the mean variance within people, added to each direction
_BATCH = 512

Matrix = NDArray[np.float64]


class AsPublished(nn.Module):
    """Features (n, 64, 17, 17) to dlib's vectors (n, 128), or through another projection of what it pools."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self.tail = Tail(published)
        self.projection = nn.Linear(256, DIMS)
        self.projection.weight.data = torch.from_numpy(published.projection.T.copy())
        self.projection.bias.data.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(self.tail(x))


def vectors_of_people(net: nn.Module, lessons: Lessons, crops: Crops, shards: int) -> tuple[Matrix, NDArray[np.intp]]:
    """Mean vectors of two looks, one of them mirrored, of the real crops; and whose they are."""
    aside = crops.set_aside()
    mine = [i for i, label in enumerate(crops.labels) if int(label) not in aside]
    vectors, people = [], []
    begun = 0
    for shard in range(shards):
        faces = mine[shard::shards]
        rows = torch.arange(begun, begun + len(faces) * REAL_LOOKS)
        for picks in rows.split(_BATCH):
            with torch.no_grad():
                vectors.append(answer(net, lessons.seen(picks)).cpu())
        people.append(np.repeat(crops.labels[faces], REAL_LOOKS // 2))
        # Blends follow the real crops of a shard.
        begun = int(lessons.shard_ends[shard])
    paired = torch.cat(vectors).view(-1, 2, DIMS).mean(1)
    return paired.double().numpy(), np.unique(np.concatenate(people), return_inverse=True)[1]


def bilinear(vectors: Matrix, people: NDArray[np.intp]) -> tuple[Matrix, Matrix]:
    """Mean (128,) and projection (128, 128) of the bilinear part of the two-covariance score."""
    counts = np.bincount(people)
    means = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(means, people, vectors)
    means /= counts[:, None]
    middle = vectors.mean(axis=0)
    apart = vectors - means[people]
    within = apart.T @ apart / (len(vectors) - len(counts))
    centred = means - middle
    between = _positive(centred.T @ centred / len(counts) - within * np.mean(1 / counts))
    within += _FLOOR * np.trace(within) / len(within) * np.eye(len(within))
    total = within + between
    inverse = np.linalg.inv(total)
    form = inverse @ between @ np.linalg.inv(total - between @ inverse @ between)
    values, directions = np.linalg.eigh((form + form.T) / 2)
    return middle, (directions * np.sqrt(np.maximum(values, 0))).T


def _positive(matrix: Matrix) -> Matrix:
    values, directions = np.linalg.eigh(matrix)
    return np.asarray((directions * np.maximum(values, 1e-6)) @ directions.T)


def main(data: Path, dat: Path, features: Path, tails: list[Path], out: Path) -> None:
    """Write the file of the default set that holds what we trained for its embedder."""
    content = dat.read_bytes()
    published, crops, lessons = read_published(content), load_crops(data), load_lessons(features)
    second = AsPublished(published).eval()
    placed(second)
    middle, projection = bilinear(*vectors_of_people(second, lessons, crops, len(lessons.shard_ends)))
    with torch.no_grad():
        weight = torch.from_numpy(projection).float() @ second.projection.weight.cpu()
        second.projection.weight.copy_(weight)
        second.projection.bias.copy_(torch.from_numpy(-projection @ middle).float())
    states = [torch.load(tail, weights_only=True, map_location="cpu") for tail in tails]
    state = {name: sum(one[name] for one in states) / len(states) for name in states[0]}
    student = Student(published, dropout=0.0)
    student.load_state_dict(state)
    placed(student)
    exam = Exam(crops, Eye(dat))
    own, other = exam.scores(student), exam.scores(second)
    best = (0.0, 0.0)
    for share in _SHARES:
        marks = {
            name: 100 * Comparisons((1 - share) * own[name] + share * other[name], exam.visitors).rates().tar_at(1e-3)
            for name in own
        }
        print(share, {name: round(mark, 2) for name, mark in marks.items()}, flush=True)
        best = max(best, (float(np.mean(list(marks.values()))), share))
    arrays = tail_differences(state, content) | {
        "second.weight": second.projection.weight.detach().cpu().numpy().astype(np.float16),
        "second.bias": second.projection.bias.detach().cpu().numpy().astype(np.float16),
        "second.share": np.float16(best[1]),
    }
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    main(paths[0], paths[1], paths[2], paths[3:-1], paths[-1])
