"""A person as the commands show them."""

from registry.domain.person import Person


def document(person: Person) -> dict[str, object]:
    """Return a person's JSON."""
    roles = [role.value for role in person.roles]
    return {"person": person.person, "printed_name": person.printed_name, "roles": roles, "active": person.active}


def line(person: Person) -> str:
    """Return a person's line."""
    mark = "" if person.active else " (deactivated)"
    return f"{person.person:20} {person.printed_name:30} {', '.join(person.roles)}{mark}"
