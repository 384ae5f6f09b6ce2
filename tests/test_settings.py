"""Settings: precedence, files, and refusals that name the remedy."""

from pathlib import Path

import pytest

from recomengine.settings import Settings, SettingsError, load_settings
from recomengine.shop import RateLimits

GOOD = "0123456789abcdef0123456789abcdef"


def test_environment_is_read_and_converted() -> None:
    settings = load_settings({"PORT": "6000", "DATA_DIR": "/srv/reco", "LOG_FORMAT": "console"})
    assert (settings.port, settings.data_dir, settings.log_format) == (6000, Path("/srv/reco"), "console")


def test_a_file_stands_in_for_a_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{GOOD}\n")
    assert load_settings({"JWT_SECRET_FILE": str(secret)}).jwt_secret == GOOD


def test_the_environment_wins_over_the_configuration_file(tmp_path: Path) -> None:
    config = tmp_path / "recomengine.toml"
    config.write_text('port = 7000\nlog_level = "debug"\n')
    settings = load_settings({"RECOMENGINE_CONFIG": str(config), "PORT": "7001"})
    assert (settings.port, settings.log_level) == (7001, "debug")


def test_an_unusable_value_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="PORT: expected a whole number"):
        load_settings({"PORT": "eighty"})


@pytest.mark.parametrize("name", ["MAX_READS_PER_MINUTE", "MAX_WRITES_PER_MINUTE"])
def test_no_maximum_lies_below_what_a_new_tenant_has(name: str) -> None:
    new = RateLimits()
    least = new.read_per_minute if "READS" in name else new.write_per_minute
    assert getattr(load_settings({name: str(least)}), name.lower()) == least
    with pytest.raises(SettingsError, match=f"{name}: expected a whole number"):
        load_settings({name: str(least - 1)})


def test_a_missing_secret_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET_FILE"):
        load_settings({"JWT_SECRET_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("value", ["", "changeme", "short"])
def test_weak_secrets_are_refused(value: str) -> None:
    settings = Settings(jwt_secret=value, api_key_hmac_secret=GOOD, internal_api_key=GOOD)
    with pytest.raises(SettingsError, match="JWT_SECRET"):
        settings.require_secrets()


@pytest.mark.parametrize("value", [f"{GOOD},", f"{GOOD},short", f"changeme,{GOOD}", GOOD[:16] + "," + GOOD[:16]])
def test_each_secret_of_a_rotation_must_be_strong(value: str) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET"):
        Settings(jwt_secret=value, api_key_hmac_secret=GOOD, internal_api_key=GOOD).require_secrets()


def test_strong_secrets_are_taken() -> None:
    Settings(jwt_secret=f"{GOOD}, {GOOD[::-1]}", api_key_hmac_secret=GOOD, internal_api_key=GOOD).require_secrets()
    Settings(jwt_secret=GOOD, api_key_hmac_secret=GOOD, internal_api_key=GOOD).require_secrets()


def test_missing_servers_are_named() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL"):
        Settings(database_url="postgresql://localhost/x").require_servers()


@pytest.mark.parametrize("proxies", ["", "10.0.0.1", "10.0.0.0/8, 2001:db8::/32"])
def test_proxies_are_addresses_or_networks(proxies: str) -> None:
    Settings(trusted_proxies=proxies).require_proxies()


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.1;10.0.0.2"])
def test_anything_else_is_trusted_by_nobody(proxies: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        Settings(trusted_proxies=proxies).require_proxies()
