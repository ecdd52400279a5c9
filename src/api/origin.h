/* Where a request comes from: its address (behind a trusted proxy the one that it names), and the site whose page made
 * it. CORS is closed but for the sites of `cors_origins`. Private to the room. */
#ifndef HUILIU_API_ORIGIN_H
#define HUILIU_API_ORIGIN_H

#include "api/api_internal.h"

/* One of `trusted_proxies`. */
bool peer_is_proxy(const struct api *api, struct str peer);
struct str peer_of(const struct api *api, const struct http_request *request);
/* Says in the log and as an event, once a day, that somebody asks through a proxy that is not named. */
void proxy_look(const struct call *call);
/* A preflight (OPTIONS): answered here. False: it is none. */
bool origin_asks(struct call *call);
/* The headers of CORS, where the origin is one of ours. */
void origin_write(struct call *call);

#endif
