/* life: what the files of Douyin Life share. life.c knows tokens, decryption and errors,
 * life_orders.c the order query, life_order.c what an order is, life_contents.c what makes one large,
 * life_truth.c what a client can have of it.
 * Facts about the API are from the platform's documentation as the project keeps it; where it is
 * silent, docs/sandbox.md says what the sandbox assumes. */
#ifndef HUILIU_SANDBOX_LIFE_H
#define HUILIU_SANDBOX_LIFE_H

#include "sandbox/sandbox.h"

enum {
    LIFE_SKUS = 8, /* of a shop */
    LIFE_KEY_BYTES = 32,
    LIFE_CERTIFICATES_MAX = 3,
    LIFE_TOKENS_KEPT = 64,
    LIFE_TOKEN_TEXT_MAX = 48,
    LIFE_REPLY_BYTES_MAX = 8 * 1024 * 1024,
    /* A whole order with its sale takes up to this. Where less is asked for, orders are brief. */
    LIFE_WHOLE_BYTES = 2000,
    LIFE_CONTENTS_BYTES_MIN = 250,
};

struct life_token {
    char text[LIFE_TOKEN_TEXT_MAX];
    int64_t dies_ms; /* 0: revoked or never given */
};

struct life_app {
    char key[24], secret[40];
    unsigned char cipher_key[LIFE_KEY_BYTES]; /* the secret, normalised */
    struct life_token tokens[LIFE_TOKENS_KEPT];
    uint64_t tokens_given;
    int64_t decrypt_day; /* Beijing day number of the count below */
    int64_t decrypted;
};

struct life {
    pthread_mutex_t lock; /* tokens and decryptions */
    struct life_app *apps;
    uint32_t enc_share;
    uint32_t order_bytes;                  /* about what an order's JSON takes; 0: as it comes */
    unsigned char enc_key[LIFE_KEY_BYTES]; /* of ciphers that only the platform opens */
};

uint64_t life_sku_id(uint32_t shop_index, unsigned sku);

/* An order as it stands, in the platform's words. */
struct life_certificate {
    uint64_t id, item_id;
    int item_status;
    uint32_t item_updated_s, refunded_s;
    int64_t refund_fen;
};
struct life_facts {
    bool brief; /* one certificate, and few fields are written */
    int status, type, count;
    int64_t original_fen, pay_fen, receipt_fen, discount_fen, pay_discount_fen;
    uint32_t paid_s; /* 0: not paid */
    uint64_t sku, product, poi, source_id /* 0: none */;
    bool sku_on_top; /* else only in products[0] */
    const char *sku_name;
    struct life_certificate certificates[LIFE_CERTIFICATES_MAX];
    size_t certificates_len;
    bool has_contact, enc;
    char phone[12], name[16], open_id[40];
};

extern const struct world_kind life_kind;

void life_facts_of(const struct life *life, const struct shop *shop, const struct order_view *view,
                   struct life_facts *out);
/* "13800138000" as the order carries it: local AES, or "Enc." and what only the platform opens. */
enum err_class life_phone_seal(const struct life *life, const struct shop *shop, struct str phone,
                               bool enc, struct buf *out, struct err *err);
/* Opens an "Enc." cipher of this shop. */
enum err_class life_enc_open(const struct life *life, const struct shop *shop, struct str cipher,
                             struct buf *plain, struct err *err);
void life_write_order(const struct life *life, const struct shop *shop,
                      const struct order_view *view, struct buf *out);
/* ,"commodities":[…] of about `bytes`: the dishes of a set meal, other ones for each order. Nothing
 * when that is less than LIFE_CONTENTS_BYTES_MIN, which one dish takes. */
void life_write_contents(const struct order_view *view, size_t bytes, struct buf *out);
void life_write_truth(struct platform *platform, struct shop *shop, const struct order_view *view,
                      struct buf *out);
void life_account_id(const struct shop *shop, char out[24]);

/* The secret as the platform makes a key of it: trimmed, then padded with '#' at the front and the
 * back in turn, or shortened likewise. */
void life_key_of(struct str secret, unsigned char key[LIFE_KEY_BYTES]);
/* The cipher of phone_encrypt's first generation, Base64; its IV is the key's right half. */
enum err_class life_aes_seal(const unsigned char key[LIFE_KEY_BYTES], struct str plain,
                             struct buf *out, struct err *err);

/* True: token and account are right. False: the call has been refused. */
bool life_call_allowed(struct call *call);
/* "extra":{…} and the end of the reply. */
void life_write_extra(const struct call *call, int code, struct str what, struct buf *out);
void life_orders_serve(struct call *call);

#endif
