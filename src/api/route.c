/* Which route a request means: the one whose literal segments fit, before those where a parameter stands. */
#include <string.h>

#include "api/api_internal.h"
#include "api/path.h"

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *route_method_name(enum route_method method)
{
    return method_names[method];
}

bool route_method_parse(struct str text, enum route_method *out)
{
    for (size_t i = 0; i < sizeof(method_names) / sizeof(*method_names); i++) {
        if (str_eq(text, str_of(method_names[i]))) {
            *out = (enum route_method)i;
            return true;
        }
    }
    return false;
}

static void allow(struct call_frame *frame, enum route_method method)
{
    const char *name = method_names[method];
    for (size_t i = 0; i < frame->allowed_len; i++)
        if (frame->allowed[i] == name)
            return;
    if (frame->allowed_len < sizeof(frame->allowed) / sizeof(*frame->allowed))
        frame->allowed[frame->allowed_len++] = name;
}

size_t route_body_bytes(struct str method, struct str path_raw)
{
    struct str values[PATH_VALUES_MAX];
    enum route_method wanted;
    size_t most = API_BODY_BYTES_MAX;
    if (!route_method_parse(method, &wanted))
        return most;
    for (const struct route *const *table = route_tables; *table; table++)
        for (const struct route *route = *table; route->path; route++)
            if (route->method == wanted && route->body_bytes_max > most &&
                path_fits(str_of(route->path), path_raw, values, PATH_VALUES_MAX) != SIZE_MAX)
                most = route->body_bytes_max;
    return most;
}

enum err_class route_match(struct call_frame *frame, struct err *err)
{
    const struct http_request *request = frame->call.request;
    struct str values[PATH_VALUES_MAX];
    enum route_method method;
    size_t best = SIZE_MAX;
    frame->head = str_eq(request->method, STR("HEAD"));
    bool known = route_method_parse(frame->head ? STR("GET") : request->method, &method);
    for (const struct route *const *table = route_tables; *table; table++) {
        for (const struct route *route = *table; route->path; route++) {
            size_t len = path_fits(str_of(route->path), request->path_raw, values, PATH_VALUES_MAX);
            if (len == SIZE_MAX)
                continue;
            allow(frame, route->method);
            if (!known || route->method != method || (best != SIZE_MAX && len >= best))
                continue;
            best = len;
            frame->call.route = route;
            memcpy(frame->path_values, values, sizeof(values));
        }
    }
    for (size_t i = 0; frame->call.route && i < best; i++) {
        frame->path_values[i] = path_value(frame->path_values[i], frame->call.arena);
        if (!frame->path_values[i].ptr)
            return err_no_memory(err);
    }
    if (frame->call.route)
        return ERR_OK;
    if (frame->allowed_len > 0)
        return err_set(err, ERR_USAGE, "method_not_allowed", "this address does not take %.*s",
                       STR_ARG(utf8_cut(request->method, 20)));
    return err_set(err, ERR_NOT_FOUND, "route", "there is nothing at this address");
}
