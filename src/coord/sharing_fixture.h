/* For tests: what holds for every coordinator that several processes share, as tests of cmocka. */
#ifndef HUILIU_COORD_SHARING_FIXTURE_H
#define HUILIU_COORD_SHARING_FIXTURE_H

#include "coord/coord.h"

/* A coordinator as of another process, to which the time is handed in. `anew`: nothing is used or locked. */
typedef struct coord *sharing_open(bool anew);
/* The same random questions to it and to local.c, and the same answers to the millisecond. */
void sharing_decides_as_one_process(sharing_open *open, int rounds);
void sharing_has_one_bucket(sharing_open *open);
/* `forget`: all of it is lost. */
void sharing_has_one_lock(sharing_open *open, void (*forget)(void));

#endif
