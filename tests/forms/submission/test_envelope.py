"""Envelopes in every dialect that devices speak."""

import pytest

from forms.problems import MissingField
from forms.submission.envelope import read


@pytest.mark.parametrize(
    "xml",
    [
        '<data id="f" version="1"><a>x</a><meta><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f" o:version="1" xmlns:o="http://openrosa.org/xforms"><o:meta><o:instanceID>uuid:1</o:instanceID></o:meta></data>',
        '<data id="f" version="1"><n0:meta xmlns:n0="urn:n"><n0:instanceID> uuid:1 </n0:instanceID></n0:meta></data>',
        '<data xmlns="http://example.org/f" id="f" version="1"><meta><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f" version="1"><meta/><meta><instanceID/><instanceID>uuid:1</instanceID></meta></data>',
        '<data id="f" version="1"><instanceID>uuid:1</instanceID></data>',
        '<data id=" f " version="1"><meta><instanceID>uuid<!-- c -->:1</instanceID></meta></data>',
    ],
)
def test_form_version_and_instance_are_found_in_any_namespace(xml: str) -> None:
    envelope = read(xml.encode())

    assert (envelope.xml_form_id, envelope.version, envelope.instance_id, envelope.encrypted) == ("f", "1", "uuid:1", False)


def test_an_instance_id_below_another_group_is_not_the_submissions() -> None:
    assert read(b'<data id="f"><g><meta><instanceID>x</instanceID></meta></g></data>').instance_id is None


@pytest.mark.parametrize("version", ["", ' version=""', ' version="  "'])
def test_absent_empty_and_blank_versions_are_no_version(version: str) -> None:
    assert read(f'<data id="f"{version}/>'.encode()).version == ""


@pytest.mark.parametrize("version", ["1", "1.0", "01", " 1"])
def test_versions_are_kept_byte_for_byte(version: str) -> None:
    assert read(f'<data id="f" version="{version}"/>'.encode()).version == version


def test_an_instance_id_may_be_missing_and_is_opaque() -> None:
    assert read(b'<data id="f"/>').instance_id is None
    assert read(b'<data id="f"><meta><instanceID>A:/b%2F c</instanceID></meta></data>').instance_id == "A:/b%2F c"


def test_an_edit_says_what_it_replaces() -> None:
    xml = b"""<data id="f" xmlns:orx="http://openrosa.org/xforms"><orx:meta><orx:instanceID>uuid:2</orx:instanceID>
    <deprecatedID>uuid:1</deprecatedID><orx:instanceName>ACCUEIL 042</orx:instanceName><deviceID>d</deviceID></orx:meta></data>"""

    envelope = read(xml)

    assert (envelope.deprecated_id, envelope.instance_name, envelope.device_id) == ("uuid:1", "ACCUEIL 042", "d")


def test_the_root_namespace_stands_for_a_missing_id() -> None:
    assert read(b'<data xmlns="http://example.org/f"/>').xml_form_id == "http://example.org/f"


@pytest.mark.parametrize("xml", [b"<data/>", b'<data id=" "/>', b'<data version="1"><meta/></data>'])
def test_a_submission_without_form_id_is_refused(xml: bytes) -> None:
    with pytest.raises(MissingField):
        read(xml)


ENCRYPTED = """<data xmlns="{namespace}" id="f" version="1" encrypted="yes"><base64EncryptedKey>k</base64EncryptedKey>
<orx:meta xmlns:orx="http://openrosa.org/xforms">{meta}</orx:meta><media><file>p.jpg.enc</file></media>
<media><file>a.m4a.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"""


@pytest.mark.parametrize("namespace", ["http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"])
def test_an_encrypted_envelope_names_its_files_in_order(namespace: str) -> None:
    envelope = read(ENCRYPTED.format(namespace=namespace, meta="<orx:instanceID>uuid:1</orx:instanceID>").encode())

    assert (envelope.encrypted, envelope.instance_id) == (True, "uuid:1")
    assert envelope.files == ("p.jpg.enc", "a.m4a.enc", "submission.xml.enc")


def test_an_encrypted_envelope_without_instance_id_is_refused() -> None:
    with pytest.raises(MissingField):
        read(ENCRYPTED.format(namespace="http://opendatakit.org/submissions", meta="").encode())
