/* http: the server face over libmicrohttpd (epoll). Used by the sandbox and by api.
 *
 * Life cycle: http_listen starts threads, http_close stops them, ends pauses and waits for running
 * handlers.
 * Threads: the handler is called from a pool thread; requests of different connections at the
 * same time. Ownership: everything in `struct http_request` lives until the handler returns, what
 * is in its arena until the reply is sent. The reply's body is not copied: it lies in that arena,
 * is the request's own body, or is constant.
 * A server for everybody (http_open with `workers`) is guarded as well: handlers and streams run on threads of their own,
 * so that one that takes long holds up nobody's socket; a request that is not whole after 30 s, or a reader that takes
 * a reply too slowly, loses its connection; what waits for a worker, and how many streams are open, has a bound (503), and
 * so has the number of connections, of all and of one address.
 * Limits: HTTP_BODY_BYTES_MAX a request (a guarded server's own, by address), HEADERS_MAX headers, URL_BYTES_MAX, HTTP_QUERY_MAX;
 * beyond: 413/431/414. Broken percent escapes and URLs that are not UTF-8 or hold U+0000: 400. The handler never
 * sees those. A body that is told to be longer than its address takes is refused when the headers are read, before it comes:
 * where it is so long that nobody would read it, or waits to be asked for, the connection ends with that; else what is on its way
 * is thrown away behind the answer, so that a client that sends on finds it and no reset. */
#ifndef HUILIU_HTTP_HTTP_H
#define HUILIU_HTTP_HTTP_H

#include "base/base.h"
#include "format/format.h"

enum { HTTP_BODY_BYTES_MAX = 8 * 1024 * 1024, HTTP_QUERY_MAX = 64, REPLY_HEADERS_MAX = 24 };

struct http_pair {
    struct str name, value; /* percent-decoded for query parameters */
};
struct http_request {
    struct str method, path; /* path percent-decoded, without query */
    struct str path_raw;     /* as sent: whoever splits it at its slashes does so before decoding */
    struct str query_raw;
    struct http_pair query[HTTP_QUERY_MAX];
    size_t query_len;
    struct http_pair headers[HEADERS_MAX];
    size_t headers_len;
    struct str body;
    struct str peer;
    int64_t arrived_ms; /* clock_now_ms() when the headers were complete */
    int64_t arrived_monotonic_ns;
    struct arena *arena; /* for the handler; freed after the reply is sent */
};
struct str http_query(const struct http_request *request, struct str name); /* empty when absent */
bool http_query_has(const struct http_request *request, struct str name);
struct str http_header(const struct http_request *request, struct str name); /* any case */

/* A body that is multipart/form-data, as the form of a page sends it: its parts, in order, borrowed from the body (names from
 * the arena). ERR_BAD_REQUEST "form_broken" (also where the end is missing: what was cut off is never taken for the whole),
 * "form_many". */
enum { HTTP_PARTS_MAX = 32 };
struct http_part {
    struct str name, value;
    bool is_file; /* has a file's name, which may be empty: none was chosen */
    struct str file_name;
};
bool http_is_form(struct str content_type);
enum err_class http_form_read(struct str content_type, struct str body, struct arena *arena,
                              struct http_part parts[HTTP_PARTS_MAX], size_t *len, struct err *err);

/* A body of any length, made piece by piece: memory holds one piece. `pull` adds the next one to `piece` (at most
 * HTTP_PIECE_BYTES_MAX, some 32 KB are good) and says how it goes on; after HTTP_WAIT it is asked again when wait_ms of
 * real time are over, and holds no thread meanwhile. Calls come one after the other, from any of the server's threads,
 * and end when the client goes. */
enum http_pull {
    HTTP_MORE,
    HTTP_WAIT,
    HTTP_END,
    HTTP_BROKEN /* the connection closes: no good end */
};
enum { HTTP_PIECE_BYTES_MAX = 4 * 1024 * 1024 };
struct http_stream {
    enum http_pull (*pull)(void *context, struct buf *piece, unsigned *wait_ms);
    void (*close)(void *context); /* once, however it ended; NULL: nothing to do */
    void *context;
};

/* What the handler wants sent. */
struct http_reply {
    unsigned status; /* 200 unless set */
    struct http_pair headers[REPLY_HEADERS_MAX];
    size_t headers_len;
    struct http_stream stream; /* in the place of `body` where `pull` is not NULL */
    /* Called when nothing of the reply is needed any more (NULL: not); the stream was closed before. */
    void (*release)(void *context);
    void *release_context;
    bool gzip_stream; /* the stream is packed on its way; the header is the handler's to set */
    struct str body;  /* borrowed from request->arena or constant */
    const char *content_type; /* NULL: application/json; charset=utf-8 */
    /* Misbehaviour, for the sandbox only. Pauses are real time, whatever the test clock says, and
     * hold the connection but no thread; http_close closes the connections that pause. */
    size_t cut_after_bytes; /* of the body, then the connection closes; preset to SIZE_MAX: all */
    unsigned slow_chunk_bytes; /* the body comes in pieces of this size, 0: at once */
    unsigned slow_pause_ms;    /* between those pieces */
    unsigned hang_ms;          /* nothing is sent for so long */
    bool drop;                 /* then the connection closes without any answer */
};

typedef void http_handler(void *context, const struct http_request *request,
                          struct http_reply *reply);

/* A refusal of this room's own (400 413 414 429 431 503), so that its words are the server's. */
typedef void http_refuser(void *context, unsigned status, const struct http_request *request,
                          struct http_reply *reply);

struct http_server;
struct http_options {
    struct str address; /* "127.0.0.1:0" picks a free port */
    unsigned threads;   /* of sockets */
    unsigned
        workers; /* of handlers and streams; 0: they run on those of the sockets, and nothing is guarded */
    unsigned waiting_max; /* requests that wait for a worker */
    unsigned streams_max; /* that are open at once */
    /* Of a guarded server, connections in all, and of one address (http_address_block); 0: no bound. Beyond, the one that
     * has been idle longest is closed; where all are at work the new one is refused: 503, 429. */
    unsigned connections_max, address_connections_max;
    /* Whoever connects from a proxy speaks for many: the bound is that of requests at work, by the address for which it
     * asks. NULL: there is none. */
    bool (*is_proxy)(void *context, struct str address);
    struct str (*address_of)(void *context, const struct http_request *request);
    /* How many bytes the body of such a request may have (path_raw); NULL: HTTP_BODY_BYTES_MAX. */
    size_t (*body_bytes_of)(void *context, struct str method, struct str path_raw);
    http_refuser *refuse; /* NULL: {"error": …} */
    http_handler *handler;
    void *context;
};
enum err_class http_open(const struct http_options *options, struct http_server **out,
                         struct err *err);
/* The plain form. address "127.0.0.1:0" picks a free port. ERR_CONFIG "listen" names the address and why. */
enum err_class http_listen(struct str address, unsigned threads, http_handler *handler,
                           void *context, struct http_server **out, struct err *err);
int http_port(const struct http_server *server);
/* What counts as one address: of IPv6 its first 64 bits. */
enum { HTTP_ADDRESS_BYTES = 65 };
void http_address_block(struct str address, char out[HTTP_ADDRESS_BYTES]);
void http_close(struct http_server *server);

#endif
