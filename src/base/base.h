/* base: what every room stands on and that has no room of its own below libc.
 *
 *   str     strings as pointer and length, checked numbers, nearest word
 *   arena   memory freed in one call: per page, task, request
 *   buf     growable bytes with a maximum
 *   err     class, scope, code, message: the class alone decides what happens next
 *   log     one structured line an event
 *   clock   now, waiting, and the test clock that owns both
 *   money   minor units, half-even from text
 *   integer least, greatest, next multiple
 *   map     bytes -> value
 *   metric  counters and histograms
 *   fail    named fail points
 *   rng     seeded random numbers
 *   limits  every shared bound and why
 *   embed   files that were built in
 *
 * This face is the only header of the room that others include. Nothing here does I/O except
 * log, the test clock's file and the fail report. */
#ifndef HUILIU_BASE_BASE_H
#define HUILIU_BASE_BASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/embed.h"
#include "base/err.h"
#include "base/fail.h"
#include "base/integer.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metric.h"
#include "base/money.h"
#include "base/rng.h"
#include "base/str.h"

#endif
