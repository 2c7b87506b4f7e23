"""Vectors TV-58 to TV-61: a submission is corrected, in and out of order."""

from urllib.parse import quote

import pytest

from tests.vectors.conftest import Ground
from tests.vectors.forms import filled
from tests.vectors.sending import A, B, accepted, attachments, count, set_aside

follows = pytest.mark.follows


@follows("TV-58 TV-59 SB-60 SB-61 SB-62 CC-28")
def test_an_edit_becomes_the_current_version_once(ground: Ground) -> None:
    ground.send(filled("f1", "1", A, "one", photo="1.jpg"), {"1.jpg": b"JPEG"})
    edit = filled("f1", "1", B, "two", photo="1.jpg", deprecated_id=A)

    assert accepted(ground.send(edit))
    assert ground.kept("f1", A) == edit
    assert attachments(ground, A)["1.jpg"] is True
    assert accepted(ground.send(edit, {"new.jpg": b"x"}))
    assert count(ground) == 1
    assert len(ground.ask_json(f"forms/f1/submissions/{quote(A)}/versions")) == 2


@follows("SB-55")
def test_what_was_edited_in_between_may_be_repeated(ground: Ground) -> None:
    first, edit = filled("f1", "1", A, "one"), filled("f1", "1", B, "two", deprecated_id=A)
    ground.send(first)
    ground.send(edit)

    assert accepted(ground.send(first))
    assert ground.kept("f1", A) == edit


@follows("TV-60 SB-31 SB-63")
def test_an_edit_of_what_is_unknown_outdated_or_under_a_taken_id_is_refused_and_kept(ground: Ground) -> None:
    ground.send(filled("f1", "1", A, "one"))
    second = filled("f1", "1", B, "two", deprecated_id=A)
    ground.send(second)
    refused = {
        "404.5": filled("f1", "1", "uuid:c", "three", deprecated_id="uuid:never sent"),
        "409.9": filled("f1", "1", "uuid:d", "four", deprecated_id=A),
        "409.8": filled("f1", "1", B, "five", deprecated_id=A),
    }
    answers = [ground.send(xml) for xml in refused.values()]

    assert [answer.status for answer in answers] == [404, 409, 409]
    assert all(answer.says for answer in answers)
    assert ground.kept("f1", A) == second
    assert set_aside(ground) == list(refused.items())


@follows("TV-61 SB-63 SB-66")
def test_edits_out_of_order_are_put_right_by_sending_again(ground: Ground) -> None:
    first = filled("f1", "1", A, "one")
    second = filled("f1", "1", B, "two", deprecated_id=A)
    third = filled("f1", "1", "uuid:c", "three", deprecated_id=B)
    ground.send(first)
    early = ground.send(third)
    sent = [ground.send(second), ground.send(third)]

    assert early.status == 404
    assert early.says
    assert all(accepted(answer) for answer in sent)
    assert ground.kept("f1", A) == third
    assert count(ground) == 1
