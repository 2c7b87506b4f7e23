"""Vector TV-63: encrypted submissions are kept closed."""

import pytest

from tests.support.encrypting import pair
from tests.vectors.conftest import Ground
from tests.vectors.forms import filled, simple
from tests.vectors.sending import A, accepted, attachments, content

follows = pytest.mark.follows


def envelope(namespace: str, instance_id: str = A) -> bytes:
    meta = f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{instance_id}</orx:instanceID></orx:meta>'
    return (
        f'<data xmlns="{namespace}" encrypted="yes" id="f1" version="1"><base64EncryptedKey>a2V5</base64EncryptedKey>'
        f"{meta if instance_id else ''}<media><file>1.jpg.enc</file></media>"
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        "<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
    ).encode()


@follows("SB-81 SB-82 CC-41")
@pytest.mark.parametrize("namespace", ["http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"])
def test_an_encrypted_submission_comes_in_parts_and_is_kept_closed(namespace: str, ground: Ground) -> None:
    xml = envelope(namespace)
    first = ground.send(xml, {"1.jpg.enc": b"\x00\xffphoto"}, {"*isIncomplete*": "yes"})
    second = ground.send(xml, {"submission.xml.enc": b"\x00\xffanswers"})

    assert accepted(first)
    assert accepted(second)
    assert attachments(ground, A) == {"1.jpg.enc": True, "submission.xml.enc": True}
    assert content(ground, A, "1.jpg.enc").body == b"\x00\xffphoto"


@follows("TV-63 SB-83")
def test_an_envelope_without_an_id_is_refused(ground: Ground) -> None:
    answer = ground.send(envelope("http://opendatakit.org/submissions", ""))

    assert answer.status == 400
    assert answer.says


@follows("TV-63 SB-83")
def test_what_comes_readable_for_an_encrypted_form_is_taken_and_told(ground: Ground) -> None:
    ground.publish(simple("fe", "1", submission=f'<submission base64RsaPublicKey="{pair().public}"/>'))
    path = f"/projects/{ground.project_id}/deliveries"
    before = ground.proxied.page(path)

    answer = ground.send(filled("fe", "1", A))
    ground.settle()

    assert accepted(answer)
    assert A not in before
    assert A in ground.proxied.page(path)
