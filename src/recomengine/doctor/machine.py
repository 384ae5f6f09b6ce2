"""This machine: its secrets, disks, kernels, and the ways to the model store and the mail server."""

import asyncio
import os
import smtplib

from obstore.exceptions import BaseError

from recomengine.auth.mail import Mailer
from recomengine.doctor.check import Check
from recomengine.infra.disk import full, rooms
from recomengine.models.store import ModelStore
from recomengine.settings import Settings, SettingsError

MIN_FREE_BYTES = 1 << 30


def secrets(settings: Settings) -> Check:
    try:
        settings.require_secrets()
    except SettingsError as error:
        return Check("secrets", False, str(error))
    return Check("secrets", True, "set and long enough")


def proxies(settings: Settings) -> Check:
    try:
        settings.require_proxies()
    except SettingsError as error:
        return Check("proxies", False, str(error))
    return Check("proxies", True, f"{settings.trusted_proxies or 'none'} trusted")


async def model_store(settings: Settings) -> Check:
    try:
        store = ModelStore(settings.model_store_url, settings.data_dir / "models-cache")
        await asyncio.to_thread(store.probe)
    except (OSError, ValueError, BaseError) as error:
        remedy = "Give this user the right to write there, or set MODEL_STORE and DATA_DIR."
        return Check(
            "model store", False, f"{settings.model_store_url} cannot be written: {str(error).splitlines()[0]}.", remedy
        )
    return Check("model store", True, f"{settings.model_store_url} can be written")


def disk(settings: Settings) -> Check:
    found = rooms(settings)
    if missing := full(found):
        return Check("disk", False, "The disk is full.", missing)
    detail = ", ".join(f"{room.free_bytes >> 20} MiB free at {room.folder}" for room in found) or "no bound"
    if any(room.free_bytes < MIN_FREE_BYTES for room in found):
        return Check(
            "disk", False, f"{detail}.", f"Make room: models and logs of events want {MIN_FREE_BYTES >> 20} MiB."
        )
    return Check("disk", True, detail)


async def mail(settings: Settings) -> Check:
    outbox = settings.data_dir / "outbox"
    if not settings.smtp_url:
        return Check("mail", True, f"SMTP_URL is not set, mails are kept in {outbox}")
    try:
        await asyncio.to_thread(Mailer(settings.smtp_url, outbox).check)
    except SettingsError as error:
        return Check("mail", False, str(error))
    except (OSError, smtplib.SMTPException) as error:
        detail = f"the mail server cannot be used: {str(error) or type(error).__name__}."
        return Check("mail", False, detail, "Check host, port, user and password in SMTP_URL.")
    return Check("mail", True, "the mail server takes our sign-in")


def core(_settings: Settings) -> Check:
    try:
        from recomengine._core import ranking  # noqa: F401 - whether it loads is the question
    except ImportError as error:
        return Check(
            "core", False, f"the kernels do not load: {error}.", "Install a wheel for this Python, or run `make setup`."
        )
    return Check("core", True, f"kernels load, {os.cpu_count()} cores")
