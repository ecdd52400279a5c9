/* coord-bench: what one budget_take costs, asked of one process alone, of Redis and of the database. It starts a Redis of its
 * own; the database is a server's where HUILIU_TEST_STORE names one, else SQLite. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coord/database_fixture.h"
#include "coord/redis_fixture.h"

enum { TAKES = 3000, THREADS = 8 };
static const struct budget_limit plenty = {BUDGET_BUCKET, 1000000, 1000, 1000000};

struct taker {
    struct coord *coord;
    size_t keys;
    int64_t took_ns[TAKES];
    pthread_t thread;
};

static void *takes_run(void *context)
{
    struct taker *taker = context;
    const struct budget_ask asks[] = {{STR("p/all"), plenty, 1000},
                                      {STR("p/app:1/api"), plenty, 1000},
                                      {STR("p/shop:7/orders"), plenty, 1000}};
    for (size_t i = 0; i < TAKES; i++) {
        int64_t start_ms, began_ns = clock_monotonic_ns();
        struct err err = {0};
        enum err_class class_ = budget_take(taker->coord, asks, taker->keys,
                                            (struct budget_comer){.rank = 0}, clock_now_ms(), 200,
                                            &start_ms, &err);
        taker->took_ns[i] = clock_monotonic_ns() - began_ns;
        if (class_ != ERR_OK && strcmp(err.code, "budget") != 0) {
            fprintf(stderr, "%s: %s\n", err.code, err.message);
            exit(1);
        }
    }
    return NULL;
}

static int i64_cmp(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void one_measure(const char *name, struct coord *coord, size_t keys)
{
    static struct taker taker;
    taker = (struct taker){.coord = coord, .keys = keys};
    takes_run(&taker);
    qsort(taker.took_ns, TAKES, sizeof(taker.took_ns[0]), i64_cmp);
    printf("bench coord.%s.%zu %.1f us limit - ratio -\n", name, keys,
           (double)taker.took_ns[TAKES / 2] / 1000);
    printf("# p99 %.1f us\n", (double)taker.took_ns[TAKES / 100 * 99] / 1000);
}

static void threads_measure(const char *name, struct coord *coord)
{
    static struct taker takers[THREADS];
    int64_t began_ns = clock_monotonic_ns();
    for (int i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){.coord = coord, .keys = 1};
        pthread_create(&takers[i].thread, NULL, takes_run, &takers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(takers[i].thread, NULL);
    double seconds = (double)(clock_monotonic_ns() - began_ns) / 1e9;
    printf("bench coord.%s.threads %.0f takes/s limit - ratio -\n", name,
           THREADS * TAKES / seconds);
}

static void measure(const char *name, struct coord *coord)
{
    one_measure(name, coord, 1);
    one_measure(name, coord, 3);
    threads_measure(name, coord);
    coord_close(coord);
    fflush(stdout);
}

int main(void)
{
    struct database_home home;
    struct redis_server server = {0};
    struct coord *coord;
    if (coord_open_local(&coord, NULL) == ERR_OK)
        measure("local", coord);
    if (redis_server_start(&server)) {
        const struct coord_redis_options options = {
            .url = str_of(server.url), .prefix = STR("bench"), .seed = 1};
        if (coord_open_redis(&options, &coord, NULL) == ERR_OK)
            measure("redis", coord);
        redis_server_stop(&server);
    }
    database_start(&home);
    measure(database_is_server() ? "postgres" : "sqlite", database_coord(&home, false));
    database_stop(&home);
    return 0;
}
