/* queue-bench lanes|stuck|pickup [JOBS [THREADS]]: tasks that do nothing, on the server of HUILIU_TEST_STORE, or
 * in a SQLite file of the folder where that is not set. Prints lines of JSON: when the tasks are made, and when
 * they are done.
 *
 *   lanes   JOBS tasks in 200 lanes are there; how long until the last one has ended
 *   stuck   the same beside 100,000 tasks behind two lanes that are at work all the time
 *   pickup  50 tasks a second, each made by this process and told to its workers; ms until each begins
 *
 * It is the product's own queue: enqueue, claim, lease, end. That every task ran once, one of a lane at a time
 * and in order is checked by the handler; what it finds wrong ends the program. */
#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/bare.h"
#include "bench/pages.h"
#include "queue/queue.h"

enum {
    QUEUE_LANES = 200,
    STUCK_LANES = 2,
    STUCK_TASKS = 100000,
    JOBS_DEFAULT = 100000,
    JOBS_MAX = 2000000,
    THREADS_DEFAULT = 8,
    ENQUEUED_AT_ONCE = 1000,
    PICKUPS_A_SECOND = 50,
    PICKUPS = 1000,
    LOOK_NS = 1000 * 1000,
};

struct lane {
    atomic_int at_once;
    atomic_llong next; /* number of the task that has its turn */
};
struct bench {
    struct store *store;
    struct lane lanes[QUEUE_LANES + 1];
    atomic_llong done;
    atomic_bool let_go;            /* for who works all the time */
    atomic_llong made_ns[PICKUPS]; /* pickup: when a task was made, and how long it waited */
    int64_t waited_ns[PICKUPS];
    bool pickup;
};

static struct store *store_make(const struct table_catalog *catalog)
{
    static char text[512];
    const char *server = getenv("HUILIU_TEST_STORE");
    struct store *store;
    struct err err;
    unsigned applied;
    if (server) {
        PGconn *link = PQconnectdb(server);
        PQclear(PQexec(link, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS bench_queue"
                             " CASCADE; CREATE SCHEMA bench_queue"));
        PQfinish(link);
        snprintf(text, sizeof(text), "%s?options=-csearch_path%%3Dbench_queue", server);
    } else {
        unlink("queue-bench.db");
        snprintf(text, sizeof(text), "sqlite:queue-bench.db");
    }
    struct store_options options = {
        .url = str_of(text), .home = STR("."), .catalog = catalog, .create = true};
    must(store_open(&options, &store, &err), &err);
    must(store_migrate(store, &applied, &err), &err);
    return store;
}

static int64_t number_of(const struct task *task)
{
    int64_t number;
    if (!str_to_i64(task->payload, &number))
        bare_die("payload", "it is no number");
    return number;
}

static enum task_end lane_task(void *context, const struct task *task, struct task_outcome *outcome)
{
    struct bench *bench = context;
    struct lane *lane = &bench->lanes[task->lane];
    int64_t number = number_of(task);
    if (atomic_fetch_add(&lane->at_once, 1) != 0)
        bare_die("lane", "two tasks at once");
    if (bench->pickup)
        bench->waited_ns[number] = clock_monotonic_ns() - atomic_load(&bench->made_ns[number]);
    else if (atomic_fetch_add(&lane->next, 1) != number)
        bare_die("lane", "a task ran twice, or out of its order");
    atomic_fetch_sub(&lane->at_once, 1);
    (void)outcome;
    atomic_fetch_add(&bench->done, 1);
    return TASK_OVER;
}

/* Holds its lane until the others are through. */
static enum task_end stuck_task(void *context, const struct task *task,
                                struct task_outcome *outcome)
{
    struct bench *bench = context;
    (void)task;
    while (!atomic_load(&bench->let_go) && !__atomic_load_n(outcome->stopping, __ATOMIC_ACQUIRE))
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    outcome->again_ms = clock_now_ms();
    return TASK_AGAIN;
}

/* --- making tasks --- */

struct wanted {
    int64_t first, end, lanes, first_lane;
    const char *kind;
};

static enum err_class enqueue_work(struct tx *tx, void *context, struct err *err)
{
    const struct wanted *wanted = context;
    int64_t now_ms = clock_now_ms();
    enum err_class class_ = ERR_OK;
    for (int64_t i = wanted->first; !class_ && i < wanted->end; i++) {
        char number[24];
        snprintf(number, sizeof(number), "%lld", (long long)(i / wanted->lanes));
        struct task_new task = {.lane = wanted->first_lane + i % wanted->lanes,
                                .class_ = TASK_LIVE,
                                .kind = str_of(wanted->kind),
                                .unique_key = str_of(number),
                                .payload = str_of(number),
                                .ready_ms = now_ms};
        class_ = queue_enqueue_in(tx, &task, now_ms, err);
    }
    return class_;
}

static double tasks_make(struct store *store, struct wanted wanted)
{
    int64_t start_ns = clock_monotonic_ns(), end = wanted.end;
    struct err err;
    for (; wanted.first < end; wanted.first = wanted.end) {
        wanted.end = wanted.first + ENQUEUED_AT_ONCE < end ? wanted.first + ENQUEUED_AT_ONCE : end;
        must(store_write(store, enqueue_work, &wanted, &err), &err);
    }
    return bare_seconds_since(start_ns);
}

static enum err_class shops_work(struct tx *tx, void *context, struct err *err)
{
    enum err_class class_ = ERR_OK;
    (void)context;
    for (int64_t i = 1; !class_ && i <= QUEUE_LANES + STUCK_LANES; i++) {
        char name[24];
        snprintf(name, sizeof(name), "shop %d", (int)i);
        const struct sql_value values[] = {sql_text(STR("bench")), sql_text(str_of(name))};
        class_ = tx_exec(tx,
                         "INSERT INTO shop (name, platform, external_id, state, created_ms)"
                         " VALUES (?2, ?1, ?2, 'active', 0)",
                         values, 2, NULL, err);
    }
    return class_;
}

/* --- running them --- */

static struct workers *workers_begin(struct bench *bench, unsigned threads)
{
    static struct task_handler handlers[2];
    struct workers *workers;
    struct err err;
    handlers[0] = (struct task_handler){"lane", lane_task, bench};
    handlers[1] = (struct task_handler){"stuck", stuck_task, bench};
    struct workers_options options = {.store = bench->store,
                                      .name = STR("bench"),
                                      .threads = threads,
                                      .handlers = handlers,
                                      .handlers_len = 2};
    must(workers_start(&options, &workers, &err), &err);
    return workers;
}

static int64_t lanes_left(struct bench *bench)
{
    int64_t left;
    struct err err;
    must(store_read_int(bench->store, "SELECT count(*) FROM task WHERE kind = 'lane'", NULL, 0, 0,
                        &left, &err),
         &err);
    return left;
}

/* Until the last has ended, and is known to have. */
static void lanes_wait(struct bench *bench, int64_t jobs)
{
    while (atomic_load(&bench->done) < jobs)
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    while (lanes_left(bench) > 0)
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* As for the rivals: in the long run a server has looked through its tables. */
static void server_analyze(void)
{
    const char *server = getenv("HUILIU_TEST_STORE");
    if (!server)
        return;
    PGconn *link = PQconnectdb(server);
    PQclear(PQexec(link, "ANALYZE"));
    PQfinish(link);
}

static void run_lanes(struct bench *bench, int64_t jobs, unsigned threads, bool stuck)
{
    double made = tasks_make(
        bench->store,
        (struct wanted){.end = jobs, .lanes = QUEUE_LANES, .first_lane = 1, .kind = "lane"});
    if (stuck)
        tasks_make(bench->store, (struct wanted){.end = STUCK_TASKS,
                                                 .lanes = STUCK_LANES,
                                                 .first_lane = QUEUE_LANES + 1,
                                                 .kind = "stuck"});
    server_analyze();
    printf("{\"made\": %lld, \"seconds\": %.3f}\n", (long long)jobs, made);
    fflush(stdout);
    double cpu = cpu_seconds();
    int64_t start_ns = clock_monotonic_ns();
    struct workers *workers = workers_begin(bench, threads + (stuck ? STUCK_LANES : 0));
    lanes_wait(bench, jobs);
    double seconds = bare_seconds_since(start_ns);
    cpu = cpu_seconds() - cpu;
    atomic_store(&bench->let_go, true);
    workers_stop(workers);
    for (int i = 1; i <= QUEUE_LANES; i++)
        if (atomic_load(&bench->lanes[i].next) != jobs / QUEUE_LANES)
            bare_die("lane", "not every task ran");
    printf("{\"jobs\": %lld, \"seconds\": %.4f, \"cpu_seconds\": %.3f}\n", (long long)jobs, seconds,
           cpu);
}

static int waited_compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static void run_pickup(struct bench *bench, unsigned threads)
{
    struct err err;
    bench->pickup = true;
    struct workers *workers = workers_begin(bench, threads);
    int64_t start_ns = clock_monotonic_ns();
    for (int64_t i = 0; i < PICKUPS; i++) {
        int64_t at_ns = start_ns + i * (1000000000 / PICKUPS_A_SECOND);
        int64_t early_ns = at_ns - clock_monotonic_ns();
        if (early_ns > 0)
            nanosleep(&(struct timespec){.tv_sec = early_ns / 1000000000,
                                         .tv_nsec = early_ns % 1000000000},
                      NULL);
        char number[24];
        snprintf(number, sizeof(number), "%lld", (long long)i);
        struct task_new task = {.lane = 1 + i % QUEUE_LANES,
                                .kind = STR("lane"),
                                .unique_key = str_of(number),
                                .payload = str_of(number),
                                .ready_ms = clock_now_ms()};
        atomic_store(&bench->made_ns[i], clock_monotonic_ns());
        must(queue_enqueue(bench->store, &task, task.ready_ms, &err), &err);
        workers_nudge(workers);
    }
    lanes_wait(bench, PICKUPS);
    workers_stop(workers);
    qsort(bench->waited_ns, PICKUPS, sizeof(bench->waited_ns[0]), waited_compare);
    printf("{\"jobs\": %d, \"p50_ms\": %.2f, \"p95_ms\": %.2f}\n", PICKUPS,
           (double)bench->waited_ns[PICKUPS / 2] / 1e6,
           (double)bench->waited_ns[PICKUPS * 95 / 100] / 1e6);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    int64_t jobs = argc > 2 ? atoll(argv[2]) : JOBS_DEFAULT;
    unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : THREADS_DEFAULT;
    bool stuck = strcmp(mode, "stuck") == 0, pickup = strcmp(mode, "pickup") == 0;
    if ((!stuck && !pickup && strcmp(mode, "lanes") != 0) || jobs < QUEUE_LANES ||
        jobs > JOBS_MAX || threads == 0)
        bare_die("usage", "queue-bench lanes|stuck|pickup [JOBS [THREADS]]");
    jobs -= jobs % QUEUE_LANES;
    static struct bench bench;
    struct arena arena;
    struct table_catalog *catalog;
    struct err err;
    arena_init(&arena);
    must(store_schema(&arena, &catalog, &err), &err);
    bench.store = store_make(catalog);
    must(store_write(bench.store, shops_work, NULL, &err), &err);
    if (pickup)
        run_pickup(&bench, threads);
    else
        run_lanes(&bench, jobs, threads, stuck);
    store_close(bench.store);
    arena_fini(&arena);
    return 0;
}
