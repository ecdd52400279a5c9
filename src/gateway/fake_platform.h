/* For the tests of gateway: a fake platform on loopback that speaks just enough HTTP/1.1 and, unlike
 * a proper server, can misbehave on every byte. A thread per connection; connections stay open.
 *
 * The handler may be called from several threads at once. */
#ifndef HUILIU_GATEWAY_FAKE_PLATFORM_H
#define HUILIU_GATEWAY_FAKE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

struct fake_platform;

struct fake_request {
    char text[16 * 1024]; /* the whole request as it came, terminated */
    const char *target;   /* of the request line: path and query, or an absolute URL */
    const char *body;
    int number;     /* of all requests, from 1 */
    int connection; /* from 1 */
};
enum fake_end {
    FAKE_WHOLE, /* the body, then the next request */
    FAKE_CUT,   /* the body, though a longer one was announced, then closed */
    FAKE_HANG, /* the body, though a longer one was announced, then nothing until the caller leaves */
    FAKE_DROP,   /* closed without a byte */
    FAKE_STREAM, /* the body over and over, without a length, until the caller leaves or 256 MB */
};
struct fake_reply {
    int status;          /* 200 unless set */
    const char *headers; /* "Name: value\r\n…" or NULL */
    const char *body;
    size_t body_len; /* 0: a terminated text */
    enum fake_end end;
};
typedef void fake_handler(void *context, const struct fake_request *request,
                          struct fake_reply *reply);

struct fake_platform *fake_open(fake_handler *handler, void *context);
void fake_close(struct fake_platform *fake);
/* "http://127.0.0.1:PORT" */
const char *fake_url(const struct fake_platform *fake);
int fake_requests(struct fake_platform *fake);
int fake_connections(struct fake_platform *fake);
size_t fake_bytes_sent(struct fake_platform *fake);

#endif
