/* A request on its way: request_params.c evaluates it, request.c signs and writes it. Private to the
 * room. */
#ifndef HUILIU_CONNECTOR_BUILDER_H
#define HUILIU_CONNECTOR_BUILDER_H

#include "connector/plan.h"

struct param_set {
    struct param *items; /* room for those of the plan and a signature */
    size_t len;
};
struct builder {
    const struct connector *connector;
    const struct endpoint_plan *plan;
    struct scope scope;
    struct expr_env env;
    struct arena *arena;
    struct param_set sets[PLACES];
    struct str path;      /* as written, for signing */
    struct str address;   /* without query */
    struct str signature; /* given when the request is made again to be shown */
    struct err *err;
};

/* What was written to `buf`, as a text of the arena; frees the buf. */
enum err_class builder_take(struct builder *b, struct buf *buf, struct str *out);
/* Evaluates the parameters of every place into b->sets. */
enum err_class builder_params(struct builder *b);

#endif
