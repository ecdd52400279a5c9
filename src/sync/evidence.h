/* evidence: what proves a window, and the verdict on it. Pure.
 *
 * Grades (design: "Two kinds of window"):
 *   A  the platform's total, read on the first page and again after the last, equals the distinct
 *      records seen (stored + rejected), both times
 *   B  the platform says no total: the list reached its own end, and a second reading of it gave the
 *      same digest of ids; a reading that was told a total counts for neither of the two
 * For both, what was seen of a window by creation must be there: stored, or refused and kept.
 *   C  neither: the window closes as unproved, with its reason, and is read again later
 * A pull window by update time whose total only fell while it was read is `moved`: its rows went on
 * to newer update times and are proved by audit windows. */
#ifndef HUILIU_SYNC_EVIDENCE_H
#define HUILIU_SYNC_EVIDENCE_H

#include "base/base.h"
#include "crypt/crypt.h"

/* Reading a list again because its evidence did not agree: passive faults of a platform (a page that
 * came twice, a total in flux) pass within one or two readings; after that somebody should look. */
enum { PASSES_MAX = 6 };

/* A growing list of id hashes; distinct and digest come from sorting it in place. */
struct id_set {
    uint64_t *hashes;
    size_t len, room;
};
void id_set_init(struct id_set *set);
void id_set_fini(struct id_set *set);
/* ERR_SPLIT_WINDOW "window_ids" beyond WINDOW_IDS_MAX. */
enum err_class id_set_add(struct id_set *set, const uint64_t *hashes, size_t hashes_len,
                          struct err *err);
/* The stored form: 8 bytes each, big endian. */
enum err_class id_set_add_bytes(struct id_set *set, struct str bytes, struct err *err);
struct str id_hashes_bytes(const uint64_t *hashes, size_t hashes_len, struct arena *arena);
/* Sorts, drops repeats; afterwards len is the number of distinct ids. */
void id_set_settle(struct id_set *set);
/* How many of `set` are not in `of`; both settled. */
size_t id_set_missing(const struct id_set *set, const struct id_set *of);

enum { DIGEST_HEX_ROOM = 65 };
/* SHA-256, in hex, over the settled hashes as big-endian bytes. */
enum err_class id_set_digest(const struct id_set *set, char hex[DIGEST_HEX_ROOM], struct err *err);

/* Stands in digest_before where an earlier reading was told a total that did not agree: readings without
 * one never outvote it. */
#define TOTAL_DISAGREED "total"

enum verdict {
    VERDICT_SEAL_A,
    VERDICT_SEAL_B,
    VERDICT_MOVED,
    VERDICT_READ_AGAIN, /* another pass, from the first page */
    VERDICT_SPLIT,      /* the total is smaller than what was seen, twice: it is capped */
    VERDICT_UNPROVED,
};

struct evidence {
    bool rows_leave;                 /* rows may leave the window while it is read */
    int64_t total_first, total_last; /* -1: the platform does not say */
    int64_t distinct;                /* distinct records seen in this pass, accepted and rejected */
    int64_t missing; /* of these neither stored nor refused; 0 where not looked for */
    int64_t pass;    /* 1 for the first reading */
    struct str digest, digest_before; /* of this pass and the one before; before empty: none */
};
/* What the next pass is to find as digest_before. */
struct str evidence_digest_kept(const struct evidence *evidence);
/* `reason` (for READ_AGAIN and UNPROVED) is a sentence with the numbers; at most REASON_ROOM. */
enum { REASON_ROOM = 160 };
enum verdict evidence_judge(const struct evidence *evidence, char reason[REASON_ROOM]);

#endif
