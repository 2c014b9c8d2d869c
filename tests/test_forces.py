"""The 43 forces and their names."""

import pickle

import pytest

from peelbook.errors import MissingTableError, TableContractError, UnknownForceError
from peelbook.forces import Forces


@pytest.fixture(scope="module")
def forces(root):
    return Forces.read(root / "data" / "forces.csv")


def test_there_are_43_territorial_forces_of_which_four_are_welsh(forces):
    assert len(forces) == 43
    assert sum(force.code.startswith("W15") for force in forces) == 4
    assert sum(force.region == "Wales" for force in forces) == 4


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("E23000001", "E23000001"),
        ("metropolitan", "E23000001"),
        ("The Met", "E23000001"),
        ("Metropolitan Police Service", "E23000001"),
        ("London, City of", "E23000034"),
        ("devon & cornwall", "E23000035"),
        ("Dyfed Powys", "W15000004"),
        ("Heddlu Gwent", "W15000002"),
        ("Heddlu Gwent Police", "W15000002"),
        ("Heddlu Gogledd Cymru", "W15000001"),
        ("Heddlu Gogledd Cymru/North Wales Police", "W15000001"),
        ("Gogledd Cymru", "W15000001"),
        ("Heddlu De Cymru – South Wales Police", "W15000003"),
        ("De Cymru", "W15000003"),
        ("Heddlu Dyfed-Powys Police", "W15000004"),
        ("  KENT police ", "E23000032"),
        ("Hampshire Constabulary", "E23000030"),
    ],
)
def test_a_force_answers_to_every_name_a_source_gives_it(forces, name, code):
    assert forces[name].code == code
    assert name in forces


def test_an_unknown_force_is_named_with_its_nearest(forces):
    with pytest.raises(UnknownForceError, match=r"Unknown force 'Kentt'\. Did you mean kent") as caught:
        forces["Kentt"]
    assert pickle.loads(pickle.dumps(caught.value)).suggestions == caught.value.suggestions


def test_no_two_forces_share_a_tile_and_london_reads_as_london(forces):
    assert len({(force.tile_row, force.tile_column) for force in forces}) == 43
    met, city = forces["metropolitan"], forces["city-of-london"]
    assert met.tile_row == city.tile_row
    assert abs(met.tile_column - city.tile_column) == 1


@pytest.mark.parametrize(
    ("slug", "full_name"),
    [
        ("metropolitan", "the Metropolitan Police Service"),
        ("kent", "Kent Police"),
        ("city-of-london", "the City of London Police"),
    ],
)
def test_names_stand_right_in_a_sentence(forces, slug, full_name):
    assert forces[slug].full_name == full_name


HEADER = "force_code,slug,name,short_name,article,aliases,region,tile_row,tile_column\n"


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("E23000001,../met,Met Police,Met,,,London,0,0\n", "row 2, column 'slug'"),
        ("E23000001,met,Met Police,Met,,,London,x,0\n", "row 2, column 'tile_row'"),
        ("E23000001,met,,Met,,,London,0,0\n", "row 2, column 'name'"),
        ("E2/3,met,Met Police,Met,,,London,0,0\n", "row 2, column 'force_code'"),
        (
            "E23000001,met,Met Police,Met,,,London,0,0\nE23000002,met,Kent Police,Kent,,,SE,1,0\n",
            "the same as in row 2",
        ),
        (
            "E23000001,met,Met Police,Met,,,London,0,0\nE23000002,kent,Kent Police,Kent,,,SE,0,0\n",
            "column 'tile_row'",
        ),
        (
            "E23000001,met,Met Police,Met,,Kent,London,0,0\nE23000002,kent,Kent Police,Kent,,,SE,1,0\n",
            "names both Met Police and Kent Police",
        ),
    ],
)
def test_a_faulty_list_of_forces_is_refused_with_the_place(tmp_path, rows, complaint):
    path = tmp_path / "forces.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(TableContractError, match=r"forces\.csv") as caught:
        Forces.read(path)
    assert complaint in str(caught.value)


def test_a_missing_column_or_file_is_named(tmp_path):
    with pytest.raises(MissingTableError, match=r"forces\.csv"):
        Forces.read(tmp_path / "forces.csv")
    (tmp_path / "forces.csv").write_text("force_code,slug\n", encoding="utf-8")
    with pytest.raises(TableContractError, match="add the column 'name'"):
        Forces.read(tmp_path / "forces.csv")


def test_a_list_that_is_not_utf8_or_has_an_endless_name_is_refused(tmp_path):
    path = tmp_path / "forces.csv"
    path.write_bytes((HEADER + "E23000001,met,Mét,Met,,,London,0,0\n").encode("latin-1"))
    with pytest.raises(TableContractError, match="save the file as UTF-8"):
        Forces.read(path)
    path.write_text(HEADER + f"E23000001,met,{'x' * 301},Met,,,London,0,0\n", encoding="utf-8")
    with pytest.raises(TableContractError, match="longer than 300 characters"):
        Forces.read(path)


def test_a_name_that_starts_with_a_force_is_nearest_to_it(forces):
    with pytest.raises(UnknownForceError, match="Did you mean kent"):
        forces["Kentshire"]
