"""The programme's own three forms, as definitions."""

from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from forms.definition.model import Definition
from forms.definition.reading import read

FOLDER = Path(__file__).parents[2] / "xlsforms"


@pytest.fixture(scope="session")
def programme() -> dict[str, Definition]:
    """Form id → definition of the three forms in `xlsforms/`."""
    names = ("intake", "health_assessment", "reintegration_followup")
    return {name: read(convert(FOLDER / f"{name}.xlsx").xform.encode()) for name in names}
