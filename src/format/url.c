/* Parts of an absolute http or https URL. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "format/codec.h"

enum { HOST_BYTES_MAX = 253 /* RFC 1035: 255 octets on the wire */ };

static enum err_class url_refuse(struct err *err, struct str text, const char *why)
{
    /* Query strings carry tokens: the message stops before them. */
    struct str shown, rest;
    str_cut(utf8_cut(text, 120), '?', &shown, &rest);
    return err_set(err, ERR_CONFIG, "url", "\"%.*s\" is not a URL that can be called: %s",
                   STR_ARG(shown), why);
}

static bool host_is_name(struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
        if (!ok)
            return false;
    }
    return host.len > 0 && host.len <= HOST_BYTES_MAX;
}

/* Parses an address that stands in a str; family AF_INET or AF_INET6. */
static bool address_read(int family, struct str host, void *address)
{
    char text[INET6_ADDRSTRLEN];
    if (host.len >= sizeof text || memchr(host.ptr, '\0', host.len))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static const char *authority_read(struct str authority, struct url *out)
{
    struct str port = STR_NONE;
    bool has_port = false;
    if (str_find_char(authority, '@') != SIZE_MAX)
        return "credentials do not belong in a URL";
    if (str_starts(authority, STR("["))) {
        struct in6_addr address;
        struct str rest;
        if (!str_cut(str_sub(authority, 1, authority.len), ']', &out->host, &rest) ||
            !address_read(AF_INET6, out->host, &address))
            return "its IPv6 address cannot be read";
        has_port = str_starts(rest, STR(":"));
        if (rest.len > 0 && !has_port)
            return "something stands between \"]\" and the path";
        port = str_sub(rest, 1, rest.len);
    } else {
        has_port = str_cut(authority, ':', &out->host, &port);
        if (!host_is_name(out->host))
            return "its host is empty or has a character that no host has";
    }
    if (!has_port)
        return NULL;
    uint64_t number;
    if (port.len > 5 || !str_to_u64(port, &number) || number == 0 || number > 65535)
        return "its port is not a number from 1 to 65535";
    out->port = (int)number;
    return NULL;
}

enum err_class url_parse(struct str text, struct url *out, struct err *err)
{
    struct url url = {0};
    if (text.len > URL_BYTES_MAX)
        return url_refuse(err, text, "it is too long");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == 0x7f)
            return url_refuse(err, text, "it has a space or control character");
    }
    size_t scheme_len = str_find(text, STR("://"));
    struct str scheme = str_sub(text, 0, scheme_len);
    if (scheme_len != SIZE_MAX && str_eq_nocase(scheme, STR("https"))) {
        url.scheme = STR("https");
        url.port = 443;
    } else if (scheme_len != SIZE_MAX && str_eq_nocase(scheme, STR("http"))) {
        url.scheme = STR("http");
        url.port = 80;
    } else {
        return url_refuse(err, text, "it must start with https:// or http://");
    }
    struct str rest = str_sub(text, scheme_len + 3, text.len);
    /* A fragment is the reader's own and never sent. */
    rest = str_sub(rest, 0, str_find_char(rest, '#'));
    struct str before_query;
    str_cut(rest, '?', &before_query, &url.query);
    size_t slash = str_find_char(before_query, '/');
    url.path = str_sub(before_query, slash, before_query.len);
    const char *why = authority_read(str_sub(before_query, 0, slash), &url);
    if (why)
        return url_refuse(err, text, why);
    *out = url;
    return ERR_OK;
}

bool url_is_loopback(const struct url *url)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (str_eq_nocase(url->host, STR("localhost")))
        return true;
    if (address_read(AF_INET, url->host, &v4))
        return ntohl(v4.s_addr) >> 24 == 127;
    return address_read(AF_INET6, url->host, &v6) && IN6_IS_ADDR_LOOPBACK(&v6);
}
