"""The signatures under a report in lines for a person: printed name, role, time and meaning (21 CFR 11.50)."""

from collections.abc import Iterator

from registry.people import People
from registry.report_signatures import report_signatures


def signed_lines(people: People, digest: str) -> Iterator[str]:
    """Yield one line a signature; one line where nobody signed."""
    found = report_signatures(people, digest)
    if not found:
        yield "  signed by nobody yet (--signer)"
    for one in found:
        yield f"  signed by {one.printed_name} ({one.role}), {one.signed_at[:19]}Z: {one.meaning}"
