"""The five broad ethnic groups, under every label the publications use for them."""

from __future__ import annotations

from peelbook.sources.reading import key

_LABELS = {
    "Asian": ("Asian", "Asian (or Asian British)", "Asian or Asian British", "Asian/Asian British"),
    "Black": ("Black", "Black (or Black British)", "Black or Black British", "Black/Black British"),
    "Mixed": ("Mixed", "Mixed ethnicity", "Mixed or multiple ethnic groups", "Mixed/Multiple ethnic groups"),
    "Other": ("Other", "Other ethnic group", "Other including Chinese"),
    "White": ("White",),
}

BROAD = {key(label): group for group, labels in _LABELS.items() for label in labels}
NOT_KNOWN = {key(label): "Not known" for label in ("Not known", "Not stated", "Not reported", "Don't know")}
