"""Score the images of a workspace with a loaded model; one that cannot be read gets its reason, never silence."""

from collections.abc import Sequence

import numpy as np

from pipelines.bootstrap import Workspace
from pipelines.intake.dicom.instance import Instance
from pipelines.intake.pixels import ImageReader
from pipelines.training.images import Images
from pipelines.training.scorer import TorchScorer
from pipelines.usecases.prediction_rows import ImageScore
from registry.domain.digest import digest_bytes
from registry.domain.errors import InputRefusedError
from registry.domain.vocabulary import Unit

REFUSED = "refused at intake: see the quarantine"


class ImageScorer:
    """A loaded model and the images of a workspace."""

    def __init__(self, workspace: Workspace, scorer: TorchScorer, reader: ImageReader) -> None:
        self._catalogue = workspace.catalogue
        self._scorer = scorer
        self._reader = reader

    def score(self, images: Sequence[Instance]) -> dict[str, ImageScore]:
        """Return what became of each image, by its UID."""
        wanted = {image.instance_uid: image.content_digest for image in images}
        stored = self._catalogue.known(Unit.INSTANCE, wanted)
        taken_in = {one.instance_uid for one in stored if one.content_digest == wanted[one.instance_uid]}
        fed = {uid: self._fed(uid) if uid in taken_in else REFUSED for uid in wanted}
        readable = {uid: image for uid, image in fed.items() if not isinstance(image, str)}
        return {uid: ImageScore(None, reason=why) for uid, why in fed.items() if isinstance(why, str)} | self._scored(
            readable
        )

    def _fed(self, uid: str) -> Images | str:
        """Return what the network is fed, or why there is nothing."""
        try:
            return self._scorer.prepare(self._reader.load(uid))
        except InputRefusedError as error:
            return error.what

    def _scored(self, images: dict[str, Images]) -> dict[str, ImageScore]:
        if not images:
            return {}
        scores = self._scorer.score(np.stack(list(images.values())))
        pairs = zip(images.items(), scores, strict=True)
        return {uid: ImageScore(float(score), digest_bytes(image.tobytes())) for (uid, image), score in pairs}
