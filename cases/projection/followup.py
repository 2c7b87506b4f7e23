"""Return, follow-up visits, and the reintegration survey with its scores."""

from cases.projection.drafting import Draft
from cases.rss import score, scoring


def followups(draft: Draft) -> None:
    """A row for every contact tried, the survey's answers and scores of each, and the return as last told."""
    for sheet, said in draft.said("followup"):
        draft.add_said("followup", sheet, said, said.values)
    for sheet, said in draft.said("return"):
        draft.add_said("return", sheet, said, said.values)
    for sheet, said in draft.said("rss_answer"):
        day = sheet.event_at[:10]
        for item, value in said.values.items():
            text = " ".join(value) if isinstance(value, list) else value
            class_ = said.raised.get(item, "res") if item[0] != "p" else "hea"
            draft.add(
                "rss_answer",
                draft.key(sheet, item),
                sheet,
                said.path,
                {"item": item, "value": text, "asked_on": day},
                class_=class_,
            )
        scores = score(said.values, scoring())
        if scores is not None:
            shown = next(iter(sheet.statements.get("rss_score", ())), None)
            row = {**(shown.values if shown else {}), **scores, "scored_on": day}
            draft.add("rss_score", draft.key(sheet), sheet, said.path, row)
