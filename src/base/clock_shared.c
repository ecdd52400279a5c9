/* The test clock: time in a mapped file, moved only when nobody in any process has work.
 *
 * One robust, process-shared mutex in the file guards everything: `now_ms`, the slots, and also
 * this process's list of waiting threads. So there is one lock order, caller's mutex before the
 * file's lock, and every step below is atomic for everybody.
 *
 * Why time moves only when it should. A slot's busy_count is the number of its threads that run
 * plus its calls in flight. A thread gives up its count under the lock together with putting its
 * deadline on the list, and never takes it back by itself: whoever takes the thread off the list
 * (a signal, or time reaching its deadline) counts it as busy in the same step. Hence a thread
 * that was told to run is busy before anybody can look again, and time_move, which acts only when
 * no slot is busy, cannot pass it. now_ms moves to the least deadline of all slots, so no deadline
 * is skipped and who wakes reads exactly its deadline.
 *
 * A process cannot touch the threads of another: the mover rings the bell of a slot whose deadline
 * has come, and the pump thread there takes its own threads off the list. Until it has done so the
 * slot's deadline is not after now, which holds time as busyness does.
 *
 * Why no wake-up is lost. A waiting thread sleeps on a futex word of its own, on its stack; it is
 * on the list before it lets go of the caller's mutex, and the word changes under the lock, so a
 * signal given at any moment after that is found by futex_wait itself.
 *
 * Death. A process holds a record lock on its slot's byte of the file, which the kernel drops when
 * it dies (a zombie does not hold it, a reused pid does not fake it); it also drops it when any
 * descriptor of the file is closed here, so nobody else in the process may open the file. Every
 * pump looks each 50 ms of real time and clears the slots of the dead, and releases its own due
 * threads, rung or not: a move that was cut short by death inside the lock is finished by those
 * whom it concerns. */
#include "base/clock_shared.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    /* huiliu's processes of one machine, the sandbox and the test driver: far below this. */
    SLOTS_MAX = 32,
    PUMP_MS = 50,
    STOP_CHECK_MS = 100,
    /* The byte behind the slots' bytes is locked while the file is made. */
    MAKING_BYTE = SLOTS_MAX,
};

static const uint64_t FILE_MAGIC = 0x314b434f4c434c48; /* "HLCLOCK1" */

struct slot {
    int32_t pid; /* 0: free */
    int32_t busy_count;
    uint32_t bell;
    int64_t next_wake_ms;
    char process_name[32];
};

struct clock_file {
    uint64_t magic; /* written last: what stands before it is complete */
    uint64_t file_bytes;
    pthread_mutex_t lock;
    _Atomic int64_t now_ms;
    struct slot slots[SLOTS_MAX];
};

enum { WAITING, SIGNALLED, EXPIRED };

/* A thread in a wait; lives on that thread's stack while it is on the list. */
struct waiter {
    struct waiter *prev, *next;
    const struct wait *wait; /* NULL: a plain sleep that nobody signals */
    int64_t wake_ms;
    uint32_t state;
};

static int file_fd = -1;
static struct clock_file *file;
static struct slot *own_slot;
static struct waiter *first_waiter, *last_waiter; /* longest waiting first */
static pthread_t pump;
static bool pump_stopping;

/* Sleeps while *word == seen, at most timeout_ms of real time. `shared`: other processes wake. */
static void futex_wait(uint32_t *word, uint32_t seen, int timeout_ms, bool shared)
{
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, seen,
            timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

static void futex_wake(uint32_t *word, bool shared)
{
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void file_lock(void)
{
    int rc = pthread_mutex_lock(&file->lock);
    if (rc == EOWNERDEAD)
        rc = pthread_mutex_consistent(&file->lock);
    assert(rc == 0);
}

static void file_unlock(void)
{
    pthread_mutex_unlock(&file->lock);
}

static void slot_refresh_next_wake(void)
{
    int64_t next_ms = WAIT_FOREVER;
    for (const struct waiter *waiter = first_waiter; waiter; waiter = waiter->next) {
        if (waiter->wake_ms < next_ms)
            next_ms = waiter->wake_ms;
    }
    own_slot->next_wake_ms = next_ms;
}

static void waiter_append(struct waiter *waiter)
{
    waiter->prev = last_waiter;
    *(last_waiter ? &last_waiter->next : &first_waiter) = waiter;
    last_waiter = waiter;
    slot_refresh_next_wake();
}

/* Takes a thread off the list and hands it its busyness. The state is the last thing that is
 * touched: with it the waiter, and its stack, may be gone. Waking a stale address is harmless. */
static void waiter_release(struct waiter *waiter, uint32_t state)
{
    *(waiter->prev ? &waiter->prev->next : &first_waiter) = waiter->next;
    *(waiter->next ? &waiter->next->prev : &last_waiter) = waiter->prev;
    own_slot->busy_count++;
    uint32_t *word = &waiter->state;
    __atomic_store_n(word, state, __ATOMIC_RELEASE);
    futex_wake(word, false);
}

/* Releases the threads of this process whose deadline has come. */
static void slot_release_due(void)
{
    int64_t now_ms = atomic_load(&file->now_ms);
    for (struct waiter *waiter = first_waiter, *next; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->wake_ms <= now_ms)
            waiter_release(waiter, EXPIRED);
    }
    slot_refresh_next_wake();
}

/* Moves time to the least deadline if nobody has work. */
static void time_move(void)
{
    int64_t now_ms = atomic_load(&file->now_ms), least_ms = WAIT_FOREVER;
    for (const struct slot *slot = file->slots; slot < file->slots + SLOTS_MAX; slot++) {
        if (slot->pid == 0)
            continue;
        /* At work, or still to hear that its time has come. */
        if (slot->busy_count > 0 || slot->next_wake_ms <= now_ms)
            return;
        if (slot->next_wake_ms < least_ms)
            least_ms = slot->next_wake_ms;
    }
    /* Everybody waits for something outside (or for each other): time stands still. */
    if (least_ms == WAIT_FOREVER)
        return;

    atomic_store(&file->now_ms, least_ms);
    for (struct slot *slot = file->slots; slot < file->slots + SLOTS_MAX; slot++) {
        if (slot->pid == 0 || slot->next_wake_ms > least_ms)
            continue;
        if (slot == own_slot) {
            slot_release_due();
            continue;
        }
        __atomic_add_fetch(&slot->bell, 1, __ATOMIC_RELEASE);
        futex_wake(&slot->bell, true);
    }
}

static struct flock byte_lock(short type, off_t byte)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

/* Clears the slots of processes that have died. */
static void slots_reap(void)
{
    for (int i = 0; i < SLOTS_MAX; i++) {
        struct slot *slot = &file->slots[i];
        struct flock lock = byte_lock(F_WRLCK, i);
        if (slot->pid == 0 || slot == own_slot)
            continue;
        if (fcntl(file_fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK)
            *slot = (struct slot){.bell = slot->bell};
    }
}

static void *pump_run(void *unused)
{
    (void)unused;
    for (bool stopping = false; !stopping;) {
        file_lock();
        slots_reap();
        slot_release_due();
        time_move();
        uint32_t seen = __atomic_load_n(&own_slot->bell, __ATOMIC_ACQUIRE);
        stopping = pump_stopping;
        file_unlock();
        if (!stopping)
            futex_wait(&own_slot->bell, seen, PUMP_MS, true);
    }
    return NULL;
}

static bool slot_take(const char *process_name)
{
    slots_reap();
    for (int i = 0; i < SLOTS_MAX; i++) {
        struct flock lock = byte_lock(F_WRLCK, i);
        if (file->slots[i].pid != 0 || fcntl(file_fd, F_SETLK, &lock) != 0)
            continue;
        own_slot = &file->slots[i];
        *own_slot = (struct slot){.pid = getpid(), .next_wake_ms = WAIT_FOREVER};
        snprintf(own_slot->process_name, sizeof(own_slot->process_name), "%s", process_name);
        return true;
    }
    return false;
}

/* Fills a fresh file; the caller holds MAKING_BYTE. */
static int file_make(int64_t start_ms)
{
    pthread_mutexattr_t attr;
    int rc = pthread_mutexattr_init(&attr);
    rc = rc ? rc : pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    rc = rc ? rc : pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    rc = rc ? rc : pthread_mutex_init(&file->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    if (rc != 0)
        return rc;
    atomic_store(&file->now_ms, start_ms);
    file->file_bytes = sizeof(*file);
    __atomic_store_n(&file->magic, FILE_MAGIC, __ATOMIC_RELEASE);
    return 0;
}

/* Opens and maps the file, and makes it when it is new. */
static enum err_class file_open(const char *path, int64_t start_ms, struct err *err)
{
    struct flock making = byte_lock(F_WRLCK, MAKING_BYTE);
    struct stat stat;
    file_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_fd < 0 || fcntl(file_fd, F_SETLKW, &making) != 0 || fstat(file_fd, &stat) != 0)
        return err_set(err, ERR_CONFIG, "clock", "HUILIU_CLOCK=%s: %s", path, strerror(errno));
    if (stat.st_size != 0 && stat.st_size != (off_t)sizeof(*file))
        return err_set(err, ERR_CONFIG, "clock",
                       "HUILIU_CLOCK=%s is not a clock file of this version; remove it", path);
    if (ftruncate(file_fd, sizeof(*file)) != 0)
        return err_set(err, ERR_CONFIG, "clock", "HUILIU_CLOCK=%s: %s", path, strerror(errno));
    file = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, file_fd, 0);
    if (file == MAP_FAILED) {
        file = NULL;
        return err_set(err, ERR_CONFIG, "clock", "HUILIU_CLOCK=%s: %s", path, strerror(errno));
    }
    /* A magic of 0: new, or its maker died before it was finished. */
    if (file->magic == 0) {
        int rc = file_make(start_ms);
        if (rc != 0)
            return err_set(err, ERR_INTERNAL, "clock", "HUILIU_CLOCK=%s: %s", path, strerror(rc));
    } else if (file->magic != FILE_MAGIC || file->file_bytes != sizeof(*file))
        return err_set(err, ERR_CONFIG, "clock",
                       "HUILIU_CLOCK=%s is not a clock file of this version; remove it", path);
    making.l_type = F_UNLCK;
    fcntl(file_fd, F_SETLK, &making);
    return ERR_OK;
}

/* Closing the descriptor drops this process's record locks, and with them its slot. */
static void file_close(void)
{
    if (file)
        munmap(file, sizeof(*file));
    if (file_fd >= 0)
        close(file_fd);
    file = NULL;
    own_slot = NULL;
    file_fd = -1;
}

enum err_class clock_shared_open(const char *path, int64_t start_ms, const char *process_name,
                                 struct err *err)
{
    sigset_t all, before;
    bool taken;
    int rc;
    enum err_class class_ = file_open(path, start_ms, err);
    if (class_ != ERR_OK)
        goto out;

    file_lock();
    taken = slot_take(process_name);
    file_unlock();
    if (!taken) {
        class_ = err_set(err, ERR_CONFIG, "clock", "HUILIU_CLOCK=%s: all %d places are taken", path,
                         SLOTS_MAX);
        goto out;
    }

    /* Signals are for the threads that know what to do with them. */
    pump_stopping = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&pump, NULL, pump_run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        class_ = err_set(err, ERR_INTERNAL, "clock", "cannot start a thread: %s", strerror(rc));
out:
    if (class_ != ERR_OK)
        file_close();
    return class_;
}

void clock_shared_close(void)
{
    file_lock();
    assert(!first_waiter);
    pump_stopping = true;
    __atomic_add_fetch(&own_slot->bell, 1, __ATOMIC_RELEASE);
    futex_wake(&own_slot->bell, true);
    file_unlock();
    pthread_join(pump, NULL);

    file_lock();
    own_slot->pid = 0;
    own_slot = NULL;
    time_move();
    file_unlock();
    file_close();
}

int64_t clock_shared_now_ms(void)
{
    return atomic_load(&file->now_ms);
}

void clock_shared_busy_begin(void)
{
    file_lock();
    own_slot->busy_count++;
    file_unlock();
}

void clock_shared_busy_end(void)
{
    file_lock();
    assert(own_slot->busy_count > 0);
    own_slot->busy_count--;
    time_move();
    file_unlock();
}

/* Goes idle; false when the deadline has already come. */
static bool waiter_start(struct waiter *waiter)
{
    file_lock();
    bool waits = waiter->wake_ms > atomic_load(&file->now_ms);
    if (waits) {
        assert(own_slot->busy_count > 0);
        waiter_append(waiter);
        own_slot->busy_count--;
        time_move();
    }
    file_unlock();
    return waits;
}

bool clock_shared_wait(struct wait *wait, pthread_mutex_t *lock, int64_t deadline_ms)
{
    struct waiter waiter = {.wait = wait, .wake_ms = deadline_ms, .state = WAITING};
    if (!waiter_start(&waiter))
        return false;

    pthread_mutex_unlock(lock);
    uint32_t state;
    while ((state = __atomic_load_n(&waiter.state, __ATOMIC_ACQUIRE)) == WAITING)
        futex_wait(&waiter.state, WAITING, -1, false);
    pthread_mutex_lock(lock);
    return state == SIGNALLED;
}

void clock_shared_signal(struct wait *wait, bool all)
{
    file_lock();
    for (struct waiter *waiter = first_waiter, *next; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->wait != wait)
            continue;
        waiter_release(waiter, SIGNALLED);
        if (!all)
            break;
    }
    slot_refresh_next_wake();
    file_unlock();
}

bool clock_shared_sleep_until(int64_t deadline_ms, const volatile bool *stop)
{
    struct waiter waiter = {.wake_ms = deadline_ms, .state = WAITING};
    bool stopped = stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
    if (stopped || !waiter_start(&waiter))
        return !stopped;

    uint32_t state;
    while ((state = __atomic_load_n(&waiter.state, __ATOMIC_ACQUIRE)) == WAITING) {
        if (stop && __atomic_load_n(stop, __ATOMIC_RELAXED)) {
            /* The sleeper wakes itself, unless time was faster. */
            file_lock();
            if (waiter.state == WAITING)
                waiter_release(&waiter, SIGNALLED);
            slot_refresh_next_wake();
            file_unlock();
            continue;
        }
        futex_wait(&waiter.state, WAITING, stop ? STOP_CHECK_MS : -1, false);
    }
    return state == EXPIRED;
}
