"""Header texts made safe to store: printable, in NFC, bounded; and the allow-list that free descriptors must pass."""

import re
import unicodedata

from registry.domain.display import plain

_LIMIT = 64
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
_PIECE = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"([0-9]{0,3})([a-z]+)([0-9]{0,4})")

# Words that a protocol name may keep. Everything else may be a name, a number or a remark, and becomes a pseudonym.
PROTOCOL_WORDS = frozenset(
    """
    a abdomen adc angio ankle ap arm art arterial asc ascending asl ax axial b bh blade body bold bone brain bravo
    breast bright c calibration cardiac cervical chest ciss coil cor coronal cspine ct cta ctp cube d dark delay
    delayed desc descending diff diffusion dir dixon dsi dti dwi dynamic ear echo elbow ep epi even extremity fa
    face fast fat feet fgre fh field fieldmap fiesta film fl flair flash flow fmri foot fov fs fse functional gad
    gd ge gr gradient grase gre hand haste head hf hip hires hr iac int interleaved ir iso joint kidney knee l
    lava leg liver loc localizer low lower lr lspine lumbar lung map mb medic mip mm mp mpr mprage mr mra mri mrv
    ms multi native navi neck neuro noncontrast odd opp orbit organ p pa pc pd pe pelvis perf perfusion phantom
    phase pituitary portal post pre prone propeller prostate pulmonary q r rage recon ref resolve rest rl routine
    run sag sagittal sat scan scout se sense sequential series shim shoulder sinus slice slices soft space spair
    spgr spin spine ssfp std stir supine survey sv swan swi t task te temporal test tfe tfl thick thigh thin
    thoracic thorax thrive ti tir tirm to tof topup tr tra trace tse tspine turbo ultra upper vascular ven venous
    vibe vista vol volume volumes w whole with without wo wrist x y z
    """.split()  # noqa: SIM905 - a list of 200 quoted words is harder to read
)


def clean(value: object) -> str | None:
    """Return a text as it may be stored: printable, NFC, single spaces, at most 64 characters; None when empty."""
    text = unicodedata.normalize("NFC", plain(str(value), 4 * _LIMIT).encode("utf-8", "replace").decode("utf-8"))
    return " ".join(text.split())[:_LIMIT].strip() or None


def code_string(value: object) -> str | None:
    """Return an upper-case code string (DICOM CS: at most 16 of A-Z, 0-9, space, underscore), or None."""
    text = " ".join(str(value).upper().split())
    return text if _CODE_STRING.fullmatch(text) else None


def known_protocol(name: str) -> str | None:
    """Return a protocol name in normal spelling when each of its words is in the vocabulary, or None.

    A word is letters of the vocabulary, with up to four digits after them or three before (`t2`, `b1000`, `3d`). One
    bare number of up to two digits may stand beside words; two of them may be a date of birth.
    """
    pieces = _PIECE.findall(name.casefold())
    rest = _PIECE.sub("", name.casefold())
    bare = [piece for piece in pieces if piece.isdigit()]
    words = [piece for piece in pieces if not piece.isdigit()]
    harmless = len(bare) <= 1 and all(len(piece) <= 2 for piece in bare) and not any(map(str.isalnum, rest))
    return "_".join(pieces) if words and harmless and all(map(_is_known, words)) else None


def _is_known(piece: str) -> bool:
    found = _WORD.fullmatch(piece)
    return found is not None and found.group(2) in PROTOCOL_WORDS and not (found.group(1) and found.group(3))
