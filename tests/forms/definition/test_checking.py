"""Entity declarations that no server or tablet could carry out."""

import pytest

from forms.definition.checking import check_entities
from forms.definition.reading import read
from forms.problems import InvalidEntityForm

ENTITY = '<entity dataset="{}" id="" create=""><label/></entity>'


def check(
    *, version: str | None = "2024.1.0", meta: str = ENTITY.format("cases"), inside: str = "<a/><m><b/></m>", binds: str = ""
) -> None:
    said = f'entities:entities-version="{version}"' if version is not None else ""
    check_entities(
        read(
            f"""<h xmlns:entities="http://www.opendatakit.org/xforms/entities"><model {said}><instance><data id="f">{inside}
            <meta><instanceID/>{meta}</meta></data></instance>{binds}</model>
            <body><group ref="/data/m"><repeat nodeset="/data/m"/>
            </group></body></h>""".encode()
        )
    )


def save(path: str, name: str) -> str:
    return f'<bind nodeset="/data/{path}" entities:saveto="{name}"/>'


@pytest.mark.parametrize("version", ["2022.1.0", "2023.1.0", "2024.1.0", "2025.1.0", "2024.1.7"])
def test_every_known_family_is_accepted(version: str) -> None:
    check(version=version, binds=save("a", "sex"))


@pytest.mark.follows("EN-01")
@pytest.mark.parametrize("version", [None, "", "1", "2021.1.0", "2030.1.0"])
def test_an_unknown_version_is_refused(version: str | None) -> None:
    with pytest.raises(InvalidEntityForm):
        check(version=version)


def test_a_form_without_entities_needs_no_version() -> None:
    check(version=None, meta="")


@pytest.mark.follows("EN-04")
@pytest.mark.parametrize("name", ["", " ", "a.b", "__a", "1a", "a b", "-a"])
def test_a_list_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidEntityForm):
        check(meta=ENTITY.format(name))


@pytest.mark.parametrize("name", ["cases", "_a", "cas-e:s_1", "dossiers_été", "ߒߞߏ"])
def test_a_list_name_may_be_in_any_script(name: str) -> None:
    check(meta=ENTITY.format(name))


def test_an_entity_that_is_neither_created_nor_updated_is_refused() -> None:
    with pytest.raises(InvalidEntityForm):
        check(meta='<entity dataset="cases" id=""/>')


@pytest.mark.follows("EN-05")
@pytest.mark.parametrize("name", ["name", "Label", "__version", "a b", "1a"])
def test_a_property_with_a_reserved_or_broken_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidEntityForm):
        check(binds=save("a", name))


def test_two_fields_cannot_feed_one_property() -> None:
    with pytest.raises(InvalidEntityForm):
        check(inside="<a/><b/>", binds=save("a", "sex") + save("b", "sex"))


@pytest.mark.follows("EN-06")
def test_a_property_saved_from_a_repeat_needs_its_entity_there() -> None:
    with pytest.raises(InvalidEntityForm):
        check(binds=save("m/b", "sex"))


def test_a_repeat_may_have_its_own_entity_from_2025_1() -> None:
    inside = f"<a/><m><b/><g><meta>{ENTITY.format('members')}</meta></g><meta>{ENTITY.format('families')}</meta></m>"
    binds = save("a", "sex") + save("m/b", "sex")

    check(version="2025.1.0", inside=inside, binds=binds)
    with pytest.raises(InvalidEntityForm):
        check(version="2024.1.0", inside=inside, binds=binds)


@pytest.mark.follows("EN-02")
def test_several_entities_need_2025_1() -> None:
    both = ENTITY.format("a") + ENTITY.format("b")

    check(version="2025.1.0", meta=both)
    with pytest.raises(InvalidEntityForm):
        check(meta=both)
