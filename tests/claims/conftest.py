"""Small data folders in the published layout, for the tests of the claims ledger."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import pytest
from claims_helpers import CITY, KENT, MET

from peelbook import contracts, paths
from peelbook.catalogue import Catalogue


@pytest.fixture
def make_catalogue(tmp_path):
    """Return a function that writes tables (and claims) to a data folder and opens it."""

    def make(tables: dict[str, pd.DataFrame] | None = None, *rows: dict[str, object], **options) -> Catalogue:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        shutil.copy(paths.data_dir() / "forces.csv", folder / "forces.csv")
        every = dict(tables or {})
        if rows:
            every["claims"] = pd.DataFrame(list(rows), dtype=object)
        resources = []
        for name, frame in every.items():
            frame = frame[[field["name"] for field in contracts.load(name)["fields"]]]
            content = frame.to_csv(index=False, date_format="%Y-%m-%d").encode()
            (folder / f"{name}.csv").write_bytes(content)
            resources.append(
                {
                    "name": name,
                    "path": f"{name}.csv",
                    "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                    "publisher": "A publisher",
                    "sources": [{"title": f"The table {name}", "path": "https://example.org/table"}],
                }
            )
        (folder / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
        return Catalogue(folder, **options)

    return make


@pytest.fixture
def stop_search() -> pd.DataFrame:
    """Searches of three forces in three years; the Met's rate is 20 per 1,000 in the last."""
    rows = [
        (MET, "2021-03-31", 250_000),
        (MET, "2022-03-31", 220_000),
        (MET, "2023-03-31", 200_000),
        (KENT, "2022-03-31", 9_000),
        (KENT, "2023-03-31", 8_000),
        (CITY, "2022-03-31", 2_000),
        (CITY, "2023-03-31", 2_000),
    ]
    frame = pd.DataFrame(rows, columns=["force_code", "period_end", "searches_count"])
    return frame.assign(ethnicity_known_count=frame["searches_count"], census_population_count=1_000_000)


@pytest.fixture
def population() -> pd.DataFrame:
    """Ten million in London, two million in Kent, ten thousand in the City; fewer the year before."""
    rows = []
    for code, people in ((MET, 10_000_000), (KENT, 2_000_000), (CITY, 10_000)):
        rows += [
            (code, f"{year}-06-30", people - 200_000 * (2022 - year) * (code == MET))
            for year in (2020, 2021, 2022)
        ]
    return pd.DataFrame(rows, columns=["force_code", "period_end", "population_count"])
