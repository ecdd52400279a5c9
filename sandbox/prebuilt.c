/* Rendered pages by request. */
#include "sandbox/prebuilt.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 1 << 20 };

/* The key stands in front of its body, in one piece of memory. */
struct prebuilt_page {
    uint64_t key[2];
    size_t bytes_len;
    char bytes[];
};

void prebuilt_init(struct prebuilt *prebuilt, size_t bytes_max)
{
    *prebuilt = (struct prebuilt){.bytes_max = bytes_max};
    pthread_mutex_init(&prebuilt->lock, NULL);
    map_init(&prebuilt->pages, PAGES_MAX);
}

void prebuilt_fini(struct prebuilt *prebuilt)
{
    size_t at = 0;
    for (struct map_entry *entry; (entry = map_next(&prebuilt->pages, &at));)
        free(entry->value.ptr);
    map_fini(&prebuilt->pages);
    pthread_mutex_destroy(&prebuilt->lock);
}

bool prebuilt_find(struct prebuilt *prebuilt, uint64_t identity, uint64_t state, struct str *body)
{
    const uint64_t key[2] = {identity, state};
    if (prebuilt->bytes_max == 0)
        return false;
    pthread_mutex_lock(&prebuilt->lock);
    struct map_entry *entry = map_find(&prebuilt->pages,
                                       (struct str){(const char *)key, sizeof key});
    if (entry) {
        const struct prebuilt_page *page = entry->value.ptr;
        *body = (struct str){page->bytes, page->bytes_len};
        prebuilt->hits++;
    }
    pthread_mutex_unlock(&prebuilt->lock);
    return entry != NULL;
}

void prebuilt_keep(struct prebuilt *prebuilt, uint64_t identity, uint64_t state, struct str body)
{
    if (prebuilt->bytes_max == 0)
        return;
    struct prebuilt_page *page = malloc(sizeof *page + body.len);
    if (!page)
        return;
    *page = (struct prebuilt_page){.key = {identity, state}, .bytes_len = body.len};
    memcpy(page->bytes, body.ptr, body.len);
    pthread_mutex_lock(&prebuilt->lock);
    bool added = false;
    if (body.len <= prebuilt->bytes_max - prebuilt->bytes) {
        struct str key = {(const char *)page->key, sizeof page->key};
        struct map_entry *entry = map_put(&prebuilt->pages, key, &added);
        if (entry && added) {
            entry->value.ptr = page;
            prebuilt->bytes += body.len;
        }
    }
    pthread_mutex_unlock(&prebuilt->lock);
    if (!added)
        free(page);
}
