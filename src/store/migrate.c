/* Migrations: step N is what the table definitions bring with number N, then the hand-written file
 * of that number. A step and the line that says it was taken are one transaction. */
#include "store/internal.h"
#include "store/sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    /* The whole of today's DDL is 12 KB. */
    STEP_TEXT_BYTES_MAX = 1024 * 1024,
    CHECKSUM_TEXT_BYTES = 17,
};

/* FNV-1a, 64 bits: it must notice an edit, not resist an enemy, and may never change. */
static void checksum_write(struct str text, char out[CHECKSUM_TEXT_BYTES])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++) {
        hash ^= (unsigned char)text.ptr[i];
        hash *= UINT64_C(0x100000001b3);
    }
    snprintf(out, CHECKSUM_TEXT_BYTES, "%016" PRIx64, hash);
}

/* "schema/migrations/0002-order-views.sqlite.sql" is step 2 on SQLite; 0 for other databases'. */
static unsigned file_number(const struct embedded_file *file, const struct store_ops *ops)
{
    struct str name = str_of(file->name);
    for (size_t slash = str_find_char(name, '/'); slash != SIZE_MAX;
         slash = str_find_char(name, '/'))
        name = str_sub(name, slash + 1, name.len);
    char end[32];
    snprintf(end, sizeof(end), ".%s.sql", ops->name);
    int64_t number;
    if (!str_ends(name, str_of(end)) || !str_to_i64(str_sub(name, 0, 4), &number) || number < 1)
        return 0;
    return (unsigned)number;
}

unsigned migrations_newest(const struct store_ops *ops, const struct table_catalog *catalog,
                           const struct embedded_file *files)
{
    unsigned newest = catalog->newest;
    for (; files->name; files++) {
        unsigned number = file_number(files, ops);
        newest = number > newest ? number : newest;
    }
    return newest;
}

enum err_class migrations_applied(struct conn *conn, unsigned *out, struct err *err)
{
    struct sql_value name = sql_text(STR("migration"));
    int64_t there = 0, number = 0;
    enum err_class class_ = conn_read_int(conn, conn->ops->dialect->has_table, &name, 1, 0, &there,
                                          err);
    if (!class_ && there)
        class_ = conn_read_int(conn, SQL_MIGRATION_NEWEST, NULL, 0, 0, &number, err);
    if (!class_)
        *out = (unsigned)number;
    return class_;
}

enum err_class migrations_guard(struct conn *conn, const struct store_target *target,
                                unsigned newest, struct err *err)
{
    unsigned applied = 0;
    enum err_class class_ = migrations_applied(conn, &applied, err);
    if (!class_ && applied > newest)
        class_ = err_set(err, ERR_STORE, "store_newer",
                         "%s: the database is at step %u, this program knows %u; use the newer "
                         "program",
                         target->name, applied, newest);
    return class_;
}

static void step_write(struct buf *out, const struct store_ops *ops,
                       const struct table_catalog *catalog, const struct embedded_file *files,
                       unsigned number)
{
    ddl_write(out, catalog, number, ops->dialect);
    for (; files->name; files++)
        if (file_number(files, ops) == number)
            buf_add_bytes(out, files->bytes, files->bytes_len);
}

struct migration {
    struct conn *conn;
    const struct store_target *target;
    unsigned number;
    struct str text; /* terminated */
    char checksum[CHECKSUM_TEXT_BYTES];
};

/* *there: the step was taken before, with this text. */
static enum err_class step_compare(const struct migration *m, bool *there, struct err *err)
{
    const struct store_ops *ops = m->conn->ops;
    unsigned applied;
    enum err_class class_ = migrations_applied(m->conn, &applied, err);
    *there = false;
    if (class_ || applied == 0)
        return class_;
    struct stmt *stmt;
    class_ = ops->prepare(m->conn, SQL_MIGRATION_CHECKSUM, &stmt, err);
    if (class_)
        return class_;
    struct sql_value number = sql_int(m->number);
    class_ = stmt_run(stmt, &number, 1, there, err);
    if (!class_ && *there && !str_eq(ops->column_text(stmt, 0), str_of(m->checksum)))
        class_ = err_set(err, ERR_STORE, "store_checksum",
                         "%s: migration %u was %.*s when it was applied and is %s now; use the "
                         "program that fits the database",
                         m->target->name, m->number, STR_ARG(ops->column_text(stmt, 0)),
                         m->checksum);
    ops->release(stmt);
    return class_;
}

static enum err_class step_take(const struct migration *m, struct err *err)
{
    enum err_class class_ = m->conn->ops->script(m->conn, m->text.ptr, err);
    if (class_)
        return class_;
    char name[32];
    snprintf(name, sizeof(name), "step %u", m->number);
    const struct sql_value values[] = {sql_int(m->number), sql_text(str_of(name)),
                                       sql_text(str_of(m->checksum)), sql_int(clock_now_ms())};
    class_ = conn_exec(m->conn, SQL_MIGRATION_ADD, values, 4, NULL, err);
    if (!class_ && FAIL_POINT("store.migrate.step"))
        class_ = err_set(err, ERR_STORE, "store_io", "fail point store.migrate.step");
    return class_;
}

/* Compares inside the transaction: another process may be migrating too. */
static enum err_class step_run(const struct migration *m, unsigned *applied_now, struct err *err)
{
    const struct store_ops *ops = m->conn->ops;
    enum err_class class_ = ops->begin(m->conn, err);
    if (class_)
        return class_;
    bool there;
    class_ = step_compare(m, &there, err);
    if (!class_ && !there)
        class_ = step_take(m, err);
    if (!class_)
        class_ = ops->commit(m->conn, err);
    if (class_)
        ops->rollback(m->conn);
    else if (!there)
        ++*applied_now;
    return class_;
}

static enum err_class step_finish(const struct migration *m, unsigned *applied_now, struct err *err)
{
    struct err why = {.class_ = ERR_OK};
    enum err_class class_ = step_run(m, applied_now, &why);
    for (int tries = 1;
         class_ && transaction_deserves_another(&why) && tries < TRANSACTION_TRIES_MAX; tries++)
        class_ = step_run(m, applied_now, &why);
    if (class_ && err)
        *err = why;
    return class_;
}

/* Comments are no part of a step, whose text may never change: they are written anew when a step was
 * taken. */
static enum err_class comments_write(struct conn *conn, const struct table_catalog *catalog,
                                     struct buf *text, struct err *err)
{
    const struct store_ops *ops = conn->ops;
    if (ops->dialect->comments == DDL_COMMENT_NONE)
        return ERR_OK;
    buf_reset(text);
    ddl_write_comments(text, catalog, ops->dialect);
    buf_add_char(text, 0);
    if (text->failed)
        return err_no_memory(err);
    enum err_class class_ = ops->begin(conn, err);
    if (class_)
        return class_;
    class_ = ops->script(conn, text->ptr, err);
    if (!class_)
        class_ = ops->commit(conn, err);
    if (class_)
        ops->rollback(conn);
    return class_;
}

/* The text of m->number and its checksum, in `text`. */
static enum err_class step_make(struct migration *m, const struct table_catalog *catalog,
                                const struct embedded_file *files, struct buf *text,
                                struct err *err)
{
    buf_reset(text);
    step_write(text, m->conn->ops, catalog, files, m->number);
    buf_add(text, STR("\n"));
    m->text = buf_str(text);
    if (text->failed)
        return err_no_memory(err);
    checksum_write(m->text, m->checksum);
    return ERR_OK;
}

enum err_class migrations_compare(struct conn *conn, const struct store_target *target,
                                  const struct table_catalog *catalog,
                                  const struct embedded_file *files, struct err *err)
{
    unsigned newest = migrations_newest(conn->ops, catalog, files);
    struct migration m = {.conn = conn, .target = target};
    struct buf text;
    bool there;
    buf_init(&text, STEP_TEXT_BYTES_MAX);
    enum err_class class_ = ERR_OK;
    for (m.number = 1; !class_ && m.number <= newest; m.number++) {
        class_ = step_make(&m, catalog, files, &text, err);
        if (!class_)
            class_ = step_compare(&m, &there, err);
    }
    buf_fini(&text);
    return class_;
}

enum err_class migrations_run(struct conn *conn, const struct store_target *target,
                              const struct table_catalog *catalog,
                              const struct embedded_file *files, unsigned *applied_now,
                              struct err *err)
{
    unsigned newest = migrations_newest(conn->ops, catalog, files);
    struct migration m = {.conn = conn, .target = target};
    struct buf text;
    buf_init(&text, STEP_TEXT_BYTES_MAX);
    *applied_now = 0;
    enum err_class class_ = migrations_guard(conn, target, newest, err);
    for (m.number = 1; !class_ && m.number <= newest; m.number++) {
        class_ = step_make(&m, catalog, files, &text, err);
        if (!class_)
            class_ = step_finish(&m, applied_now, err);
    }
    if (!class_ && *applied_now > 0)
        class_ = comments_write(conn, catalog, &text, err);
    buf_fini(&text);
    return class_;
}
