"""Boundaries of police force areas: the size of each, and which areas border each other.

Two areas are neighbours where their boundaries have a point in common, so the file must keep shared
borders shared, as one simplified as a whole does. An estuary that two areas share counts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from peelbook.sources.layout import Layout, Match, columns
from peelbook.sources.publication import Context, Publication, Result

AREAS, NEIGHBOURS = "force_areas", "neighbours"

LAYOUT = Layout(columns("id", "name", "type", "geometry"), exact=True)

EARTH_RADIUS_KM = 6371.0088  # mean radius, https://doi.org/10.1007/s001900050278


def _rings(geometry: Any) -> Iterator[tuple[bool, list[tuple[float, float]]]]:
    """Yield every ring, and whether it is an outer one: the first of a polygon is, others are holes."""
    if geometry["type"] == "Polygon":
        polygons = [geometry["coordinates"]]
    elif geometry["type"] == "MultiPolygon":
        polygons = geometry["coordinates"]
    else:
        raise ValueError("not a polygon")
    for polygon in polygons:
        for number, ring in enumerate(polygon):
            yield number == 0, [(float(point[0]), float(point[1])) for point in ring]


def area_km2(geometry: Any) -> float:
    """Return the area of a polygon of longitudes and latitudes, in square kilometres.

    Exact for the cylindrical equal-area projection of the vertices. A hole takes its area off, whichever way
    round it runs.
    """
    size = 0.0
    for outer, ring in _rings(geometry):
        flat = [(math.radians(x), math.sin(math.radians(y))) for x, y in ring]
        twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(flat))
        size += abs(twice) / 2 if outer else -abs(twice) / 2
    return size * EARTH_RADIUS_KM**2


def read(match: Match, context: Context) -> Result:
    """Return `force_areas` and `neighbours`, a row for each direction."""
    import pandas as pd

    rows = match.rows()
    codes = rows.forces("name", context.forces)
    for place, (code, given) in enumerate(zip(codes, rows.text("id"), strict=True)):
        if code is not None and given != code:
            rows.fault(
                "id", place, given, "not the code of the force named", "use the boundaries as published"
            )
    points: dict[str, set[tuple[float, float]]] = {}
    sizes: dict[str, float] = {}
    for place, (code, geometry) in enumerate(zip(codes, rows.cells("geometry"), strict=True)):
        if code is None:
            continue
        try:
            points[code] = {point for _, ring in _rings(geometry) for point in ring}
            sizes[code] = area_km2(geometry)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            rows.fault("geometry", place, "…", f"no polygon ({error})", "use the boundaries as published")
    rows.check()
    if lost := [force.short_name for force in context.forces if force.code not in points]:
        raise match.file.error(f"no boundary of {', '.join(lost[:5])}", "use the boundaries of all areas")
    shared = {
        (one, other): len(points[one] & points[other]) for one in points for other in points if one != other
    }
    touching = [(one, other, count) for (one, other), count in shared.items() if count]
    return Result(
        {
            AREAS: pd.DataFrame(
                {"force_code": list(sizes), "area_km2": [round(size, 1) for size in sizes.values()]}
            ),
            NEIGHBOURS: pd.DataFrame(
                touching, columns=["force_code", "neighbour_code", "shared_points_count"]
            ),
        }
    )


PUBLICATION = Publication(AREAS, 1, (AREAS, NEIGHBOURS), (LAYOUT,), read)
