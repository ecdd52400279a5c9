/* What proves a window: distinct ids, their digest, and the verdict. Pure. */
#include "sync/evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_HASH_BYTES = 8, IDS_ROOM_FIRST = 256 };

void id_set_init(struct id_set *set)
{
    *set = (struct id_set){0};
}

void id_set_fini(struct id_set *set)
{
    free(set->hashes);
    *set = (struct id_set){0};
}

static enum err_class id_set_reserve(struct id_set *set, size_t more, struct err *err)
{
    if (more > WINDOW_IDS_MAX || set->len + more > WINDOW_IDS_MAX)
        return err_set(err, ERR_SPLIT_WINDOW, "window_ids",
                       "more than %d records in one window; it is halved", WINDOW_IDS_MAX);
    if (set->len + more <= set->room)
        return ERR_OK;
    size_t room = set->room ? set->room : IDS_ROOM_FIRST;
    while (room < set->len + more)
        room *= 2;
    uint64_t *hashes = realloc(set->hashes, room * sizeof *hashes);
    if (!hashes)
        return err_no_memory(err);
    set->hashes = hashes;
    set->room = room;
    return ERR_OK;
}

enum err_class id_set_add(struct id_set *set, const uint64_t *hashes, size_t hashes_len,
                          struct err *err)
{
    enum err_class class_ = id_set_reserve(set, hashes_len, err);
    if (class_ != ERR_OK)
        return class_;
    if (hashes_len > 0)
        memcpy(set->hashes + set->len, hashes, hashes_len * sizeof *hashes);
    set->len += hashes_len;
    return ERR_OK;
}

static void hash_write_bytes(uint64_t hash, unsigned char out[ID_HASH_BYTES])
{
    for (int i = 0; i < ID_HASH_BYTES; i++)
        out[i] = (unsigned char)(hash >> (8 * (ID_HASH_BYTES - 1 - i)));
}

static uint64_t hash_read_bytes(const unsigned char *bytes)
{
    uint64_t hash = 0;
    for (int i = 0; i < ID_HASH_BYTES; i++)
        hash = hash << 8 | bytes[i];
    return hash;
}

enum err_class id_set_add_bytes(struct id_set *set, struct str bytes, struct err *err)
{
    if (bytes.len % ID_HASH_BYTES != 0)
        return err_set(err, ERR_STORE, "window_page_ids",
                       "the id list of a window page has %zu bytes, not a multiple of 8; "
                       "run huiliu doctor",
                       bytes.len);
    size_t count = bytes.len / ID_HASH_BYTES;
    enum err_class class_ = id_set_reserve(set, count, err);
    if (class_ != ERR_OK)
        return class_;
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    for (size_t i = 0; i < count; i++)
        set->hashes[set->len++] = hash_read_bytes(at + i * ID_HASH_BYTES);
    return ERR_OK;
}

struct str id_hashes_bytes(const uint64_t *hashes, size_t hashes_len, struct arena *arena)
{
    unsigned char *bytes = arena_alloc(arena, hashes_len * ID_HASH_BYTES + 1);
    if (!bytes)
        return STR_NONE;
    for (size_t i = 0; i < hashes_len; i++)
        hash_write_bytes(hashes[i], bytes + i * ID_HASH_BYTES);
    return (struct str){(const char *)bytes, hashes_len * ID_HASH_BYTES};
}

static int hash_compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void id_set_settle(struct id_set *set)
{
    if (set->len < 2)
        return;
    qsort(set->hashes, set->len, sizeof *set->hashes, hash_compare);
    size_t kept = 1;
    for (size_t i = 1; i < set->len; i++)
        if (set->hashes[i] != set->hashes[kept - 1])
            set->hashes[kept++] = set->hashes[i];
    set->len = kept;
}

enum err_class id_set_digest(const struct id_set *set, char hex[DIGEST_HEX_ROOM], struct err *err)
{
    struct buf bytes, digest, text;
    buf_init(&bytes, (size_t)WINDOW_IDS_MAX * ID_HASH_BYTES);
    buf_init(&digest, DIGEST_BYTES_MAX);
    buf_init(&text, DIGEST_HEX_ROOM);
    for (size_t i = 0; i < set->len; i++) {
        unsigned char eight[ID_HASH_BYTES];
        hash_write_bytes(set->hashes[i], eight);
        buf_add_bytes(&bytes, eight, sizeof eight);
    }
    enum err_class class_ = bytes.failed ? err_no_memory(err) : ERR_OK;
    if (class_ == ERR_OK)
        class_ = digest_write(&digest, DIGEST_SHA256, buf_str(&bytes), err);
    if (class_ == ERR_OK) {
        hex_write(&text, buf_str(&digest), false);
        if (text.failed || text.len != DIGEST_HEX_ROOM - 1)
            class_ = err_no_memory(err);
        else
            memcpy(hex, text.ptr, DIGEST_HEX_ROOM);
    }
    buf_fini(&bytes);
    buf_fini(&digest);
    buf_fini(&text);
    return class_;
}

size_t id_set_missing(const struct id_set *set, const struct id_set *of)
{
    size_t missing = 0;
    for (size_t i = 0, at = 0; i < set->len; i++) {
        while (at < of->len && of->hashes[at] < set->hashes[i])
            at++;
        missing += at == of->len || of->hashes[at] != set->hashes[i];
    }
    return missing;
}

/* A pass that was told a total it could not confirm leaves this instead of its digest: beside a total
 * that disagreed, two equal readings without one prove nothing. */

struct str evidence_digest_kept(const struct evidence *evidence)
{
    bool told = evidence->total_first >= 0 || evidence->total_last >= 0 ||
                str_eq(evidence->digest_before, STR(TOTAL_DISAGREED));
    return told ? STR(TOTAL_DISAGREED) : evidence->digest;
}

static enum verdict judge_again(const struct evidence *evidence)
{
    return evidence->pass < PASSES_MAX ? VERDICT_READ_AGAIN : VERDICT_UNPROVED;
}

/* A record that the list showed and the database does not have: the reading itself went wrong. */
static enum verdict judge_missing(const struct evidence *evidence, char reason[REASON_ROOM])
{
    snprintf(reason, REASON_ROOM,
             "%" PRId64 " of %" PRId64 " records seen are neither stored nor refused",
             evidence->missing, evidence->distinct);
    return judge_again(evidence);
}

/* The platform says totals: they must agree with each other and with what was seen. */
static enum verdict judge_totals(const struct evidence *evidence, char reason[REASON_ROOM])
{
    int64_t seen = evidence->distinct;
    if (evidence->total_first == seen && evidence->total_last == seen)
        return evidence->missing > 0 ? judge_missing(evidence, reason) : VERDICT_SEAL_A;
    /* Rows only leave a window by update time: a total that fell, with everything that stayed and
     * nothing beyond what was there, is a window that moved, not a hole. */
    if (evidence->rows_leave && evidence->total_last < evidence->total_first &&
        seen >= evidence->total_last && seen <= evidence->total_first)
        return VERDICT_MOVED;
    /* A total that stays below what was seen is capped: smaller windows have true ones. */
    if (evidence->total_first == evidence->total_last && seen > evidence->total_first)
        return VERDICT_SPLIT;
    snprintf(reason, REASON_ROOM,
             "total %" PRId64 " before and %" PRId64 " after, but %" PRId64 " records seen",
             evidence->total_first, evidence->total_last, seen);
    return judge_again(evidence);
}

/* The platform says no total: the list has to be the same twice. */
static enum verdict judge_digests(const struct evidence *evidence, char reason[REASON_ROOM])
{
    if (evidence->digest_before.len == 0)
        snprintf(reason, REASON_ROOM, "no total, and read only once");
    else if (str_eq(evidence->digest_before, STR(TOTAL_DISAGREED)))
        snprintf(reason, REASON_ROOM, "no total after one that did not agree with what was seen");
    else if (!str_eq(evidence->digest, evidence->digest_before))
        snprintf(reason, REASON_ROOM, "no total, and two readings in a row differ");
    else
        return evidence->missing > 0 ? judge_missing(evidence, reason) : VERDICT_SEAL_B;
    return judge_again(evidence);
}

enum verdict evidence_judge(const struct evidence *evidence, char reason[REASON_ROOM])
{
    reason[0] = '\0';
    if (evidence->total_first >= 0 && evidence->total_last >= 0)
        return judge_totals(evidence, reason);
    if (evidence->total_first < 0 && evidence->total_last < 0)
        return judge_digests(evidence, reason);
    snprintf(reason, REASON_ROOM, "a total %s, none %s",
             evidence->total_first >= 0 ? "before the first page" : "after the last",
             evidence->total_first >= 0 ? "after the last" : "before the first");
    return judge_again(evidence);
}
