/* api: the HTTP API and the page's files. docs/api.md is its manual, docs/page.md the page's: forms, rights, errors. Routes are rows of
 * tables (route.h), one file a noun.
 *
 * It asks the rooms below by their faces and the home (apps, shops, key ring, running syncs) by `struct api_host`, which app
 * fills: what a person may do on the command line he may do here, by the same code.
 *
 * Life cycle: api_open (listens), api_close (refuses new requests, ends streams, waits for running handlers). The host is
 * replaced while it runs, when app opens a new generation: api_host_set hands the new one in at once, and the old one
 * is closed by app when api_host_free says that no call and no stream uses it. Without a host every answer is 503. Threads: api_open/close from one; handlers from the http
 * room's. Errors: ERR_CONFIG "listen" names the address and why. */
#ifndef HUILIU_API_API_H
#define HUILIU_API_API_H

#include "api/host.h"
#include "api/openapi.h"
#include "api/user.h"
#include "base/base.h"

struct api;
enum { API_STREAMS_MAX = 96 }; /* open at once: exports, live events */
struct api_options {
    struct str listen; /* "127.0.0.1:8080"; port 0: any; empty: it does not listen (tests) */
    unsigned threads;
    struct str cors_origins;    /* comma-separated, empty: none */
    bool behind_tls;            /* cookies are Secure */
    struct str trusted_proxies; /* comma-separated addresses whose X-Forwarded-For is believed */
    int64_t rate; /* requests a second of one person, or of one address; 0: no bound */
    int64_t address_connections; /* of one address; 0: no bound */
    const struct api_host *host; /* NULL: comes later */
};
enum err_class api_open(const struct api_options *options, struct api **out, struct err *err);
int api_port(const struct api *api);
/* NULL: there is none for a while. At most API_HOSTS_MAX are in use; beyond that false, and nothing has changed. */
enum { API_HOSTS_MAX = 4 };
bool api_host_set(struct api *api, const struct api_host *host);
/* Nobody uses it, and nobody will. */
bool api_host_free(struct api *api, const struct api_host *host);
void api_close(struct api *api);

/* One GET of this process itself, as who sits at the console: every shop may be seen. The answer goes to `sink` piece by
 * piece. An answer that is a problem becomes the error: its code, its detail. */
typedef enum err_class api_sink(void *context, struct str bytes, struct err *err);
enum err_class api_get_here(struct api *api, struct str path, const struct api_pair *query,
                            size_t query_len, api_sink *sink, void *context, struct err *err);

/* How many files of the page this program has; 0: it was built without. */
size_t api_page_files(void);

/* The lists that have a file, by number from 0; false: no more. path: of the file's route, with its {parameters}. */
struct api_list {
    const char *name, *path, *zh, *en;
};
bool api_list_at(size_t index, struct api_list *out);

#endif
