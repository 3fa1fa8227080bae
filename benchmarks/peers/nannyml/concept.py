"""NannyML's CBPE under a concept shift: the classes' distance falls from 1.8 to 1.2, the scores' formula stays."""

import json
import os

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

CHUNK, CHUNKS = 1_000, 20


def drawn(n: int, seed: int, distance: float) -> pd.DataFrame:
    """Draw n scored studies, 11 % of them diseased; the score is right where the distance is 1.8."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.11
    latent = rng.normal(size=n) + distance * truth
    score = 1 / (1 + np.exp(-(np.log(0.11 / 0.89) + 1.8 * latent - 1.62)))
    return pd.DataFrame({"truth": truth.astype(int), "score": score, "called": (score >= 0.2).astype(int)})


def main() -> None:
    """Print how many chunks alert, and the estimate beside the truth."""
    reference, now = drawn(20_000, 1, 1.8), drawn(CHUNK * CHUNKS, 2, 1.2)
    columns = {"y_true": "truth", "y_pred": "called", "y_pred_proba": "score"}
    estimator = nannyml.CBPE(problem_type="classification_binary", metrics=["roc_auc"], chunk_size=CHUNK, **columns)
    estimator.fit(reference)
    table = estimator.estimate(now).filter(period="analysis").to_df()
    found = {"alerts": int(table[("roc_auc", "alert")].sum()), "chunks": CHUNKS, "version": nannyml.__version__}
    found |= {"estimate": float(table[("roc_auc", "value")].mean()), "truth": roc_auc_score(now["truth"], now["score"])}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
