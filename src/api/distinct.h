/* distinct: how many different numbers stand in a list ("3,17,4"), as the database puts lists of rows together. A bit a
 * number, kept from list to list. Memory: an eighth of the largest number. Not for two threads at once. */
#ifndef HUILIU_API_DISTINCT_H
#define HUILIU_API_DISTINCT_H

#include "base/base.h"

enum { DISTINCT_MAX = 1 << 30 }; /* 128 MB of bits; numbers are given one by one */

struct distinct {
    uint64_t *bits;
    size_t words;
};
void distinct_fini(struct distinct *distinct);
/* `listed`: how many numbers stand there, each as often as it does. ERR_INTERNAL "list_cut" where there are others: a database
 * that cuts long texts must not be believed. */
enum err_class distinct_count(struct distinct *distinct, struct str list, int64_t listed,
                              int64_t *out, struct err *err);

#endif
