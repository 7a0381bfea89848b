"""Who had a lead, and since when: every change of owner is kept with its reason."""

from lowcode.api import Context, Record


def note(
    lead: Record, action: str, before: int | None, owner: int | None, ctx: Context, reason: str | None = None
) -> None:
    """Keep one change of owner in the history."""
    label = ctx.dictionary("owner_change")[action].label
    ctx.forms.owner_history.create(
        {
            "summary": f"{label} {lead.customer_name}",
            "lead": lead.id,
            "action": action,
            "prev_owner": before,
            "new_owner": owner,
            "reason": reason,
            "at": ctx.now,
            "by": ctx.user.id or None,
        }
    )


def is_noted(lead: Record, ctx: Context) -> bool:
    """Tell whether the change to the owner that the lead has now is in the history already."""
    owner = {"new_owner__isnull": True} if lead.owner is None else {"new_owner": lead.owner}
    return ctx.forms.owner_history.exists(lead=lead.id, at=ctx.now, **owner)
