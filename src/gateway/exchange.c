/* One exchange: the request as curl is told it, the reply as it arrives, and what its end means. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "format/format.h"
#include "gateway/client_internal.h"

enum {
    REPLY_HEADER_BYTES_MAX = 64 * 1024,
    TIMEOUT_DEFAULT_MS = 30000,
};

static size_t body_arrived(char *bytes, size_t one, size_t len, void *context)
{
    struct exchange *exchange = context;
    assert(one == 1);
    buf_add_bytes(&exchange->body, bytes, len);
    return exchange->body.failed ? 0 : len;
}

static size_t header_arrived(char *bytes, size_t one, size_t len, void *context)
{
    struct exchange *exchange = context;
    struct str line = arena_dup(&exchange->arena, str_trim((struct str){bytes, len}));
    struct request_header header = {0};
    assert(one == 1);
    /* A status line begins the headers anew: what came before belonged to a 1xx. */
    if (str_starts(line, STR("HTTP/"))) {
        exchange->headers_len = 0;
        return len;
    }
    exchange->header_bytes += len;
    if (!line.ptr || exchange->headers_len == HEADERS_MAX ||
        exchange->header_bytes > REPLY_HEADER_BYTES_MAX) {
        exchange->headers_too_large = true;
        return 0;
    }
    if (str_cut(line, ':', &header.name, &header.value)) {
        header.value = str_trim(header.value);
        exchange->headers[exchange->headers_len++] = header;
    }
    return len;
}

static bool proxy_is_known(struct str proxy)
{
    return str_starts(proxy, STR("http://")) || str_starts(proxy, STR("https://")) ||
           str_starts(proxy, STR("socks5://")) || str_starts(proxy, STR("socks5h://"));
}

static bool header_line_add(struct exchange *exchange, struct str line)
{
    struct curl_slist *list = line.ptr ? curl_slist_append(exchange->request_headers, line.ptr)
                                       : NULL;
    if (list)
        exchange->request_headers = list;
    return list != NULL;
}

static bool headers_build(struct exchange *exchange, const struct request *request)
{
    bool ok = true, typed = false;
    for (size_t i = 0; i < request->headers_len && ok; i++) {
        const struct request_header *header = &request->headers[i];
        /* curl's own form: "name:" would take a header away, "name;" sends it empty. */
        struct str line = arena_printf(&exchange->arena, "%.*s%s%.*s", STR_ARG(header->name),
                                       header->value.len > 0 ? ": " : ";", STR_ARG(header->value));
        ok = header_line_add(exchange, line);
        typed |= str_eq_nocase(header->name, STR("content-type"));
    }
    /* Nothing is sent that the manifest does not say, and nobody waits for "100 Continue". */
    return ok && (typed || header_line_add(exchange, STR("Content-Type:"))) &&
           header_line_add(exchange, STR("Expect:"));
}

static bool option_long(CURL *easy, CURLoption option, int64_t value)
{
    return curl_easy_setopt(easy, option, (long)value) == CURLE_OK;
}

static bool option_text(CURL *easy, CURLoption option, const char *value)
{
    return value && curl_easy_setopt(easy, option, value) == CURLE_OK;
}

static bool request_set(struct exchange *exchange, const struct request *request)
{
    CURL *easy = exchange->easy;
    struct str method = arena_dup(&exchange->arena, request->method);
    struct str url = arena_dup(&exchange->arena, request->url);
    bool ok = option_text(easy, CURLOPT_URL, url.ptr);
    /* The path that was signed is the path that is sent. */
    ok = ok && option_long(easy, CURLOPT_PATH_AS_IS, 1);
    if (request->body.len > 0 || !str_eq(request->method, STR("GET"))) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)request->body.len) == CURLE_OK;
        ok = ok &&
             option_text(easy, CURLOPT_POSTFIELDS, request->body.len > 0 ? request->body.ptr : "");
        ok = ok && option_text(easy, CURLOPT_CUSTOMREQUEST, method.ptr);
    }
    return ok && headers_build(exchange, request) &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->request_headers) == CURLE_OK;
}

/* curl sends a request again by itself when a kept connection turns out to be closed. The platform
 * may have counted the first one, and no turn of the budget stands for the second: a call is one
 * try, and whether there is another is the queue's business. */
static int request_leaves(void *context, char *primary_ip, char *local_ip, int primary_port,
                          int local_port)
{
    struct exchange *exchange = context;
    (void)primary_ip;
    (void)local_ip;
    (void)primary_port;
    (void)local_port;
    bool again = exchange->sent;
    exchange->sent = true;
    return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool options_set(struct exchange *exchange, const struct exchange_ask *ask)
{
    CURL *easy = exchange->easy;
    int64_t timeout_ms = ask->timeout_ms > 0 ? ask->timeout_ms : TIMEOUT_DEFAULT_MS;
    struct str proxy = arena_dup(&exchange->arena, ask->proxy);
    return option_text(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           option_text(easy, CURLOPT_USERAGENT, "huiliu/" HUILIU_VERSION) &&
           option_text(easy, CURLOPT_ACCEPT_ENCODING, "gzip") &&
           /* Empty also means: not what the environment says. */
           option_text(easy, CURLOPT_PROXY, proxy.ptr) && option_text(easy, CURLOPT_NOPROXY, "") &&
           option_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) &&
           option_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
           option_long(easy, CURLOPT_NOSIGNAL, 1) &&
           option_long(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) &&
           option_long(easy, CURLOPT_TIMEOUT_MS, timeout_ms) &&
           /* A length that is announced is refused before a byte of it is read. */
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)ask->body_bytes_max) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_arrived) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, request_leaves) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange) == CURLE_OK;
}

enum err_class exchange_start(struct client *client, const struct exchange_ask *ask,
                              struct exchange **out, struct err *err)
{
    struct url url;
    enum err_class class_ = url_parse(ask->request->url, &url, err);
    if (class_ != ERR_OK)
        return class_;
    if (ask->proxy.len > 0 && !proxy_is_known(ask->proxy))
        return err_set(err, ERR_CONFIG, "proxy",
                       "the proxy for %.*s must be http://…, https://… or socks5://…",
                       STR_ARG(url.host));
    assert(ask->body_bytes_max > 0);
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange)
        return err_no_memory(err);
    exchange->client = client;
    exchange->done = true; /* nothing to wait for yet */
    arena_init(&exchange->arena);
    wait_init(&exchange->wait);
    buf_init(&exchange->body, (size_t)ask->body_bytes_max);
    exchange->host = arena_printf(&exchange->arena, "%.*s:%d", STR_ARG(url.host), url.port);
    exchange->easy = client_easy_take(client);
    class_ = exchange->easy && exchange->host.ptr && request_set(exchange, ask->request) &&
                     options_set(exchange, ask)
                 ? client_submit(exchange, err)
                 : err_no_memory(err);
    if (class_ == ERR_OK)
        *out = exchange;
    else
        exchange_free(exchange);
    return class_;
}

/* What curl could not do, in our classes. Nothing of the URL but the host gets into a message. */
static enum err_class result_explain(const struct exchange *exchange, struct err *err)
{
    const char *code = "transfer";
    CURLcode result = exchange->result;
    if (exchange->body.failed || result == CURLE_FILESIZE_EXCEEDED)
        return err_set(err, ERR_BAD_REPLY, "too_large", "%.*s: the reply has more than %zu bytes",
                       STR_ARG(exchange->host), exchange->body.bytes_max);
    if (exchange->headers_too_large)
        return err_set(err, ERR_BAD_REPLY, "headers_too_large",
                       "%.*s: the reply has more than %d headers or %d bytes of them",
                       STR_ARG(exchange->host), HEADERS_MAX, REPLY_HEADER_BYTES_MAX);
    if (result == CURLE_OUT_OF_MEMORY)
        return err_no_memory(err);
    if (result == CURLE_BAD_CONTENT_ENCODING)
        return err_set(err, ERR_BAD_REPLY, "encoding", "%.*s: the reply cannot be unpacked",
                       STR_ARG(exchange->host));

    if (result == CURLE_OPERATION_TIMEDOUT)
        code = "timeout";
    else if (result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY)
        code = "resolve";
    else if (result == CURLE_COULDNT_CONNECT || result == CURLE_PROXY)
        code = "connect";
    else if (result == CURLE_SSL_CONNECT_ERROR || result == CURLE_PEER_FAILED_VERIFICATION)
        code = "tls";
    else if (result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR ||
             result == CURLE_GOT_NOTHING || result == CURLE_ABORTED_BY_CALLBACK)
        code = "reply_cut";
    err_set(err, ERR_RETRY, code, "%.*s: %s", STR_ARG(exchange->host), curl_easy_strerror(result));
    if (err)
        err->scope = ERR_SCOPE_PLATFORM;
    return ERR_RETRY;
}

enum err_class exchange_wait(struct exchange *exchange, struct reply *reply, struct err *err)
{
    client_await(exchange);
    if (exchange->stopped)
        return err_set(err, ERR_STOPPED, "stopped", "the call was ended");
    if (exchange->result != CURLE_OK)
        return result_explain(exchange, err);
    if (exchange->status >= 300 && exchange->status < 400)
        return err_set(err, ERR_BAD_REPLY, "redirect",
                       "%.*s sends the call elsewhere (HTTP %ld); redirects are not followed",
                       STR_ARG(exchange->host), exchange->status);
    *reply = (struct reply){
        .status = (int)exchange->status,
        .headers = exchange->headers,
        .headers_len = exchange->headers_len,
        .body = buf_str(&exchange->body),
        .received_ms = exchange->received_ms,
    };
    return ERR_OK;
}

int64_t exchange_ms(const struct exchange *exchange)
{
    curl_off_t total_us = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    return (int64_t)total_us / 1000;
}

int64_t exchange_bytes(const struct exchange *exchange)
{
    return (int64_t)exchange->body.len;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    client_cancel(exchange);
    if (exchange->easy)
        client_easy_give(exchange->client, exchange->easy);
    curl_slist_free_all(exchange->request_headers);
    buf_fini(&exchange->body);
    wait_fini(&exchange->wait);
    arena_fini(&exchange->arena);
    free(exchange);
}
