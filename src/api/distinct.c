#include "api/distinct.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

void distinct_fini(struct distinct *distinct)
{
    free(distinct->bits);
    *distinct = (struct distinct){.words = 0};
}

static bool room_make(struct distinct *distinct, size_t word)
{
    size_t words = distinct->words ? distinct->words : 64;
    while (words <= word)
        words *= 2;
    if (words == distinct->words)
        return true;
    uint64_t *bits = realloc(distinct->bits, words * sizeof(*bits));
    if (!bits)
        return false;
    memset(bits + distinct->words, 0, (words - distinct->words) * sizeof(*bits));
    distinct->bits = bits;
    distinct->words = words;
    return true;
}

static enum err_class number_take(struct distinct *distinct, size_t number, int64_t *out,
                                  struct err *err)
{
    size_t word = number / WORD_BITS;
    uint64_t bit = UINT64_C(1) << (number % WORD_BITS);
    if (word >= distinct->words && !room_make(distinct, word))
        return err_no_memory(err);
    *out += !(distinct->bits[word] & bit);
    distinct->bits[word] |= bit;
    return ERR_OK;
}

enum err_class distinct_count(struct distinct *distinct, struct str list, int64_t listed,
                              int64_t *out, struct err *err)
{
    enum err_class class_ = ERR_OK;
    int64_t found = 0;
    *out = 0;
    if (distinct->words)
        memset(distinct->bits, 0, distinct->words * sizeof(*distinct->bits));
    for (size_t at = 0; !class_ && at < list.len; at++) {
        size_t number = 0, digits = at;
        for (; at < list.len && list.ptr[at] >= '0' && list.ptr[at] <= '9'; at++)
            number = number < DISTINCT_MAX ? number * 10 + (size_t)(list.ptr[at] - '0') : number;
        bool ends = at == list.len || list.ptr[at] == ',';
        if (at == digits || !ends || number >= DISTINCT_MAX)
            return err_set(err, ERR_INTERNAL, "list_cut", "a list of numbers cannot be read");
        class_ = number_take(distinct, number, out, err);
        found++;
    }
    if (!class_ && found != listed)
        class_ = err_set(err, ERR_INTERNAL, "list_cut", "%lld numbers of %lld stand in a list",
                         (long long)found, (long long)listed);
    return class_;
}
