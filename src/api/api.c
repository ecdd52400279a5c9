/* The life of the API, and the hosts it has had. */
#include "api/api_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "api/origin.h"

enum { SOCKET_THREADS = 2, WAITING_MAX = 256, CONNECTIONS_MAX = 1024, CONNECTIONS_MIN = 64 };

/* --- hosts --- */

const struct api_host *api_host_take(struct api *api)
{
    const struct api_host *host;
    pthread_mutex_lock(&api->lock);
    host = api->now;
    for (size_t i = 0; host && i < API_HOSTS_MAX; i++)
        if (api->hosts[i].host == host)
            api->hosts[i].users++;
    pthread_mutex_unlock(&api->lock);
    return host;
}

static struct host_slot *slot_of(struct api *api, const struct api_host *host)
{
    for (size_t i = 0; i < API_HOSTS_MAX; i++)
        if (api->hosts[i].host == host)
            return &api->hosts[i];
    return NULL;
}

void api_host_give(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    struct host_slot *slot = slot_of(api, host);
    assert(slot && slot->users > 0);
    slot->users--;
    if (slot->users == 0 && host != api->now)
        slot->host = NULL;
    pthread_mutex_unlock(&api->lock);
}

bool api_host_set(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    struct host_slot *before = api->now ? slot_of(api, api->now) : NULL;
    struct host_slot *slot = host ? slot_of(api, NULL) : NULL;
    bool room = !host || slot || (before && before->users == 0);
    if (room && host != api->now) {
        api->now = host;
        if (before && before->users == 0)
            before->host = NULL;
        if (host)
            slot_of(api, NULL)->host = host;
    }
    pthread_mutex_unlock(&api->lock);
    return room;
}

bool api_host_free(struct api *api, const struct api_host *host)
{
    pthread_mutex_lock(&api->lock);
    bool unused = slot_of(api, host) == NULL;
    pthread_mutex_unlock(&api->lock);
    return unused;
}

/* --- life --- */

static bool is_proxy(void *context, struct str address)
{
    return peer_is_proxy(context, address);
}

static struct str address_of(void *context, const struct http_request *request)
{
    return peer_of(context, request);
}

/* Each is an open file, and half of those are for everything else: where the process may have few, there are fewer. */
static unsigned connections_bound(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return CONNECTIONS_MIN;
    rlim_t wanted = 2 * CONNECTIONS_MAX;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
            return CONNECTIONS_MIN;
    }
    rlim_t half = files.rlim_cur / 2;
    return half >= CONNECTIONS_MAX  ? CONNECTIONS_MAX
           : half < CONNECTIONS_MIN ? CONNECTIONS_MIN
                                    : (unsigned)half;
}

/* Sockets are two threads' work whatever the handlers do; a worker runs one handler, or makes one piece of a stream. */
static enum err_class listen_begin(struct api *api, const struct api_options *options,
                                   struct err *err)
{
    const struct http_options http = {
        .address = options->listen,
        .threads = SOCKET_THREADS,
        .workers = options->threads,
        .waiting_max = WAITING_MAX,
        .streams_max = API_STREAMS_MAX,
        .connections_max = connections_bound(),
        .address_connections_max = (unsigned)options->address_connections,
        .is_proxy = is_proxy,
        .address_of = address_of,
        .body_bytes_of = api_body_bytes,
        .refuse = api_refuse,
        .handler = api_handle,
        .context = api,
    };
    return http_open(&http, &api->server, err);
}

enum err_class api_open(const struct api_options *options, struct api **out, struct err *err)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return err_no_memory(err);
    pthread_mutex_init(&api->lock, NULL);
    throttle_init(&api->throttle);
    api->behind_tls = options->behind_tls;
    api->rate = options->rate;
    api->who = who_cache_new();
    snprintf(api->cors_origins, sizeof(api->cors_origins), "%.*s", STR_ARG(options->cors_origins));
    snprintf(api->trusted_proxies, sizeof(api->trusted_proxies), "%.*s",
             STR_ARG(options->trusted_proxies));
    enum err_class class_ = api->who ? ERR_OK : err_no_memory(err);
    if (class_ == ERR_OK)
        class_ = crypt_random(&api->begun, sizeof(api->begun), err);
    if (class_ == ERR_OK && options->host)
        api_host_set(api, options->host);
    if (class_ == ERR_OK && options->listen.len > 0)
        class_ = listen_begin(api, options, err);
    if (class_ == ERR_OK)
        *out = api;
    else
        api_close(api);
    return class_;
}

int api_port(const struct api *api)
{
    return api->server ? http_port(api->server) : 0;
}

void api_close(struct api *api)
{
    if (!api)
        return;
    http_close(api->server);
    who_cache_free(api->who);
    throttle_fini(&api->throttle);
    pthread_mutex_destroy(&api->lock);
    free(api);
}
