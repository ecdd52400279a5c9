/* douplus: what the files of DOU+ share. douplus.c answers calls, douplus_order.c knows what an
 * order is, douplus_file.c reads recorded ones. */
#ifndef HUILIU_SANDBOX_DOUPLUS_H
#define HUILIU_SANDBOX_DOUPLUS_H

#include "sandbox/sandbox.h"

enum { DOUPLUS_ACCOUNTS_MAX = 64 /* of a recorded file */, DOUPLUS_TEXT_MAX = 64 };

enum douplus_status {
    UNPAID,
    AUDITING,
    AUDIT_REJECTED,
    OFFLINE_AUDIT,
    TIME_NO_REACH,
    DELIVERING,
    UNDELIVERIED,
    DELIVERIED,
    AUDIT_PAUSE,
    WAIT_TO_START,
    DOUPLUS_STATUSES
};

extern const struct world_kind douplus_kind;
extern const char *const douplus_statuses[DOUPLUS_STATUSES];

/* What a recorded order carries beyond its id and creation. */
struct douplus_recorded {
    uint64_t item;
    struct str title;
    const char *status;
    int64_t budget_fen;
};

struct douplus_account {
    char sec_uid[DOUPLUS_TEXT_MAX], name[DOUPLUS_TEXT_MAX];
    uint64_t token_generation;
    /* Of recorded accounts, by order number; NULL: generated. */
    struct douplus_recorded *recorded;
    uint64_t *ids;
};

struct douplus {
    pthread_mutex_t lock;             /* token generations */
    struct douplus_account *accounts; /* by shop index */
    struct arena texts;               /* of the recorded file */
    size_t file_accounts_len;
};

/* An order as it stands, in the platform's words. */
struct douplus_facts {
    uint64_t task, item;
    struct str title;
    const char *status;
    int64_t budget_fen;
    unsigned renewals, hours;
    bool live;
};

struct douplus_account *douplus_account_of(struct platform *platform, const struct shop *shop);
void douplus_facts_of(struct platform *platform, const struct shop *shop,
                      const struct order_view *view, struct douplus_facts *out);
void douplus_write_order(struct platform *platform, const struct shop *shop,
                         const struct order_view *view, struct buf *out);
void douplus_write_truth(struct platform *platform, struct shop *shop,
                         const struct order_view *view, struct buf *out);
/* Makes a shop of each account of the file, first of all shops. ERR_CONFIG names what is wrong. */
enum err_class douplus_file_load(struct platform *platform, const struct options *options,
                                 struct err *err);

#endif
