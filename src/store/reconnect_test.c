/* When a server is asked again, and when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/reconnect.h"

struct server {
    enum err_class says[3]; /* ERR_OK ends it */
    int asked;
};
static struct server server;

static enum err_class answer(struct conn *conn, struct err *err)
{
    assert_null(conn);
    enum err_class class_ = server.says[server.asked++];
    return class_ == ERR_OK ? ERR_OK : err_set(err, class_, "test", "try %d", server.asked);
}

static void a_server_that_is_not_there_is_waited_for(void **state)
{
    (void)state;
    server = (struct server){.says = {ERR_STORE, ERR_OK}};
    int64_t before_ms = real_now_ms();
    assert_int_equal(reconnect(NULL, CONN_WRITER, answer, NULL), ERR_OK);
    assert_int_equal(server.asked, 2);
    assert_true(real_now_ms() - before_ms >= 50);
}

static void what_does_not_mend_itself_is_told_at_once(void **state)
{
    (void)state;
    struct err err;
    server = (struct server){.says = {ERR_STORE, ERR_CONFIG}};
    assert_int_equal(reconnect(NULL, CONN_READER, answer, &err), ERR_CONFIG);
    assert_int_equal(server.asked, 2);
    assert_string_equal(err.message, "try 2");
}

static void at_the_side_nobody_waits(void **state)
{
    (void)state;
    server = (struct server){.says = {ERR_STORE, ERR_OK}};
    assert_int_equal(reconnect(NULL, CONN_SIDE, answer, NULL), ERR_STORE);
    assert_int_equal(server.asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_not_there_is_waited_for),
        cmocka_unit_test(what_does_not_mend_itself_is_told_at_once),
        cmocka_unit_test(at_the_side_nobody_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
