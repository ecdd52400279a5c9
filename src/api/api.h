/* api: the HTTP API and, later, the page's files. docs/api.md is its manual: forms, rights, errors. Routes are rows of
 * tables (route.h), one file a noun.
 *
 * It asks the rooms below by their faces and the home (apps, shops, key ring, running syncs) by `struct api_host`, which app
 * fills: what a person may do on the command line he may do here, by the same code.
 *
 * Life cycle: api_open (listens), api_close (refuses new requests, ends streams, waits for running handlers). The host may
 * be replaced while it runs, when app opens a new generation. Threads: api_open/close from one; handlers from the http
 * room's. Errors: ERR_CONFIG "listen" names the address and why. */
#ifndef HUILIU_API_API_H
#define HUILIU_API_API_H

#include "base/base.h"
#include "crypt/crypt.h"
#include "derive/derive.h"
#include "store/store.h"

struct api;
struct api_host; /* host.h */
struct api_options {
    struct str listen; /* "127.0.0.1:8080"; port 0: any */
    unsigned threads;
    struct str cors_origins; /* comma-separated, empty: none */
    bool behind_tls;         /* cookies are Secure */
    const struct api_host *host;
};
enum err_class api_open(const struct api_options *options, struct api **out, struct err *err);
int api_port(const struct api *api);
void api_close(struct api *api);

#endif
