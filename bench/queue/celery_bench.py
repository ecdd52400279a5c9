"""Celery on Redis: no order between jobs. Settings: two processes (one a core), results ignored, no gossip, prefetching
100 jobs each. That each job ran once is counted in memory that the processes share.

    celery_bench.py free URL JOBS"""
import ctypes
import json
import multiprocessing
import os
import resource
import sys
import time

from celery import Celery

URL, JOBS = sys.argv[2], int(sys.argv[3]) // 200 * 200
app = Celery("bench", broker=URL)
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=100, broker_pool_limit=10, task_store_errors_even_if_ignored=False,
                broker_connection_retry_on_startup=True, worker_send_task_events=False)
fork = multiprocessing.get_context("fork")
ran = fork.RawArray(ctypes.c_uint8, JOBS)


@app.task(name="lane")
def lane(n):
    ran[n] += 1


def work():
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # it prints a banner
    app.worker_main(["worker", "-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"])


def spent():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


start = time.monotonic()
with app.producer_pool.acquire() as producer:
    for i in range(JOBS):
        lane.apply_async((i,), producer=producer)
print(json.dumps({"made": JOBS, "seconds": time.monotonic() - start}), flush=True)
start, cpu = time.monotonic(), spent()
process = fork.Process(target=work)
process.start()
while sum(ran) < JOBS:
    time.sleep(0.01)
seconds = time.monotonic() - start
process.terminate()
process.join()
if max(ran) != 1:
    sys.exit("a job ran twice")
print(json.dumps({"jobs": JOBS, "seconds": seconds, "cpu_seconds": spent() - cpu}))
