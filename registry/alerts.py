"""Alerts on record: opened and cleared by the monitors, acknowledged and resolved by persons, each by one event."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.alert_record import told_of
from registry.database import reading
from registry.domain.dossier import StoredAlert
from registry.domain.errors import AnswerIsNoError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import Act
from registry.domain.signal import Alert
from registry.history import told_events
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.record import Record, Signing, keep_signature, refusals_kept, sign_now, signing
from registry.schema import AlertRow, PersonRow, SignatureRow
from registry.signatures import Intent

RUNNING = ("open", "acknowledged")
Json = Mapping[str, Any]


def remember(tx: Transaction, record: Record, model: str, alerts: Sequence[Alert], actor: Mapping[str, str]) -> None:
    """Put what the monitors say of a model's alerts on record: each is opened once, and cleared once.

    What a person decided stays: a resolved alert is not opened again, and one that was cleared is not reopened by a
    run of an earlier day.

    Args:
        tx: the transaction of the monitor run.
        record: the record.
        model: whose alerts.
        alerts: as the sequential layer gave them.
        actor: who ran the monitors.
    """
    for alert in alerts:
        row = tx.session.get(AlertRow, alert.id)
        if row is None:
            row = _opened(tx, record, model, alert, actor)
        if row.state in RUNNING:
            _rename(tx, row, alert, actor)
        if alert.state == "cleared" and row.state in RUNNING:
            payload = {"alert": alert.id, "closed": alert.closed}
            event = tx.append(EventDraft("alert.cleared", actor, (_subject(row),), payload))
            row.state, row.closed, row.event_seq = "cleared", alert.closed, event.seq


def _rename(tx: Transaction, row: AlertRow, alert: Alert, actor: Mapping[str, str]) -> None:
    """Put another cause on record beside those that the alert had: it keeps its id, and what opened it stays told."""
    names = names_of(tx.session, row)
    last = names[-1]["cause"]
    if dict(alert.cause) == last or alert.named_on <= names[-1]["day"]:
        return
    payload = {"alert": alert.id, "before": last, "cause": dict(alert.cause), "day": alert.named_on}
    tx.append(EventDraft("alert.renamed", actor, (_subject(row),), payload))


def names_of(session: Session, row: AlertRow) -> list[dict[str, Any]]:
    """Return every cause that an alert had, the first one first: each with the day from which it bore it."""
    told = (payload for _, payload in told_events(session, ("alert.renamed",)) if payload["alert"] == row.alert)
    first = {"day": row.opened, "cause": {"kind": row.cause_kind, "who": row.cause_who}}
    return [first, *({"day": one["day"], "cause": one["cause"]} for one in told)]


def overlaid(session: Session, alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Return the JSON of alerts with the states that persons gave them."""
    found = []
    for alert in alerts:
        row = session.get(AlertRow, alert.id)
        decided = row is not None and (row.state == "resolved" or (row.state == "acknowledged" and not alert.closed))
        found.append(alert.to_json() | ({"state": row.state, "closed": row.closed} if row and decided else {}))
    return found


def not_raised(record: Record, session: Session, run: Json, target: str | None) -> list[dict[str, Any]]:
    """Return the JSON of running alerts that a run of the monitors does not raise: only a person closes them.

    Corrected rows can do that. Their days, cause and studies are those of the day on which they were opened.

    Args:
        record: the record.
        session: of the record.
        run: the run's JSON.
        target: only this clinical question, or all.

    Raises:
        ArtifactChangedError: when the stored record of one is missing or has other bytes.
    """
    raised = {alert["id"] for alert in run["alerts"]}
    query = select(AlertRow).where(
        AlertRow.model == run["model"], AlertRow.state.in_(RUNNING), AlertRow.opened <= run["as_of"]
    )
    rows = session.scalars(query.order_by(AlertRow.opened, AlertRow.alert)).all()
    missing = [row for row in rows if row.alert not in raised and target in {None, row.target}]
    return [json.loads(record.objects.get(row.record)) | {"state": row.state} for row in missing]


def listed(record: Record, model: str | None = None) -> list[StoredAlert]:
    """Return the alerts on record (of a model), the newest first.

    Raises:
        ArtifactChangedError: when the stored record of one is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        order = (AlertRow.opened.desc(), AlertRow.alert)
        rows = session.scalars(select(AlertRow).order_by(*order)).all()
        return [_stored(session, record, row) for row in rows if model in {None, row.model}]


def get(record: Record, alert: str) -> StoredAlert:
    """Return an alert.

    Raises:
        UnknownNameError: when there is none of that id.
        ArtifactChangedError: when its stored record is missing or has other bytes.
    """
    with reading(record.ledger.engine) as session:
        return _stored(session, record, _row(session, alert))


def acknowledge(record: Record, alert: str, signer: Signer, reason: str) -> StoredAlert:
    """Let a person take an alert up: it stays open, in their hands.

    Raises:
        UnknownNameError: when there is none of that id.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it is not open.
    """
    return _decided(record, alert, signer, reason, (Act.ACKNOWLEDGE, "acknowledged", ("open",)))


def resolve(record: Record, alert: str, signer: Signer, reason: str) -> StoredAlert:
    """Let a person close an alert and say how it was dealt with.

    Raises:
        UnknownNameError: when there is none of that id.
        UsageError: when no reason is given.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it is closed already.
    """
    if not reason.strip():
        raise UsageError("a resolved alert says how it was dealt with", mend="use --reason")
    return _decided(record, alert, signer, reason, (Act.RESOLVE, "resolved", RUNNING))


def _decided(
    record: Record, alert: str, signer: Signer, reason: str, what: tuple[Act, str, tuple[str, ...]]
) -> StoredAlert:
    act, state, sources = what
    found = get(record, alert)
    name = f"{found.model}@{found.version}"
    with refusals_kept(record, name, act, signer), record.ledger.transaction() as tx:
        row = _row(tx.session, alert)
        who = signing(record, signer, act, reason)
        if row.state not in sources:
            raise AnswerIsNoError(
                f"the alert {alert} is {row.state}", mend="`overread alerts list` shows the open ones"
            )
        _sign(tx, record, row, who, state)
    return get(record, alert)


def _sign(tx: Transaction, record: Record, row: AlertRow, who: Signing, state: str) -> None:
    intent = Intent(who.act, row.model, row.version, (_subject(row),), {"alert": row.alert})
    signature = sign_now(record, who, intent)
    closed = signature.signed_at[:10] if state == "resolved" else row.closed
    subjects = (_subject(row), Subject("signature", who.act.value, signature.digest))
    payload = {"alert": row.alert, "closed": closed, "signature": signature.digest}
    event = tx.append(EventDraft(f"alert.{state}", who.actor, subjects, payload, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    row.state, row.closed, row.event_seq = state, closed, event.seq


def _opened(tx: Transaction, record: Record, model: str, alert: Alert, actor: Mapping[str, str]) -> AlertRow:
    first = dict(alert.first_cause or alert.cause)
    told = alert.to_json() | {"state": "open", "closed": None, "cause": first}
    digest = record.objects.put(alert_bytes(told))
    row = AlertRow(
        alert=alert.id,
        model=model,
        version=alert.version,
        mode=alert.mode,
        target=alert.target,
        code=alert.code,
        cause_kind=first["kind"],
        cause_who=first["who"],
        opened=alert.opened,
        closed=None,
        state="open",
        record=digest,
        event_seq=0,
    )
    event = tx.append(EventDraft("alert.opened", actor, (_subject(row),), told_of(row)))
    row.event_seq = event.seq
    tx.session.add(row)
    tx.session.flush()
    return row


def alert_bytes(record: Json) -> bytes:
    """Return the bytes of an alert's record."""
    return json.dumps(record, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def _subject(row: AlertRow) -> Subject:
    return Subject("alert", row.alert, row.record)


def _row(session: Session, alert: str) -> AlertRow:
    row = session.get(AlertRow, alert)
    if row is None:
        known = session.scalars(select(AlertRow.alert)).all()
        raise UnknownNameError.of("alert", alert, known, mend="`overread alerts list` lists them")
    return row


def _stored(session: Session, record: Record, row: AlertRow) -> StoredAlert:
    told: dict[str, Any] = json.loads(record.objects.get(row.record))
    names = names_of(session, row)
    return StoredAlert(
        row.model,
        row.version,
        row.mode,
        row.target,
        told | {"state": row.state, "closed": row.closed, "cause": names[-1]["cause"]},
        row.event_seq,
        _signed(session, row, Act.ACKNOWLEDGE),
        _signed(session, row, Act.RESOLVE),
        tuple(names),
    )


def _signed(session: Session, row: AlertRow, act: Act) -> str:
    """Return who signed an act on an alert last, and when."""
    query = (
        select(SignatureRow, PersonRow.printed_name)
        .join(PersonRow, PersonRow.person == SignatureRow.person)
        .where(
            SignatureRow.act == act.value,
            SignatureRow.evidence_digest == Intent(act, "", "", (_subject(row),)).evidence_digest,
        )
        .order_by(SignatureRow.event_seq.desc())
    )
    found = session.execute(query).first()
    return f"{found[1]}, {found[0].signed_at[:19]}Z" if found else ""
