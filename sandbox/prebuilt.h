/* prebuilt: rendered bodies of list pages, so that a bench measures its client and not the sandbox.
 *
 * A body is kept under the request's identity together with the shop's state; a page of a world that
 * moved is rendered anew. When the memory is used up, further pages are rendered each time.
 * What is kept stays until the end, so it can be sent without a copy. Threads: any. */
#ifndef HUILIU_SANDBOX_PREBUILT_H
#define HUILIU_SANDBOX_PREBUILT_H

#include <pthread.h>

#include "base/base.h"

struct prebuilt {
    pthread_mutex_t lock;
    struct map pages;
    size_t bytes, bytes_max; /* 0: off */
    uint64_t hits;
};

void prebuilt_init(struct prebuilt *prebuilt, size_t bytes_max);
void prebuilt_fini(struct prebuilt *prebuilt);
bool prebuilt_find(struct prebuilt *prebuilt, uint64_t identity, uint64_t state, struct str *body);
void prebuilt_keep(struct prebuilt *prebuilt, uint64_t identity, uint64_t state, struct str body);

#endif
