"""What runs when, in UTC: nothing that the figures, the models and the life of the data rest on may drop out unseen."""

from recomengine.jobs.registry import JOBS


def test_every_job_is_there_at_its_time() -> None:
    assert {job.name: job.cron for job in JOBS} == {
        "refresh_model": "",  # queued for a tenant
        "refresh_due": "*/15 * * * *",
        "make_partitions": "5 0 * * *",
        "complete_experiments": "35 1 * * *",
        "settle_figures": "* * * * *",
        "settle_night": "0 2 * * *",
        "purge_tenants": "35 3 * * *",
        "forget_jobs": "50 3 * * *",
        "forget_notes": "55 3 * * *",
        "archive_events": "35 4 * * *",
        "finish_erasures": "*/5 * * * *",
        "find_robots": "*/5 * * * *",
    }
    assert {job.name for job in JOBS if job.at_start} == {"refresh_due", "make_partitions"}, (
        "after a time without a worker"
    )
