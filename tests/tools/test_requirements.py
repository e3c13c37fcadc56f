"""The list of requirements and the marks of the tests meet."""

from tools import requirements


def test_marks_of_functions_classes_and_modules_are_found():
    source = """
import pytest
pytestmark = [pytest.mark.story, pytest.mark.req("INC-01")]

@pytest.mark.req("INC-02", "INC-03")
def test_one(): ...

@pytest.mark.req("INC-04")
class TestMany:
    @pytest.mark.parametrize("x", [1])
    @pytest.mark.req("INC-05")
    async def test_two(self): ...
    def helper(self): ...
"""
    assert requirements.marks(source, "t.py") == [
        ("INC-01", "t.py::test_one"),
        ("INC-02", "t.py::test_one"),
        ("INC-03", "t.py::test_one"),
        ("INC-01", "t.py::TestMany::test_two"),
        ("INC-04", "t.py::TestMany::test_two"),
        ("INC-05", "t.py::TestMany::test_two"),
    ]


def test_requirements_are_read_from_their_lines_only():
    text = "# Title\n- INC-01 Lifecycle: discovered\nsee INC-02\n- plain\n- MON-06 Alert intake\n"
    assert requirements.read_requirements(text) == {"INC-01": "Lifecycle: discovered", "MON-06": "Alert intake"}


def test_our_own_list_is_readable():
    known = requirements.read_requirements(requirements.REQUIREMENTS.read_text())
    assert len(known) > 50
