"""`make live`: run two small simulator jobs on a real cloud, from creation to results.

The script says what it will send, and asks for confirmation. It uses the token and the cloud that
jobgroup finds (JOBGROUP_TOKEN for JOBGROUP_URL, Perceval's configuration, the keyring).
LIVE_PLATFORM chooses another simulator, LIVE_YES=1 answers the question, and LIVE_RERUN=1 answers
the one about a third job.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime

from differences import compare

from jobgroup import JobGroup, JobGroupError
from jobgroup.credentials import default_url, token_for

SHOTS = 1_000
LONGEST_WAIT_S = 1_800.0


def main() -> int:
    """Return the exit code: 0 for success, 1 for a failure, 2 if nothing was sent."""
    url, platform = default_url(), os.environ.get("LIVE_PLATFORM", "sim:altair")
    try:
        token = token_for(url)
        jg = prepared(url, token, platform)
    except JobGroupError as error:
        print(error)
        return 2
    print(f"This will send two jobs to {platform} of {url}, a real cloud perhaps.")
    print(f"  {jg.estimate()}")
    print(
        f"It may cost what your plan takes for two simulations of at most {SHOTS:,} shots each,"
        " in shots, credits or money. So far it has only read."
    )
    if not agreed("Send them?", "LIVE_YES"):
        JobGroup.delete_job_group(jg.name, permanently=True)
        print("Nothing was sent.")
        return 2
    try:
        live(jg)
    except (JobGroupError, RuntimeError, TimeoutError) as error:
        print(f"It did not go well: {error}")
        print(f"The group {jg.name!r} has what is known: jobgroup ls, jobgroup watch.")
        return 1
    print("\nWhat the cloud answered, beside its documentation:")
    for sentence in compare(url, token, jg[0].id or ""):
        print(f"  {sentence}")
    print(f"\nIt went well. The group {jg.name!r} stays; delete it when you like.")
    return 0


def prepared(url: str, token: str, platform: str) -> JobGroup:
    """Return a group of two unsent jobs, made as users of Perceval make them."""
    import perceval as pcvl
    from perceval.algorithm import Sampler

    jg = JobGroup(f"live check {datetime.now().astimezone():%Y-%m-%d %H.%M.%S.%f}")
    for name in ("to be run", "to be canceled"):
        processor = pcvl.RemoteProcessor(platform, url=url, token=token)
        processor.set_circuit(pcvl.BS())
        processor.with_input(pcvl.BasicState([1, 1]))
        processor.min_detected_photons_filter(1)
        sampler = Sampler(processor, max_shots_per_call=SHOTS)
        jg.add(sampler.sample_count, labels={"what for": name}, max_samples=100)
    return jg


def live(jg: JobGroup) -> None:
    """Send both jobs, cancel the second, fetch the first one's results, and offer a rerun."""
    first, second = jg
    jg.run_parallel()
    print(f"\nSent:      {first.id}, {second.id}")
    try:
        second.cancel()
        print("Canceled:  the second, as asked")
    except RuntimeError:
        print(f"Canceled:  no, it was quicker: {second.status()}")
    print(f"Progress:  {jg.progress()}", flush=True)
    jg.wait(LONGEST_WAIT_S)
    for job in jg:
        print(f"Ended:     {job.status()} {job.message or ''}")
    print(f"Results:   {dict(first.get_results()['results'])}")
    print(f"Rerun:     {jg.estimate(rerun=True)}")
    if second.is_failed and agreed("Run the canceled one again, as a third job?", "LIVE_RERUN"):
        second.rerun()
        jg.wait(LONGEST_WAIT_S)
        print(f"Ended:     {second.status()}, attempts {[a.remote_id for a in second.attempts]}")
    print(f"Group:     {jg!r}")


def agreed(question: str, variable: str) -> bool:
    """Return whether the answer is yes, in the environment or typed."""
    if os.environ.get(variable) == "1":
        return True
    try:
        return input(f"{question} Type yes: ").strip().lower() == "yes"
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main())
