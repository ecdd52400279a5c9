/* What the tests of this room share. Not part of the product. */
#ifndef HUILIU_CONNECTOR_TESTING_H
#define HUILIU_CONNECTOR_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the headers above. */
#include <cmocka.h>

#include "connector/connector.h"

/* A file below the repository, in the arena. */
static inline struct str test_file(struct arena *arena, const char *path)
{
    struct str full = arena_printf(arena, "%s/%s", HUILIU_SOURCE_ROOT, path);
    FILE *file = fopen(full.ptr, "rb");
    if (!file)
        fail_msg("%s cannot be read", full.ptr);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    rewind(file);
    char *bytes = arena_alloc(arena, (size_t)len + 1);
    assert_int_equal(fread(bytes, 1, (size_t)len, file), len);
    fclose(file);
    return (struct str){bytes, (size_t)len};
}

/* The tables that the product has. */
static inline const struct table_catalog *test_catalog(struct arena *arena)
{
    struct table_catalog *catalog;
    struct err err = {0};
    struct str text = test_file(arena, "schema/tables.yaml");
    if (table_catalog_parse(STR("schema/tables.yaml"), text, arena, &catalog, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return catalog;
}

static inline struct connector *test_load(struct arena *arena, struct str file, struct str text)
{
    struct connector *connector;
    struct err err = {0};
    if (connector_load(file, text, test_catalog(arena), &connector, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return connector;
}

static inline struct connector *test_builtin(struct arena *arena, const char *platform)
{
    struct str name = arena_printf(arena, "connectors/%s.yaml", platform);
    for (const struct embedded_file *file = connector_builtin_files(); file->name; file++)
        if (str_eq(str_of(file->name), name))
            return test_load(arena, name, (struct str){(const char *)file->bytes, file->bytes_len});
    fail_msg("%s is not built in", name.ptr);
    return NULL;
}

static inline void assert_str(struct str found, const char *expected)
{
    if (!str_eq(found, str_of(expected)))
        fail_msg("expected \"%s\", found \"%.*s\"", expected, STR_ARG(found));
}

static inline void assert_good(enum err_class class_, const struct err *err)
{
    if (class_ != ERR_OK)
        fail_msg("%s: %s", err->code, err->message);
}

#endif
