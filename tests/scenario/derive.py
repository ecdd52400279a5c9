#!/usr/bin/env python3
"""Results and sums follow from what is stored, and nothing else: every row of them equals what results.py makes of the data
tables, after syncs, changes, kills and rebuilds; and the real file's sums come out to the cent."""
import lib
import real
from results import results_equal


def test_the_real_file_comes_to_the_same_by_order_by_video_and_by_shop(t):
    truth, stage = real.file_rows(), real.real_stage(t)
    stage.sync()
    lib.same(results_equal(stage.rows)[0], len(truth), "results")


if __name__ == "__main__":
    lib.main(globals())
