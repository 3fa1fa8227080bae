"""A model folder is loaded strictly, and scores do not depend on their neighbours."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_training import SIZE, tiny_examples, train_tiny

from pipelines.training.artifact import FILES, WEIGHTS_FILE, write_artifact
from pipelines.training.fitting import Trained
from pipelines.training.networks import FILE, Network
from pipelines.training.scorer import load_scorer
from registry.domain.artifact import folder_digest
from registry.domain.errors import UnreadableFileError, UsageError


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train_tiny(tmp_path_factory.mktemp("run"))


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.folder, tmp_path / "model"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / WEIGHTS_FILE))


def test_the_loaded_model_scores_as_it_did_when_it_was_trained(trained: Trained, folder: Path) -> None:
    assert (load_scorer(folder).score(tiny_examples(2, 12).images) == trained.tune_scores).all()


def test_a_score_does_not_depend_on_its_neighbours(folder: Path) -> None:
    scorer, images = load_scorer(folder), tiny_examples(3, 37).images
    together = scorer.score(images)
    assert together.dtype == np.float64
    assert ((together >= 0) & (together <= 1)).all()
    assert [scorer.score(images[n : n + 1])[0] for n in range(37)] == together.tolist()
    assert scorer.score(images[::-1]).tolist() == together[::-1].tolist()


def test_a_score_does_not_depend_on_the_number_of_threads(folder: Path) -> None:
    scorer, images, threads = load_scorer(folder), tiny_examples(3, 20).images, torch.get_num_threads()
    found = []
    try:
        for n in (1, 2, 3):
            torch.set_num_threads(n)
            found.append(scorer.score(images).tolist())
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1] == found[2]


def test_no_image_gives_no_score(folder: Path) -> None:
    assert load_scorer(folder).score(np.zeros((0, 1, SIZE, SIZE), np.float32)).shape == (0,)


@pytest.mark.parametrize("shape", [(24, 24), (31, 57), (200, 90)])
def test_the_loaded_model_takes_raw_images_of_any_shape(folder: Path, shape: tuple[int, int]) -> None:
    scorer = load_scorer(folder)
    raw = np.random.default_rng(0).uniform(0, 900, shape).astype(np.float32)
    assert 0 <= scorer.score(scorer.prepare(raw)[None])[0] <= 1


@pytest.mark.parametrize("shape", [(40, 40), (24, 48)])
def test_the_loaded_network_is_not_bound_to_the_shape_it_was_trained_on(folder: Path, shape: tuple[int, int]) -> None:
    assert load_scorer(folder).module(torch.zeros(1, 1, *shape)).shape == (1, 1)


@pytest.mark.parametrize(
    "images", [np.zeros((1, 1, 9, 9), np.float32), np.zeros((1, SIZE, SIZE), np.float32), np.zeros((1, 1, SIZE, SIZE))]
)
def test_images_of_another_shape_or_type_are_refused(folder: Path, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        load_scorer(folder).score(images)


def test_a_folder_with_another_file_is_refused(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(UnreadableFileError, match="two files"):
        load_scorer(folder)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UnreadableFileError, match="two files"):
        load_scorer(folder)


def test_a_pickle_in_place_of_the_weights_is_refused(folder: Path) -> None:
    torch.save(weights(folder), folder / WEIGHTS_FILE)
    with pytest.raises(UnreadableFileError, match="not safetensors"):
        load_scorer(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    data = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(data[:-10])
    with pytest.raises(UnreadableFileError, match="not safetensors"):
        load_scorer(folder)


@pytest.mark.parametrize("change", ["drop", "add", "shape", "type"])
def test_weights_that_do_not_fit_the_network_are_refused(folder: Path, change: str) -> None:
    found = weights(folder)
    name = next(name for name, tensor in found.items() if tensor.is_floating_point())
    if change == "drop":
        del found[name]
    if change == "add":
        found["surplus"] = torch.zeros(1)
    if change == "shape":
        found[name] = found[name][..., None]
    if change == "type":
        found[name] = found[name].double()
    save_file(found, folder / WEIGHTS_FILE)
    with pytest.raises(UnreadableFileError, match="do not fit"):
        load_scorer(folder)


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    found = weights(folder)
    name = next(name for name, tensor in found.items() if tensor.is_floating_point())
    found[name][...] = float("nan")
    save_file(found, folder / WEIGHTS_FILE)
    with pytest.raises(UnreadableFileError, match="not finite"):
        load_scorer(folder)


def test_another_network_than_the_weights_is_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(Network().to_bytes())
    with pytest.raises(UnreadableFileError, match="do not fit"):
        load_scorer(folder)


def test_a_device_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError):
        load_scorer(folder, "cuda:63")


def test_the_artifact_is_two_private_files_whose_digest_follows_from_their_content(
    folder: Path, tmp_path: Path
) -> None:
    scorer, found = load_scorer(folder), weights(folder)
    backwards = dict(reversed(list(found.items())))
    assert write_artifact(tmp_path / "again", scorer.network, backwards) == folder_digest(folder)
    assert {path.name for path in (tmp_path / "again").iterdir()} == FILES
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "again").iterdir()} == {0o600}
