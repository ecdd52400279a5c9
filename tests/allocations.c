/* For tests/prove/allocations: loaded before the C library, counts what the program itself allocates, not
 * what the libraries do that it calls, and writes the sum to $ALLOCATIONS_FILE when the process ends. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uintptr_t program_from, program_to;
static atomic_long counted;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);

/* dlsym allocates before it has told us where calloc is. */
static char early[4096];
static size_t early_len;

static void real_find(void)
{
    real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    real_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
}

__attribute__((constructor)) static void program_find(void)
{
    char line[512], path[512];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    FILE *maps = fopen("/proc/self/maps", "r");
    path[len < 0 ? 0 : len] = '\0';
    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long from, to;
        char mode[8], name[400] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %399s", &from, &to, mode, name) >= 3 &&
            mode[2] == 'x' && __builtin_strcmp(name, path) == 0) {
            program_from = from;
            program_to = to;
        }
    }
    if (maps)
        fclose(maps);
}

__attribute__((destructor)) static void sum_write(void)
{
    const char *path = getenv("ALLOCATIONS_FILE");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", atomic_load(&counted));
        fclose(file);
    }
}

static void count(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    if (at >= program_from && at < program_to)
        atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

void *malloc(size_t bytes)
{
    if (!real_malloc)
        real_find();
    count(__builtin_return_address(0));
    return real_malloc(bytes);
}

void *calloc(size_t len, size_t bytes)
{
    if (!real_calloc) {
        size_t room = (len * bytes + 15) / 16 * 16;
        void *memory = early + early_len;
        early_len += room;
        return early_len <= sizeof(early) ? memory : NULL;
    }
    count(__builtin_return_address(0));
    return real_calloc(len, bytes);
}

void *realloc(void *old, size_t bytes)
{
    if (!real_realloc)
        real_find();
    count(__builtin_return_address(0));
    return real_realloc(old, bytes);
}
