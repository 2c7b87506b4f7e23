"""Settings come from the environment, all of them or none."""

from pathlib import Path

import pytest

from storage.settings import BadSettings, Settings, read, table


def test_without_variables_the_defaults_hold() -> None:
    assert read({"PATH": "/bin"}) == Settings()


def test_values_take_the_type_of_their_setting() -> None:
    settings = read({"SIRABA_PORT": "9000", "SIRABA_BEHIND_PROXY": "yes", "SIRABA_DATA_DIR": "/srv/siraba"})

    assert (settings.port, settings.behind_proxy, settings.data_dir) == (9000, True, Path("/srv/siraba"))


def test_every_mistake_is_named_at_once_and_no_value_is() -> None:
    with pytest.raises(BadSettings) as caught:
        read({"SIRABA_PROT": "9000", "SIRABA_PORT": "hunter2", "SIRABA_BLOB_STORE": "s3"})

    said = str(caught.value)
    assert "SIRABA_PROT" in said
    assert "SIRABA_PORT" in said
    assert "SIRABA_S3_BUCKET" in said
    assert "hunter2" not in said


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")

    assert read({"SIRABA_S3_SECRET_KEY_FILE": str(secret)}).s3_secret_key == "hunter2"


def test_the_table_names_every_setting() -> None:
    assert all(f"`SIRABA_{name.upper()}`" in table() for name in Settings.__dataclass_fields__)
