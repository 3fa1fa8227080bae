"""The catalogue's entries of input drift."""

from monitors.signal_type import Q_LIMIT, REFERENCE, SignalType

_INPUT = f"{REFERENCE}; {Q_LIMIT}"
INPUTS: tuple[SignalType, ...] = (
    SignalType(
        "INP001",
        "input",
        "quantity_drift",
        "Drift of a quantity of the acquisitions",
        ("acquisitions.acquired_at", "acquisitions.patient"),
        _INPUT,
        "The distributions of {subject} in window and reference are at most {value} apart (Kolmogorov-Smirnov, {n} "
        "values of {patients} patients).",
        share=False,
    ),
    SignalType(
        "INP002",
        "input",
        "category_drift",
        "Drift of a category of the acquisitions",
        ("acquisitions.acquired_at", "acquisitions.patient"),
        _INPUT,
        "The mix of {subject} differs from that of the reference in {value} of the units, of {n} from {patients} "
        "patients.",
    ),
    SignalType(
        "INP003",
        "input",
        "new_level_share",
        "New levels of a category",
        ("acquisitions.acquired_at", "acquisitions.patient"),
        f"the share that the reference lets expect; {Q_LIMIT}",
        "{value} {interval} of the window's {n} units have a {subject} that the reference lacks; {limit} was expected.",
        raised="These are more than the rare levels of the reference let expect.",
    ),
    SignalType(
        "INP004",
        "input",
        "embedding_drift",
        "Drift of embeddings",
        ("predictions.embedding", "acquisitions.acquired_at", "acquisitions.patient"),
        f"0.5, not told apart; {Q_LIMIT}",
        "A discriminant tells the {n} patients of the window and those of the reference apart with an area of {value} "
        "{interval}, on patients that it was not fitted on; {limit} means not at all.",
        calm="Window and reference are not told apart.",
        raised="Window and reference are told apart: what the model sees has changed.",
        share=False,
    ),
)
