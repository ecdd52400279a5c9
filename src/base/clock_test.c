#include "base/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The tests of the test clock fork before they set it up: a process joins the clock by itself, as
 * huiliu and the sandbox do. Their failure is often a time-out of the whole test: a clock that is
 * wrong tends to stand still. */

enum { START_MS = 1000000, HOUR_MS = 3600000, MINUTE_MS = 60000 };

static char clock_path[64];

static int choose_clock(void **state)
{
    (void)state;
    snprintf(clock_path, sizeof(clock_path), "/tmp/huiliu-clock-test-%d", (int)getpid());
    unlink(clock_path);
    setenv("HUILIU_CLOCK", clock_path, 1);
    setenv("HUILIU_CLOCK_START", "1000000", 1);
    return 0;
}

static int forget_clock(void **state)
{
    (void)state;
    unsetenv("HUILIU_CLOCK");
    unsetenv("HUILIU_CLOCK_START");
    unlink(clock_path);
    return 0;
}

static void join_clock(const char *name)
{
    struct err err;
    if (clock_setup(name, &err) != ERR_OK) {
        fprintf(stderr, "%s: %s\n", name, err.message);
        abort();
    }
    clock_thread_enter();
}

static void leave_clock(void)
{
    clock_thread_leave();
    clock_teardown();
}

struct thread_start {
    void (*run)(void *);
    void *arg;
};

static void *thread_main(void *arg)
{
    struct thread_start start = *(struct thread_start *)arg;
    free(arg);
    clock_thread_enter();
    clock_busy_end();
    start.run(start.arg);
    clock_thread_leave();
    return NULL;
}

/* Starts a thread that takes part; time stands still until it does. */
static pthread_t thread_start(void (*run)(void *), void *arg)
{
    struct thread_start *start = malloc(sizeof(*start));
    pthread_t thread;
    assert_non_null(start);
    *start = (struct thread_start){run, arg};
    clock_busy_begin();
    assert_int_equal(pthread_create(&thread, NULL, thread_main, start), 0);
    return thread;
}

/* Joining is idling too, but it is not a wait that the clock knows. */
static void thread_join(pthread_t thread)
{
    clock_busy_end();
    pthread_join(thread, NULL);
    clock_busy_begin();
}

static void *shared_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

/* The real clock. */

static void real_time_passes_the_deadline_of_a_wait(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct wait wait;
    assert_int_equal(clock_setup("clock_test", NULL), ERR_OK);
    assert_false(clock_is_test());
    wait_init(&wait);
    pthread_mutex_lock(&lock);
    assert_false(wait_for(&wait, &lock, clock_now_ms()));
    assert_false(wait_for(&wait, &lock, 0));
    int64_t deadline_ms = clock_now_ms() + 3;
    while (wait_for(&wait, &lock, deadline_ms))
        continue;
    assert_true(clock_now_ms() >= deadline_ms);
    pthread_mutex_unlock(&lock);
    wait_fini(&wait);
    assert_true(clock_sleep_until(clock_now_ms() + 1, NULL));
    bool stop = true;
    assert_false(clock_sleep_until(WAIT_FOREVER, &stop));
    clock_teardown();
}

struct mailbox {
    pthread_mutex_t lock;
    struct wait wait;
    bool full;
    int64_t sent_ms;
};

static void mailbox_init(struct mailbox *mailbox)
{
    *mailbox = (struct mailbox){.lock = PTHREAD_MUTEX_INITIALIZER};
    wait_init(&mailbox->wait);
}

static void *mailbox_fill(void *arg)
{
    struct mailbox *mailbox = arg;
    pthread_mutex_lock(&mailbox->lock);
    mailbox->full = true;
    mailbox->sent_ms = clock_now_ms();
    wait_signal(&mailbox->wait);
    pthread_mutex_unlock(&mailbox->lock);
    return NULL;
}

static void a_signal_ends_a_wait_in_real_time(void **state)
{
    (void)state;
    struct mailbox mailbox;
    pthread_t thread;
    mailbox_init(&mailbox);
    pthread_mutex_lock(&mailbox.lock);
    assert_int_equal(pthread_create(&thread, NULL, mailbox_fill, &mailbox), 0);
    while (!mailbox.full)
        assert_true(wait_for(&mailbox.wait, &mailbox.lock, WAIT_FOREVER));
    pthread_mutex_unlock(&mailbox.lock);
    pthread_join(thread, NULL);
    wait_fini(&mailbox.wait);
}

/* The test clock, one process. */

static void time_jumps_to_the_deadline_of_a_lone_sleeper(void **state)
{
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct wait wait;
    wait_init(&wait);
    join_clock("lone");
    assert_true(clock_is_test());
    assert_int_equal(clock_now_ms(), START_MS);
    assert_true(clock_sleep_until(START_MS + HOUR_MS, NULL));
    assert_int_equal(clock_now_ms(), START_MS + HOUR_MS);
    assert_true(clock_sleep_until(START_MS, NULL));
    pthread_mutex_lock(&lock);
    assert_false(wait_for(&wait, &lock, START_MS + 2 * HOUR_MS));
    assert_int_equal(clock_now_ms(), START_MS + 2 * HOUR_MS);
    assert_false(wait_for(&wait, &lock, START_MS + 2 * HOUR_MS));
    pthread_mutex_unlock(&lock);
    leave_clock();
    wait_fini(&wait);
}

static void time_goes_on_where_the_file_stands(void **state)
{
    (void)state;
    join_clock("first");
    clock_sleep_until(START_MS + 5, NULL);
    leave_clock();
    join_clock("second");
    assert_int_equal(clock_now_ms(), START_MS + 5);
    leave_clock();
}

static void a_reply_during_a_call_comes_before_the_deadline(void **state)
{
    (void)state;
    struct mailbox mailbox;
    pthread_t io_thread;
    mailbox_init(&mailbox);
    join_clock("call");
    for (int i = 0; i < 200; i++) {
        int64_t now_ms = clock_now_ms();
        pthread_mutex_lock(&mailbox.lock);
        mailbox.full = false;
        clock_busy_begin();
        /* It gets the mutex only once this thread waits, and everybody else is idle by then. */
        assert_int_equal(pthread_create(&io_thread, NULL, mailbox_fill, &mailbox), 0);
        assert_true(wait_for(&mailbox.wait, &mailbox.lock, now_ms + HOUR_MS));
        assert_true(mailbox.full);
        assert_int_equal(mailbox.sent_ms, now_ms);
        assert_int_equal(clock_now_ms(), now_ms);
        clock_busy_end();
        pthread_mutex_unlock(&mailbox.lock);
        pthread_join(io_thread, NULL);
    }
    leave_clock();
    wait_fini(&mailbox.wait);
}

enum { ROUNDS = 2000 };

static void consume(void *arg)
{
    struct mailbox *mailbox = arg;
    pthread_mutex_lock(&mailbox->lock);
    for (int i = 0; i < ROUNDS; i++) {
        while (!mailbox->full)
            wait_for(&mailbox->wait, &mailbox->lock, WAIT_FOREVER);
        mailbox->full = false;
        assert_int_equal(clock_now_ms(), mailbox->sent_ms);
    }
    pthread_mutex_unlock(&mailbox->lock);
}

static void a_signalled_thread_runs_before_time_moves(void **state)
{
    (void)state;
    struct mailbox mailbox;
    mailbox_init(&mailbox);
    join_clock("signal");
    pthread_t consumer = thread_start(consume, &mailbox);
    for (int i = 0; i < ROUNDS; i++) {
        mailbox_fill(&mailbox);
        clock_sleep_until(clock_now_ms() + 1, NULL);
    }
    thread_join(consumer);
    assert_int_equal(clock_now_ms(), START_MS + ROUNDS);
    leave_clock();
    wait_fini(&mailbox.wait);
}

enum { PLAYERS = 3, TURNS = 300 };

struct game {
    pthread_mutex_t lock;
    struct wait wait;
    int turn;
};

struct player {
    struct game *game;
    int number;
};

static void play(void *arg)
{
    struct player *player = arg;
    struct game *game = player->game;
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&game->lock);
        while (game->turn % PLAYERS != player->number)
            wait_for(&game->wait, &game->lock, WAIT_FOREVER);
        pthread_mutex_unlock(&game->lock);
        clock_sleep_until(clock_now_ms() + HOUR_MS, NULL);
        pthread_mutex_lock(&game->lock);
        game->turn++;
        wait_broadcast(&game->wait);
        pthread_mutex_unlock(&game->lock);
    }
}

static void threads_that_take_turns_sleep_weeks_in_no_time(void **state)
{
    (void)state;
    struct game game = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct player players[PLAYERS];
    pthread_t threads[PLAYERS];
    wait_init(&game.wait);
    join_clock("game");
    for (int i = 0; i < PLAYERS; i++) {
        players[i] = (struct player){&game, i};
        threads[i] = thread_start(play, &players[i]);
    }
    for (int i = 0; i < PLAYERS; i++)
        thread_join(threads[i]);
    assert_int_equal(clock_now_ms(), START_MS + (int64_t)PLAYERS * TURNS * HOUR_MS);
    leave_clock();
    wait_fini(&game.wait);
}

struct queue {
    pthread_mutex_t lock;
    struct wait wait;
    int waiting;
    int woken;
    int woken_by_time;
    int order[3];
};

struct queue_thread {
    struct queue *queue;
    int number;
};

static void queue_wait(void *arg)
{
    struct queue_thread *self = arg;
    struct queue *queue = self->queue;
    pthread_mutex_lock(&queue->lock);
    queue->waiting++;
    bool signalled = wait_for(&queue->wait, &queue->lock, START_MS + HOUR_MS);
    queue->order[queue->woken++] = self->number;
    queue->woken_by_time += !signalled;
    pthread_mutex_unlock(&queue->lock);
}

/* Starts three threads; they wait in the order of their numbers. */
static void queue_fill(struct queue *queue, struct queue_thread selves[3], pthread_t threads[3])
{
    *queue = (struct queue){.lock = PTHREAD_MUTEX_INITIALIZER};
    wait_init(&queue->wait);
    for (int i = 0; i < 3; i++) {
        selves[i] = (struct queue_thread){queue, i};
        threads[i] = thread_start(queue_wait, &selves[i]);
        /* One idle millisecond passes only when the new thread is idle too. */
        clock_sleep_until(clock_now_ms() + 1, NULL);
    }
    pthread_mutex_lock(&queue->lock);
    assert_int_equal(queue->waiting, 3);
    pthread_mutex_unlock(&queue->lock);
}

static void a_signal_wakes_the_longest_waiting_and_time_the_rest(void **state)
{
    (void)state;
    struct queue queue;
    struct queue_thread selves[3];
    pthread_t threads[3];
    join_clock("queue");
    queue_fill(&queue, selves, threads);
    pthread_mutex_lock(&queue.lock);
    wait_signal(&queue.wait);
    pthread_mutex_unlock(&queue.lock);
    clock_sleep_until(clock_now_ms() + 1, NULL);
    pthread_mutex_lock(&queue.lock);
    assert_int_equal(queue.woken, 1);
    assert_int_equal(queue.order[0], 0);
    pthread_mutex_unlock(&queue.lock);
    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    assert_int_equal(queue.woken_by_time, 2);
    assert_int_equal(clock_now_ms(), START_MS + HOUR_MS);
    leave_clock();
    wait_fini(&queue.wait);
}

static void a_broadcast_wakes_all(void **state)
{
    (void)state;
    struct queue queue;
    struct queue_thread selves[3];
    pthread_t threads[3];
    join_clock("broadcast");
    queue_fill(&queue, selves, threads);
    int64_t now_ms = clock_now_ms();
    pthread_mutex_lock(&queue.lock);
    wait_broadcast(&queue.wait);
    pthread_mutex_unlock(&queue.lock);
    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    assert_int_equal(queue.woken, 3);
    assert_int_equal(queue.woken_by_time, 0);
    assert_int_equal(clock_now_ms(), now_ms);
    leave_clock();
    wait_fini(&queue.wait);
}

static void *set_flag(void *flag)
{
    __atomic_store_n((bool *)flag, true, __ATOMIC_RELAXED);
    return NULL;
}

static void a_sleeper_is_stopped_while_time_stands_still(void **state)
{
    (void)state;
    bool stop = false;
    pthread_t stopper;
    join_clock("stop");
    assert_int_equal(pthread_create(&stopper, NULL, set_flag, &stop), 0);
    assert_false(clock_sleep_until(WAIT_FOREVER, &stop));
    assert_int_equal(clock_now_ms(), START_MS);
    pthread_join(stopper, NULL);
    /* The sleeper took its busyness back: only it decides when time moves on. */
    assert_true(clock_sleep_until(START_MS + 7, NULL));
    assert_int_equal(clock_now_ms(), START_MS + 7);
    leave_clock();
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    struct err err;
    setenv("HUILIU_CLOCK_START", "tomorrow", 1);
    assert_int_equal(clock_setup("wrong", &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "tomorrow"));
    unsetenv("HUILIU_CLOCK_START");

    setenv("HUILIU_CLOCK", "/nonexistent/clock", 1);
    assert_int_equal(clock_setup("wrong", &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "/nonexistent/clock"));

    setenv("HUILIU_CLOCK", clock_path, 1);
    int fd = open(clock_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "diary\n", 6), 6);
    close(fd);
    assert_int_equal(clock_setup("wrong", &err), ERR_CONFIG);
    assert_non_null(strstr(err.message, "not a clock file"));
    assert_false(clock_is_test());
}

static void the_default_start_is_2026(void **state)
{
    (void)state;
    unsetenv("HUILIU_CLOCK_START");
    join_clock("default");
    assert_int_equal(clock_now_ms(), 1767225600000); /* date -u -d 2026-01-01 +%s000 */
    leave_clock();
}

/* The test clock, several processes. */

enum { PROCESSES = 3, SLEEPERS = 3, SLEEPS = 60, RECORDS = PROCESSES * SLEEPERS * SLEEPS };

struct record {
    int64_t now_ms;
    int who;
};

struct journal {
    _Atomic int len;
    _Atomic int ready;
    pid_t last_ready;
    struct record records[RECORDS];
    /* Deadline i belongs to sleeper owner[i]; all differ and ascend. */
    int64_t deadlines_ms[RECORDS];
    int owner[RECORDS];
};

struct sleeper {
    struct journal *journal;
    int who;
};

static void sleep_through_deadlines(void *arg)
{
    struct sleeper *sleeper = arg;
    struct journal *journal = sleeper->journal;
    for (int i = 0; i < RECORDS; i++) {
        if (journal->owner[i] != sleeper->who)
            continue;
        clock_sleep_until(journal->deadlines_ms[i], NULL);
        journal->records[journal->len++] = (struct record){clock_now_ms(), sleeper->who};
    }
}

/* Forks a process that runs `run` once a byte comes through the pipe. */
static pid_t process_start(int go, void (*run)(struct journal *, int), struct journal *journal,
                           int number)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        /* A test that was given up must leave nobody behind. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (read(go, &byte, 1) != 1)
            _exit(1);
        run(journal, number);
        _exit(0);
    }
    return child;
}

static void run_sleepers(struct journal *journal, int number)
{
    struct sleeper sleepers[SLEEPERS];
    pthread_t threads[SLEEPERS];
    join_clock("sleepers");
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){journal, number * SLEEPERS + i};
        threads[i] = thread_start(sleep_through_deadlines, &sleepers[i]);
    }
    journal->ready++;
    for (int i = 0; i < SLEEPERS; i++)
        thread_join(threads[i]);
    leave_clock();
}

static void wait_until_ready(struct journal *journal, int processes)
{
    while (journal->ready < processes)
        usleep(1000);
}

static void deadlines_draw(struct journal *journal)
{
    const char *seed_text = getenv("SEED");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 20261120;
    struct rng rng;
    int64_t at_ms = START_MS;
    int left[PROCESSES * SLEEPERS];
    printf("SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < PROCESSES * SLEEPERS; i++)
        left[i] = SLEEPS;
    for (int i = 0; i < RECORDS; i++) {
        int who;
        do {
            who = (int)rng_below(&rng, PROCESSES * SLEEPERS);
        } while (left[who] == 0);
        left[who]--;
        at_ms += 1 + (int64_t)rng_below(&rng, MINUTE_MS);
        journal->deadlines_ms[i] = at_ms;
        journal->owner[i] = who;
    }
}

static void sleepers_of_all_processes_wake_in_the_order_of_their_deadlines(void **state)
{
    (void)state;
    struct journal *journal = shared_memory(sizeof(*journal));
    pid_t children[PROCESSES];
    int go[2];
    deadlines_draw(journal);
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < PROCESSES; i++)
        children[i] = process_start(go[0], run_sleepers, journal, i);

    /* This process is busy until all others have joined. */
    join_clock("parent");
    assert_int_equal(write(go[1], "abc", PROCESSES), PROCESSES);
    wait_until_ready(journal, PROCESSES);
    leave_clock();
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }

    assert_int_equal(journal->len, RECORDS);
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(journal->records[i].now_ms, journal->deadlines_ms[i]);
        assert_int_equal(journal->records[i].who, journal->owner[i]);
    }
    munmap(journal, sizeof(*journal));
    close(go[0]);
    close(go[1]);
}

static void stay_busy(struct journal *journal, int number)
{
    (void)number;
    join_clock("victim");
    journal->ready++;
    for (;;)
        pause();
}

static void a_killed_process_does_not_hold_time(void **state)
{
    (void)state;
    struct journal *journal = shared_memory(sizeof(*journal));
    int go[2], status;
    assert_int_equal(pipe(go), 0);
    pid_t victim = process_start(go[0], stay_busy, journal, 0);
    join_clock("survivor");
    assert_int_equal(write(go[1], "a", 1), 1);
    wait_until_ready(journal, 1);
    kill(victim, SIGKILL);
    /* The victim is not waited for: even a zombie must not hold time. */
    assert_true(clock_sleep_until(START_MS + HOUR_MS, NULL));
    assert_int_equal(clock_now_ms(), START_MS + HOUR_MS);
    leave_clock();
    waitpid(victim, &status, 0);
    assert_true(WIFSIGNALED(status));
    munmap(journal, sizeof(*journal));
    close(go[0]);
    close(go[1]);
}

static void hammer(void *arg)
{
    struct journal *journal = arg;
    for (;;) {
        journal->len++;
        clock_busy_begin();
        clock_busy_end();
    }
}

static void run_hammers(struct journal *journal, int number)
{
    (void)number;
    join_clock("hammers");
    for (int i = 0; i < 3; i++)
        thread_start(hammer, journal);
    journal->last_ready = getpid();
    journal->ready++;
    hammer(journal);
}

/* They do nothing but use the clock, so that many of the kills hit them inside its lock. */
static void processes_killed_inside_the_clock_do_not_stop_it(void **state)
{
    (void)state;
    enum { VICTIMS = 12 };
    struct journal *journal = shared_memory(sizeof(*journal));
    int go[2];
    assert_int_equal(pipe(go), 0);
    for (int i = 0; i < VICTIMS; i++)
        process_start(go[0], run_hammers, journal, i);

    join_clock("survivor");
    for (int i = 0; i < VICTIMS; i++) {
        int status;
        assert_int_equal(write(go[1], "a", 1), 1);
        wait_until_ready(journal, i + 1);
        for (int before = journal->len; journal->len < before + 1000;)
            usleep(1000);
        kill(journal->last_ready, SIGKILL);
        int64_t later_ms = clock_now_ms() + 50;
        clock_sleep_until(later_ms, NULL);
        assert_true(clock_now_ms() == later_ms);
        waitpid(journal->last_ready, &status, 0);
        assert_true(WIFSIGNALED(status));
    }
    leave_clock();
    munmap(journal, sizeof(*journal));
    close(go[0]);
    close(go[1]);
}

#define clock_test(name) cmocka_unit_test_setup_teardown(name, choose_clock, forget_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_time_passes_the_deadline_of_a_wait),
        cmocka_unit_test(a_signal_ends_a_wait_in_real_time),
        clock_test(time_jumps_to_the_deadline_of_a_lone_sleeper),
        clock_test(time_goes_on_where_the_file_stands),
        clock_test(a_reply_during_a_call_comes_before_the_deadline),
        clock_test(a_signalled_thread_runs_before_time_moves),
        clock_test(threads_that_take_turns_sleep_weeks_in_no_time),
        clock_test(a_signal_wakes_the_longest_waiting_and_time_the_rest),
        clock_test(a_broadcast_wakes_all),
        clock_test(a_sleeper_is_stopped_while_time_stands_still),
        clock_test(wrong_settings_are_refused),
        clock_test(the_default_start_is_2026),
        clock_test(sleepers_of_all_processes_wake_in_the_order_of_their_deadlines),
        clock_test(a_killed_process_does_not_hold_time),
        clock_test(processes_killed_inside_the_clock_do_not_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
