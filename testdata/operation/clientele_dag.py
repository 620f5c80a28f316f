"""The nightly job as a DAG of Airflow (2.7 or later). Mend the paths.

The tasks run the program as it is; the last line of standard output, one line of JSON, is what
run came to, and goes on as the XCom of its task. 每晚任务的 Airflow 示例，请修改路径。
"""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

CLIENTELE = "/usr/local/bin/clientele"
WORKSPACE = "/data/shop"

# Exit statuses: clientele help exit-status
DONE, DATA_PROBLEMS, LOCKED, HELD = 0, 3, 4, 6


def clientele(*words: str) -> tuple[int, str]:
    """Run a command; its records go to the log of the task."""
    done = subprocess.run([CLIENTELE, "-C", WORKSPACE, *words], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout


@dag(
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
    tags=["clientele"],
)
def clientele_nightly():
    @task
    def doctor() -> None:
        status, found = clientele("doctor", "--format", "json")
        if status != DONE:
            failed = [f for f in json.loads(found) if f["state"] == "fail"]
            raise AirflowFailException("; ".join(f"{f['check']}: {f['en']}" for f in failed))

    @task(execution_timeout=timedelta(hours=6))
    def run(data_interval_end: datetime | None = None) -> dict:
        # The day before the one on which the job is due: tried again later, it is the same day.
        day = (data_interval_end - timedelta(days=1)).strftime("%Y-%m-%d")
        status, printed = clientele("run", "--as-of", day, "--format", "json", "--log", "json")
        night = json.loads(printed.splitlines()[-1]) if printed.strip() else {}
        if status == LOCKED:
            raise AirflowException("another process is changing the workspace: tried again later")
        if status == HELD:
            raise AirflowFailException(night["error"])
        if status not in (DONE, DATA_PROBLEMS):
            raise AirflowException(night.get("error", f"exit status {status}"))
        return {key: night[key] for key in ("outcome", "exit_status", "read", "accepted", "rejected", "seconds")}

    @task
    def export(night: dict) -> None:
        if night["outcome"] != "published":
            raise AirflowSkipException(f"nothing new: {night['outcome']}")
        status, _ = clientele("export", "--to", "/data/out", "--format", "parquet")
        if status != DONE:
            raise AirflowException(f"exit status {status}")

    night = run()
    doctor() >> night
    export(night)


clientele_nightly()
