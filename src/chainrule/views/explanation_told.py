"""Which chapters a document has: of a gradient, a step, a prediction, or a diagnosis."""

from __future__ import annotations

from chainrule.views.diagnosis_chapters import told_diagnosis
from chainrule.views.explanation_chapters import told_gradient
from chainrule.views.explanation_parts import Document, Told
from chainrule.views.prediction_chapters import told_prediction
from chainrule.views.row_chapters import told_step


def told(document: Document, pulls: Document | None = None) -> Told:
    """Return what there is to say of an explanation, in chapters that every face shows.

    ``pulls``: of a step, the document of the rows that pulled in it.
    """
    if document.get("format") == "chainrule diagnosis":
        return told_diagnosis(document)
    if "optimizer" in document:
        return told_step(document, pulls)
    if "quantity" in document:
        return told_prediction(document)
    return told_gradient(document)
