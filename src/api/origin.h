/* Where a request comes from: its address (behind a trusted proxy the one that it names), and the site whose page made
 * it. CORS is closed but for the sites of `cors_origins`. Private to the room. */
#ifndef HUILIU_API_ORIGIN_H
#define HUILIU_API_ORIGIN_H

#include "api/api_internal.h"

struct str peer_of(const struct api *api, const struct http_request *request);
/* A preflight (OPTIONS): answered here. False: it is none. */
bool origin_asks(struct call *call);
/* The headers of CORS, where the origin is one of ours. */
void origin_write(struct call *call);

#endif
