"""Which of the published policies decides."""

from collections.abc import Iterable
from datetime import date

from shared.policy.values import OwnerKind, Policy


def deciding(policies: Iterable[Policy], force: str, authority: str | None, on: date) -> Policy | None:
    """The one policy for a child of ``authority`` reported by ``force`` on the London date ``on``.

    The authority's whole policy where it has one in force, because the settings and the people who answer are in its area; otherwise the
    force's. The two are never mixed key by key: a decision names one version. None when neither has one; nothing may be decided then.
    """
    known = tuple(policies)
    theirs = in_force(known, OwnerKind.AUTHORITY, authority, on) if authority is not None else None
    return theirs or in_force(known, OwnerKind.FORCE, force, on)


def in_force(policies: Iterable[Policy], owner_kind: OwnerKind, owner: str, on: date) -> Policy | None:
    """The owner's policy with the latest ``effective_from_on`` that is not after ``on``; of two with the same date the one given last.

    Give them in the order of publication, and a correction published for the same date wins.
    """
    chosen: Policy | None = None
    for policy in policies:
        if (policy.owner_kind, policy.owner) != (owner_kind, owner) or policy.effective_from_on > on:
            continue
        if chosen is None or policy.effective_from_on >= chosen.effective_from_on:
            chosen = policy
    return chosen
