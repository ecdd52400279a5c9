/* mysql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS. Signs with a meaning are written as %XX. */
#include "store/mariadb.h"

#include <string.h>

enum {
    PART_BYTES_MAX = 4096,
    PORT_DEFAULT = 3306,
    PORT_MAX = 65535,
};

/* What was wrong is not repeated: it may be the password's. */
static enum err_class address_error(struct err *err)
{
    return err_set(
        err, ERR_CONFIG, "store_url",
        "store: write mysql://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for signs that have a meaning "
        "there (@ is %%40); parameters are socket, sslmode (disable, prefer, require, verify-ca, "
        "verify-full), sslrootcert, sslcert and sslkey");
}

/* Decoded and terminated; NULL in *out where the part is empty. */
static enum err_class part_read(struct str part, struct arena *arena, const char **out,
                                struct err *err)
{
    struct buf text;
    enum err_class class_ = ERR_OK;
    *out = NULL;
    if (part.len == 0)
        return ERR_OK;
    buf_init(&text, PART_BYTES_MAX);
    class_ = percent_read(&text, part, false, err);
    if (text.failed)
        class_ = part.len > PART_BYTES_MAX ? address_error(err) : err_no_memory(err);
    else if (class_ || memchr(text.ptr, 0, text.len))
        class_ = address_error(err);
    else if (!(*out = arena_dup(arena, buf_str(&text)).ptr))
        class_ = err_no_memory(err);
    buf_fini(&text);
    return class_;
}

static bool tls_read(struct str word, enum maria_tls *out)
{
    static const char *const names[] = {
        [MARIA_TLS_PREFER] = "prefer",    [MARIA_TLS_DISABLE] = "disable",
        [MARIA_TLS_REQUIRE] = "require",  [MARIA_TLS_CA] = "verify-ca",
        [MARIA_TLS_FULL] = "verify-full",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *out = (enum maria_tls)i;
        if (str_eq(word, str_of(names[i])))
            return true;
    }
    return false;
}

static enum err_class parameter_read(struct str name, struct str value, struct arena *arena,
                                     struct maria_address *out, struct err *err)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {
        {"socket", &out->socket}, {"sslrootcert", &out->ca}, {"sslca", &out->ca},
        {"sslcert", &out->cert},  {"sslkey", &out->key},
    };
    if (str_eq(name, STR("sslmode")))
        return tls_read(value, &out->tls) ? ERR_OK : address_error(err);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (str_eq(name, str_of(texts[i].name)))
            return part_read(value, arena, texts[i].place, err);
    return address_error(err);
}

static enum err_class parameters_read(struct str text, struct arena *arena,
                                      struct maria_address *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    while (!class_ && text.len > 0) {
        struct str one, name, value;
        str_cut(text, '&', &one, &text);
        if (!str_cut(one, '=', &name, &value))
            return address_error(err);
        class_ = parameter_read(name, value, arena, out, err);
    }
    return class_;
}

/* "HOST", "HOST:PORT", "[::1]:PORT" */
static enum err_class host_read(struct str text, struct arena *arena, struct maria_address *out,
                                struct err *err)
{
    struct str host = text, port = STR_NONE;
    size_t bracket = str_find_char(text, ']');
    if (text.len && text.ptr[0] == '[' && bracket != SIZE_MAX) {
        host = str_sub(text, 1, bracket);
        port = str_sub(text, bracket + 1, text.len);
        if (port.len > 0 && port.ptr[0] != ':')
            return address_error(err);
        port = port.len ? str_sub(port, 1, port.len) : STR_NONE;
    } else {
        str_cut(text, ':', &host, &port);
    }
    int64_t number = PORT_DEFAULT;
    if (port.len && (!str_to_i64(port, &number) || number < 1 || number > PORT_MAX))
        return address_error(err);
    out->port = (unsigned)number;
    return part_read(host, arena, &out->host, err);
}

enum err_class maria_address_read(struct str url, struct arena *arena, struct maria_address *out,
                                  struct err *err)
{
    *out = (struct maria_address){.port = PORT_DEFAULT};
    size_t scheme = str_find(url, STR("://"));
    if (scheme == SIZE_MAX)
        return address_error(err);
    struct str rest = str_sub(url, scheme + 3, url.len), query = STR_NONE, place, database;
    str_cut(rest, '?', &rest, &query);
    if (!str_cut(rest, '/', &place, &database))
        return address_error(err);
    struct str login = STR_NONE, host = place, user, password = STR_NONE;
    if (str_find_char(place, '@') != SIZE_MAX)
        str_cut(place, '@', &login, &host);
    /* A password whose @ / : were not written as %XX ends up in other parts, and those are shown. */
    if (str_find_char(host, '@') != SIZE_MAX || str_find_char(database, '@') != SIZE_MAX ||
        str_find_char(database, '/') != SIZE_MAX || str_find_char(database, ':') != SIZE_MAX)
        return address_error(err);
    if (!str_cut(login, ':', &user, &password))
        user = login;
    enum err_class class_ = part_read(user, arena, &out->user, err);
    if (!class_)
        class_ = part_read(password, arena, &out->password, err);
    if (!class_)
        class_ = host_read(host, arena, out, err);
    if (!class_)
        class_ = part_read(database, arena, &out->database, err);
    if (!class_)
        class_ = parameters_read(query, arena, out, err);
    if (!class_ && !out->database)
        class_ = address_error(err);
    return class_;
}

enum err_class maria_target(struct arena *arena, struct str url, struct store_target *target,
                            struct err *err)
{
    struct maria_address address;
    enum err_class class_ = memchr(url.ptr, 0, url.len)
                                ? address_error(err)
                                : maria_address_read(url, arena, &address, err);
    if (class_)
        return class_;
    const char *user = address.user ? address.user : "";
    struct str name = address.socket
                          ? arena_printf(arena, "mysql://%s%slocal/%s", user, *user ? "@" : "",
                                         address.database)
                          : arena_printf(arena, "mysql://%s%s%s:%u/%s", user, *user ? "@" : "",
                                         address.host ? address.host : "localhost", address.port,
                                         address.database);
    target->name = name.ptr;
    target->address = arena_dup(arena, url).ptr;
    return target->name && target->address ? ERR_OK : err_no_memory(err);
}
