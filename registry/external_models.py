"""Third-party models: known by what their vendor declares, never by files, since Overread neither holds nor runs them.

Their results come in by file and are monitored like those of any other model. That they run somewhere is on record:
signed by a person, told by events, without a proof that it is so (GOV-03).
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import DeploymentState
from registry.domain.names import is_model_name
from registry.domain.person import Act, Actor, actor_record
from registry.domain.text import one_line
from registry.domain.uuid7 import uuid7
from registry.external_told import (
    DEPLOYED,
    REGISTERED,
    STOPPED,
    ExternalDeployment,
    ExternalModel,
    placed,
    told_externals,
)
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.record import Record, Signing, keep_signature, sign_now, signing
from registry.schema import DeploymentRow, ModelVersionRow, SiteRow
from registry.signatures import Intent
from registry.versions import VERSION_NAME

MODES = (DeploymentState.SHADOW.value, DeploymentState.PILOT.value, DeploymentState.LIVE.value)


_NEEDED = ("vendor", "product", "regulatory_id", "target")


def register_external(record: Record, model: ExternalModel, actor: Actor) -> ExternalModel:
    """Put a version of a third-party model on the inventory; the same declaration twice changes nothing.

    Args:
        record: the record.
        model: what is declared; `person`, `at` and `event_seq` are set here.
        actor: the person who declares it.

    Raises:
        NotAllowedError: when nobody is logged in.
        UsageError: when a name is bad or taken, or a value is missing.
    """
    if not actor.authenticated:
        raise NotAllowedError("the inventory names a person, and nobody is logged in", mend="`overread login` first")
    asked = _checked(model)
    with record.ledger.transaction() as tx:
        known = told_externals(tx.session).models.get(asked.name)
        if known is not None:
            return _same(known, asked)
        if tx.session.scalar(select(ModelVersionRow.model).where(ModelVersionRow.model == asked.model)):
            raise UsageError(f"'{asked.model}' is a model that was trained here", mend="take another name")
        subjects = (Subject("external-model", asked.name, asked.identity),)
        event = tx.append(EventDraft(REGISTERED, actor_record(actor), subjects, asked.declared))
    return replace(asked, person=actor.person, at=event.record["at"], event_seq=event.seq)


def external_models(record: Record) -> tuple[ExternalModel, ...]:
    """Return every version of a third-party model, oldest first."""
    with reading(record.ledger.engine) as session:
        return tuple(told_externals(session).models.values())


def external_deployments(record: Record) -> tuple[ExternalDeployment, ...]:
    """Return every deployment of a third-party model, oldest first, each as it stands now."""
    with reading(record.ledger.engine) as session:
        return tuple(told_externals(session).deployments.values())


def external_model(record: Record, model: str, version: str | None = None) -> ExternalModel | None:
    """Return a third-party model, the version registered last unless given; None when there is none of the name.

    Raises:
        UnknownNameError: when the model is one, and has no such version.
    """
    known = {one.version: one for one in external_models(record) if one.model == model}
    if not known:
        return None
    if version is not None and version not in known:
        raise UnknownNameError.of(f"version of {model}", version, known, mend="`overread models inventory` shows them")
    return known[version] if version is not None else list(known.values())[-1]


def deploy_external(
    record: Record, model: ExternalModel, site: str, mode: str, signer: Signer, reason: str = ""
) -> ExternalDeployment:
    """Put on record that a third-party model runs at a site, under the signature of a clinical lead.

    Raises:
        UsageError: for an unknown mode.
        UnknownNameError: for an unknown site.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it runs there, or another version is live there for its target.
    """
    if mode not in MODES:
        raise UsageError(f"unknown mode '{mode}'", mend=f"one of {', '.join(MODES)}")
    with record.ledger.transaction() as tx:
        who = signing(record, signer, Act.DEPLOY, reason)
        _require_site(tx.session, site)
        _require_free(tx.session, model, site, mode)
        place = uuid7(record.clock.now())
        told = {"deployment": place, "model": model.model, "version": model.version, "site": site, "mode": mode}
        scope = {"deployment": place, "site": site, "mode": mode}
        signature, event = _sign(tx, record, who, model, (DEPLOYED, told, scope))
    return placed(model, told, event["at"], signature, event["seq"])


def stop_external(
    record: Record, model: ExternalModel, site: str, signer: Signer, fallback: str, reason: str = ""
) -> ExternalDeployment:
    """Put on record that a third-party model no longer runs at a site, and what takes its place; one role is enough.

    Raises:
        UsageError: when no fallback is named.
        NotAllowedError: when the key or role forbids it.
        AnswerIsNoError: when it does not run there.
    """
    fallback = one_line(fallback, "fallback")
    if not fallback:
        raise UsageError("a stop names what takes the model's place", mend="such as 'read without AI'")
    with record.ledger.transaction() as tx:
        who = signing(record, signer, Act.STOP, reason)
        running = [one for one in _running(tx.session) if (one.model, one.version, one.site) == (*_pair(model), site)]
        if not running:
            raise AnswerIsNoError(f"{model.name} does not run at '{site}' by the record")
        found = running[-1]
        told = {"deployment": found.deployment, "fallback": fallback}
        scope = {"deployment": found.deployment, "site": site, "fallback": fallback}
        _sign(tx, record, who, model, (STOPPED, told, scope))
    return replace(found, state=DeploymentState.STOPPED.value, fallback=fallback)


def require_own(record: Record, model: str) -> None:
    """Refuse to run a model that is a third party's.

    Raises:
        UsageError: saying whose it is, and how its results come in.
    """
    found = external_model(record, model)
    if found is not None:
        raise UsageError(
            f"{model} is {found.product} of {found.vendor}: Overread does not run it",
            mend="take its results in with `overread ingest predictions FILE`",
        )


def _checked(model: ExternalModel) -> ExternalModel:
    cleaned: dict[str, Any] = {
        key: one_line(unicodedata.normalize("NFC", text), key) for key, text in model.declared.items()
    }
    if not is_model_name(cleaned["model"]) or not VERSION_NAME.fullmatch(cleaned["version"]):
        raise UsageError("a model's name has a-z, 0-9, '.', '_', '-'; a version's has letters, digits, '.', '-'")
    missing = [key.replace("_", " ") for key in _NEEDED if not cleaned[key]]
    if missing:
        raise UsageError(f"a third-party model is known by its {', '.join(missing)}", mend="name it")
    return ExternalModel(**cleaned)


def _same(known: ExternalModel, asked: ExternalModel) -> ExternalModel:
    if known.declared != asked.declared:
        raise UsageError(
            f"{known.name} is on the inventory with other words", mend="a changed product has another version"
        )
    return known


def _running(session: Session) -> Iterator[ExternalDeployment]:
    return (one for one in told_externals(session).deployments.values() if one.state in MODES)


def _pair(model: ExternalModel) -> tuple[str, str]:
    return model.model, model.version


def _require_site(session: Session, site: str) -> None:
    if session.get(SiteRow, site) is None:
        known = session.scalars(select(SiteRow.site)).all()
        raise UnknownNameError.of("site", site, known, mend="a site becomes known with its first data")


def _require_free(session: Session, model: ExternalModel, site: str, mode: str) -> None:
    """Refuse a second deployment of the version at a site, and a second live version for a question there."""
    for one in _running(session):
        if (one.model, one.version, one.site) == (*_pair(model), site):
            raise AnswerIsNoError(f"{model.name} runs at '{site}' already, in {one.mode}", mend="stop it first")
        if (one.site, one.target, one.mode, mode) == (site, model.target, _LIVE, _LIVE):
            raise AnswerIsNoError(
                f"{one.model}@{one.version} is live at '{site}' for {one.target}", mend="stop it first"
            )
    live = (DeploymentRow.site == site, DeploymentRow.target == model.target, DeploymentRow.state == _LIVE)
    own = session.scalar(select(DeploymentRow.model).where(*live)) if mode == _LIVE else None
    if own is not None:
        raise AnswerIsNoError(f"{own} is live at '{site}' for {model.target}", mend="stop it first")


_LIVE = DeploymentState.LIVE.value


def _sign(
    tx: Transaction,
    record: Record,
    who: Signing,
    model: ExternalModel,
    what: tuple[str, Mapping[str, str], Mapping[str, str]],
) -> tuple[str, dict[str, Any]]:
    """Sign an act over the declared identity, and put it on record with its event."""
    kind, told, scope = what
    subject = Subject("external-model", model.name, model.identity)
    intent = Intent(who.act, model.model, model.version, (subject,), scope)
    signature = sign_now(record, who, intent)
    mark = Subject("signature", who.act.value, signature.digest)
    event = tx.append(EventDraft(kind, who.actor, (subject, mark), told, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    return signature.digest, {"at": event.record["at"], "seq": event.seq}
