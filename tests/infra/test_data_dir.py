"""The data dir's secrets and addresses: made once, private, below what the environment says."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from recomengine.context import open_context
from recomengine.infra.data_dir import (
    PRIVATE_FOLDERS,
    SERVERS_FILE,
    make_private,
    with_data_dir,
    with_secrets,
    write_private,
)
from recomengine.jobs.worker import open_tools
from recomengine.settings import Settings, SettingsError
from tests.support.apps import Log

GIVEN = "0123456789abcdef0123456789abcdef"


def test_missing_secrets_are_made_once_and_pass_every_check(tmp_path: Path) -> None:
    first, again = with_secrets(Settings(data_dir=tmp_path)), with_secrets(Settings(data_dir=tmp_path))

    first.require_secrets()
    assert first == again
    assert len({first.jwt_secret, first.api_key_hmac_secret, first.internal_api_key}) == 3


def test_two_data_dirs_have_different_secrets(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(with_secrets(Settings(data_dir=tmp_path / name)).jwt_secret)

    assert made[0] != made[1]


def test_a_given_secret_is_used_and_not_written_down(tmp_path: Path) -> None:
    settings = with_secrets(Settings(data_dir=tmp_path, jwt_secret=GIVEN))

    assert settings.jwt_secret == GIVEN
    assert GIVEN not in (tmp_path / "secrets.json").read_text()


def test_only_the_owner_reads_the_secrets_whatever_lay_there_before(tmp_path: Path) -> None:
    (tmp_path / "secrets.new").write_text("left behind by a killed start")
    (tmp_path / "secrets.new").chmod(0o666)
    umask = os.umask(0)
    try:
        with_secrets(Settings(data_dir=tmp_path))
    finally:
        os.umask(umask)

    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"jwt_secret": 5}', "\x00"])
def test_a_broken_secrets_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content)

    with pytest.raises(SettingsError, match=r"secrets\.json cannot be read: .*\. Restore it"):
        with_secrets(Settings(data_dir=tmp_path))

    assert file.read_text() == content


def modes(data_dir: Path) -> dict[str, int]:
    return {name: (data_dir / name).stat().st_mode & 0o777 for name in PRIVATE_FOLDERS}


def test_folders_of_shoppers_data_are_private_also_where_they_lay_open_and_under_a_wide_umask(tmp_path: Path) -> None:
    (tmp_path / "models" / "tenant").mkdir(parents=True)
    (tmp_path / "models").chmod(0o755)
    umask = os.umask(0)
    try:
        make_private(tmp_path)
    finally:
        os.umask(umask)

    assert set(modes(tmp_path).values()) == {0o700}
    assert (tmp_path / "models" / "tenant").is_dir()


def test_a_folder_that_cannot_be_made_private_is_said_and_keeps_nobody_from_starting(tmp_path: Path, log: Log) -> None:
    (tmp_path / "outbox").write_text("a file in its place")
    said = log("warning", "json")

    make_private(tmp_path)

    assert [Path(json.loads(line)["folder"]).name for line in said.getvalue().splitlines()] == ["outbox"]
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700


async def test_serve_alone_and_a_worker_alone_have_private_folders(settings: Settings, tmp_path: Path) -> None:
    for name, start in (("serve", open_context), ("worker", open_tools)):
        (tmp_path / name / "event-logs").mkdir(parents=True)
        async with start(msgspec.structs.replace(settings, data_dir=tmp_path / name)):
            assert set(modes(tmp_path / name).values()) == {0o700}


def test_other_commands_find_the_servers_of_a_running_up(tmp_path: Path) -> None:
    write_private(tmp_path / SERVERS_FILE, {"database_url": "postgresql:///kept", "redis_url": "unix:///kept"})

    found = with_data_dir(Settings(data_dir=tmp_path))

    assert (found.database_url, found.redis_url) == ("postgresql:///kept", "unix:///kept")


def test_the_environment_wins_over_the_data_dir(tmp_path: Path) -> None:
    write_private(tmp_path / SERVERS_FILE, {"database_url": "postgresql:///kept", "redis_url": "unix:///kept"})

    found = with_data_dir(Settings(data_dir=tmp_path, database_url="postgresql:///given"))

    assert (found.database_url, found.redis_url) == ("postgresql:///given", "unix:///kept")


def test_a_data_dir_that_nothing_runs_on_adds_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "none")

    assert with_data_dir(settings) == settings
