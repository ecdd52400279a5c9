/* What the API has of the process it lives in: a plain struct that app fills, a new one for each generation of the
 * service (docs/service.md). Everything in it is borrowed and outlives all calls that began with it: app closes a
 * generation only when api_host_free says that nobody uses it any more.
 *
 * A handler takes what it needs from call->host. A stream that ends by itself (an export) keeps the host of its
 * call; one that may last for ever (live events) takes it anew for every look (api_host_take, api_host_give).
 *
 * Threads: constant while anybody uses it. */
#ifndef HUILIU_API_HOST_H
#define HUILIU_API_HOST_H

#include "api/home.h"
#include "base/base.h"
#include "connector/connector.h"
#include "coord/coord.h"
#include "crypt/crypt.h"
#include "derive/derive.h"
#include "gateway/gateway.h"
#include "queue/queue.h"
#include "store/store.h"
#include "sync/sync.h"

struct api;
struct api_shop {
    int64_t id;
    struct str name, platform, external_id, state; /* enabled disabled needs_person */
    const struct zone *zone;
    const struct connector *connector; /* NULL: there is no manifest of its platform */
};

struct api_host {
    struct store *store;
    const struct table_catalog *catalog;
    const struct keyring *keyring;
    const struct api_shop *shops; /* sorted by id */
    size_t shops_len;
    struct derive *derive;                /* NULL: this process has none */
    const struct metric_catalog *metrics; /* NULL: with derive */
    struct coord *coord; /* the three below: NULL where the process does not call out */
    struct gateway *gateway;
    struct sync *sync;
    const struct api_home *home; /* NULL: a test without one */
    bool works;                  /* this process has workers, or is about to */
};

/* NULL: there is no generation just now (503). Each that is taken is given back. */
const struct api_host *api_host_take(struct api *api);
void api_host_give(struct api *api, const struct api_host *host);

const struct api_shop *host_shop(const struct api_host *host, int64_t shop_id);

#endif
