"""The demo's people: who trains, who reviews, who leads, each with a key and a passphrase of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.bootstrap import Workspace
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.objects import write_durably
from registry.people import Signer
from registry.training import record_training

KEY_DAYS = 800  # the story is a year long, and its people still sign after it
COURSE = "overread-demo"  # what signing in the demo takes
_SECRET_BYTES = 18


@dataclass(frozen=True)
class Cast:
    """The demo's people, by id, with the folder of their passphrases."""

    engineer: str
    quality: str
    clinician: str
    folder: Path

    def signer(self, workspace: Workspace, person: str) -> Signer:
        """Unlock a person's key."""
        return workspace.people.unlock(person, (self.folder / f"{person}.pass").read_text())


def enrol(workspace: Workspace, folder: Path, secret: Callable[[int], str]) -> Cast:
    """Enrol an engineer, a quality officer and a clinical lead."""
    cast = Cast("demo-engineer", "demo-quality", "demo-clinician", folder)
    roles = {  # the engineer is a quality officer too, and still may not approve what they trained
        cast.engineer: (PersonRole.ENGINEER, PersonRole.QUALITY_OFFICER),
        cast.quality: (PersonRole.QUALITY_OFFICER,),
        cast.clinician: (PersonRole.CLINICAL_LEAD,),
    }
    for person, held in roles.items():
        passphrase = secret(_SECRET_BYTES)
        write_durably(folder / f"{person}.pass", passphrase.encode())
        printed = person.replace("-", " ").title()
        people = workspace.people
        people.add(person, printed, held, passphrase, LOCAL_ADMINISTRATOR, key_days=KEY_DAYS)
        valid_until = people.clock.now() + timedelta(days=KEY_DAYS)
        record_training(people, person, COURSE, valid_until, LOCAL_ADMINISTRATOR, reason="passed before the demo began")
    return cast
