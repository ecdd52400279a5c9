/* A page on its way to rows: map.c walks its records, map_field.c fills cells. Private to the room. */
#ifndef HUILIU_CONNECTOR_MAPPER_H
#define HUILIU_CONNECTOR_MAPPER_H

#include "connector/plan.h"

struct mapper {
    const struct connector *connector;
    const struct stream_plan *plan;
    const struct facts *facts;
    const struct zone *zone;
    struct arena *arena;
    struct str currency; /* where a record names none */
    struct cipher_key keys[CIPHERS_MAX];
    bool keys_made[CIPHERS_MAX];
    size_t ciphers_room, rejects_room, unknown_room;
    struct mapped *out;
    struct err *err;
};

/* One row on its way into a batch. */
struct row {
    size_t table; /* index in the stream's tables */
    const struct table_plan *plan;
    struct batch *batch;
    const struct path_record *record;
    const struct json *whole; /* the main record, which a reject keeps */
    size_t at;
    int exponent;
};

/* ERR_SKIP_RECORD with *why: the record is refused. */
enum err_class field_map(struct mapper *m, const struct row *row, const struct field_plan *field,
                         struct err *why);

#endif
