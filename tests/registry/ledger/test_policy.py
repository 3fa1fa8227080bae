"""Policies of witnesses (C2SP tlog-policy)."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.domain.errors import UnreadableFileError
from registry.ledger.note import COSIGNATURE, ED25519, VerifierKey
from registry.ledger.policy import parse_policy


def vkey(number: int, kind: bytes = COSIGNATURE) -> str:
    public = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key().public_bytes_raw()
    return VerifierKey(f"w{number}.example", public, kind).to_text()


X1, X2, X3, Y1, Y2, Y3 = (vkey(number) for number in range(1, 7))
LOG = vkey(9, ED25519)
# The example of the specification, with keys in place of <vkey>.
EXAMPLE = f"""\
log {LOG}

witness X1 {X1}
witness X2 {X2}
  witness X3 {X3} https://x3.example/
group X-witnesses 2 X1 X2 X3

# a comment
witness Y1 {Y1}
witness\tY2 {Y2}
witness Y3 {Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_specifications_example_counts_two_of_one_group_and_any_of_the_other() -> None:
    policy = parse_policy(EXAMPLE)
    assert policy.logs == (LOG,)
    assert policy.witnesses["X3"].url == "https://x3.example/"
    assert policy.met_by([X1, X3, Y2])
    for short in ([], [X1, Y1], [X1, X2, X3], [Y1, Y2, Y3, X1], [X1, X1, Y1]):
        assert not policy.met_by(short)


def test_a_single_witness_and_none_are_quorums() -> None:
    assert not parse_policy(f"witness a {X1}\nquorum a\n").met_by([X2])
    assert parse_policy(f"witness a {X1}\nquorum a\n").met_by([X1])
    assert parse_policy("quorum none\n").met_by([])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no quorum line"),
        ("quorum a\n", "not defined"),
        ("quorum none\nquorum none\n", "second quorum"),
        (f"witness a {X1}\nwitness a {X2}\nquorum a\n", "taken"),
        (f"witness none {X1}\nquorum none\n", "taken"),
        (f"witness a {X1}\nwitness b {X1}\nquorum a\n", "public key twice"),
        (f"witness a {LOG}\nquorum a\n", "another type"),
        (f"log {X1}\nquorum none\n", "another type"),
        (f"witness a {X1[:-2]}\nquorum a\n", "base64"),
        (f"group g 1 a\nwitness a {X1}\nquorum g\n", "not defined above"),
        (f"witness a {X1}\ngroup g 1 a a\nquorum g\n", "member twice"),
        (f"witness a {X1}\ngroup g 1 a\ngroup h 1 a\nquorum h\n", "member twice"),
        (f"witness a {X1}\ngroup g 2 a\nquorum g\n", "threshold"),
        (f"witness a {X1}\ngroup g 0 a\nquorum g\n", "threshold"),
        (f"witness a {X1}\ngroup g -1 a\nquorum g\n", "threshold"),
        (f"witness a {X1}\ngroup g all\nquorum g\n", "MEMBER"),
        ("witnes a b\nquorum none\n", "starts with"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(UnreadableFileError, match=why):
        parse_policy(text)


def test_thirty_two_of_each_are_read() -> None:
    witnesses = [f"witness w{number} {vkey(100 + number)}" for number in range(32)]
    groups = [f"group g{number} 1 w{number}" for number in range(32)]
    logs = [f"log {vkey(50 + number, ED25519)}" for number in range(32)]
    last = f"group q 17 {' '.join(f'g{number}' for number in range(32))}"
    policy = parse_policy("\n".join([*logs, *witnesses, *groups, last, "quorum q", ""]))
    assert policy.met_by([vkey(100 + number) for number in range(17)])
    assert not policy.met_by([vkey(100 + number) for number in range(16)])
