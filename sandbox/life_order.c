/* What a Douyin Life order is at each point of its course, and how it is written. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypt/crypt.h"
#include "format/format.h"
#include "sandbox/life.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
enum { COURSE_STATES = ORDER_STEPS_MAX + 1, AES_IV_BYTES = 16, CIPHER_BYTES_MAX = 1024 };

/* Courses of an order: delays here, and what each state means below, by the same index. */
static const struct lifecycle COURSES[] = {
    {45, 3, {{5, 5 * MINUTE}, {1, MINUTE}, {HOUR, 9 * DAY}}},
    {15, 2, {{5, 5 * MINUTE}, {1, MINUTE}}},
    {12, 1, {{10 * MINUTE, 30 * MINUTE}}},
    {13, 4, {{5, 5 * MINUTE}, {1, MINUTE}, {HOUR, 5 * DAY}, {10 * MINUTE, 2 * DAY}}},
    {10, 4, {{1, 5}, {5, 10 * MINUTE}, {1, MINUTE}, {HOUR, 20 * DAY}}},
    {5, 0, {{0, 0}}},
};
static const struct {
    int status[COURSE_STATES], item[COURSE_STATES];
} STATES[] = {
    {{100, 200, 201, 1}, {0, 0, 100, 401}},           /* paid and used */
    {{100, 200, 201}, {0, 0, 100}},                   /* waits to be used */
    {{100, 101}, {0, 0}},                             /* never paid */
    {{100, 200, 201, 201, 1}, {0, 0, 100, 300, 301}}, /* refunded */
    {{0, 100, 200, 201, 1}, {0, 0, 0, 100, 401}},     /* seen before it could be paid */
    {{200}, {100}},                                   /* made paid */
};
/* What churn turns an order into: always something else than a moment ago. */
static const struct {
    int status, item;
} CHURNED[] = {{201, 100}, {1, 401}, {201, 300}, {1, 301}, {201, 201}, {200, 100}};

static const int TYPES[] = {21, 21, 21, 21, 31, 51, 60, 70, 100, 110};
static const char *const SKUS[LIFE_SKUS] = {
    "双人精致下午茶套餐",        "【周末通用】四人烤肉自助", "100元代金券（可叠加3张）",
    "单人足疗60分钟·含茶点",     "亲子乐园全天票 1大1小",    "“招牌”酸菜鱼 2-3人餐",
    "温泉酒店豪华双床房 含双早", "儿童摄影全家福套系\\B款",
};
static const char *const NAMES[] = {"王**", "李**", "张*", "刘**", "陈*", "欧阳**", "Li**"};

const struct world_kind life_kind = {
    .lifecycles = COURSES,
    .lifecycles_len = sizeof COURSES / sizeof *COURSES,
    /* 19 digits, far above 2^53, as the platform's own samples. */
    .id_base = 7000000000000000000,
    .id_bits = 59,
};

void life_account_id(const struct shop *shop, char out[24])
{
    snprintf(out, 24, "%" PRIu64, UINT64_C(6900000000000000001) + shop->index);
}

void life_key_of(struct str secret, unsigned char key[LIFE_KEY_BYTES])
{
    struct str s = str_trim(secret);
    bool front = true;
    for (; s.len > LIFE_KEY_BYTES; front = !front) {
        s.ptr += front;
        s.len--;
    }
    /* The first '#' goes to the front, so an odd one more stands there. */
    size_t missing = LIFE_KEY_BYTES - s.len;
    memset(key, '#', LIFE_KEY_BYTES);
    if (s.len > 0)
        memcpy(key + (missing + 1) / 2, s.ptr, s.len);
}

enum err_class life_aes_seal(const unsigned char key[LIFE_KEY_BYTES], struct str plain,
                             struct buf *out, struct err *err)
{
    struct str key_str = {(const char *)key, LIFE_KEY_BYTES};
    struct str iv = str_sub(key_str, LIFE_KEY_BYTES - AES_IV_BYTES, LIFE_KEY_BYTES);
    struct buf cipher;
    buf_init(&cipher, CIPHER_BYTES_MAX);
    enum err_class class_ = aes256cbc_seal(&cipher, key_str, iv, plain, err);
    if (class_ == ERR_OK)
        base64_write(out, buf_str(&cipher));
    buf_fini(&cipher);
    return class_;
}

enum err_class life_phone_seal(const struct life *life, const struct shop *shop, struct str phone,
                               bool enc, struct buf *out, struct err *err)
{
    if (!enc)
        return life_aes_seal(life->apps[shop->app].cipher_key, phone, out, err);
    char bound[40];
    int len = snprintf(bound, sizeof bound, "%u:%.*s", shop->index, STR_ARG(phone));
    buf_add(out, STR("Enc."));
    return life_aes_seal(life->enc_key, (struct str){bound, (size_t)len}, out, err);
}

enum err_class life_enc_open(const struct life *life, const struct shop *shop, struct str cipher,
                             struct buf *plain, struct err *err)
{
    struct str key = {(const char *)life->enc_key, LIFE_KEY_BYTES};
    struct str iv = str_sub(key, LIFE_KEY_BYTES - AES_IV_BYTES, LIFE_KEY_BYTES);
    struct str index, phone;
    uint64_t bound;
    struct buf bytes, opened;
    buf_init(&bytes, CIPHER_BYTES_MAX);
    buf_init(&opened, CIPHER_BYTES_MAX);
    enum err_class class_ = str_starts(cipher, STR("Enc."))
                                ? base64_read(&bytes, str_sub(cipher, 4, cipher.len), err)
                                : err_set(err, ERR_SKIP_RECORD, "cipher", "no Enc. cipher");
    if (class_ == ERR_OK)
        class_ = aes256cbc_open(&opened, key, iv, buf_str(&bytes), err);
    if (class_ == ERR_OK && (!str_cut(buf_str(&opened), ':', &index, &phone) ||
                             !str_to_u64(index, &bound) || bound != shop->index))
        class_ = err_set(err, ERR_SKIP_RECORD, "cipher", "a cipher of another account");
    if (class_ == ERR_OK)
        buf_add(plain, phone);
    buf_fini(&bytes);
    buf_fini(&opened);
    return class_;
}

static uint64_t random_of(const struct order_view *view, uint64_t what)
{
    return world_mix(view->hash, 100 + what);
}

/* Time of the first state in which the order counts as paid, 0 when there is none. */
static uint32_t paid_s(const struct order_view *view)
{
    const struct order *order = &view->order;
    for (uint8_t i = 0; i <= view->step; i++) {
        int status = STATES[order->lifecycle].status[i];
        if (status == 200 || status == 1)
            return i == 0 ? order->created_s : order->step_s[i - 1];
    }
    return view->order.churns > 0 ? order->created_s + MINUTE : 0;
}

static void amounts_fill(const struct order_view *view, struct life_facts *out)
{
    out->original_fen = (int64_t)(100 + random_of(view, 1) % 99900);
    out->discount_fen = (int64_t)(random_of(view, 2) % ((uint64_t)out->original_fen / 4 + 1));
    /* Each change leaves its mark in the money, so that a stale row is seen. */
    out->pay_discount_fen = view->order.churns % 50;
    out->pay_fen = out->original_fen - out->discount_fen - out->pay_discount_fen;
    out->receipt_fen = out->paid_s ? out->pay_fen - out->pay_fen / 50 : 0;
}

static void certificates_fill(const struct order_view *view, int item_status,
                              struct life_facts *out)
{
    out->certificates_len = (size_t)out->count;
    for (size_t i = 0; i < out->certificates_len; i++) {
        bool refunded = item_status == 301;
        out->certificates[i] = (struct life_certificate){
            .id = UINT64_C(7100000000000000000) + random_of(view, 10 + i) % 100000000000000000,
            .item_id = view->id + 1 + i,
            .item_status = item_status,
            .item_updated_s = view->updated_s,
            .refund_fen = refunded ? out->pay_fen / out->count : 0,
            .refunded_s = refunded ? view->updated_s : 0,
        };
    }
}

uint64_t life_sku_id(uint32_t shop_index, unsigned sku)
{
    return UINT64_C(1708941687677000) + shop_index * 100 + sku;
}

void life_facts_of(const struct life *life, const struct shop *shop, const struct order_view *view,
                   struct life_facts *out)
{
    uint8_t course = view->order.lifecycle;
    int item = STATES[course].item[view->step];
    unsigned sku = (unsigned)(random_of(view, 3) % LIFE_SKUS);
    uint64_t digits = random_of(view, 4);
    bool brief = life->order_bytes > 0 && life->order_bytes < LIFE_WHOLE_BYTES;
    *out = (struct life_facts){
        .brief = brief,
        .status = STATES[course].status[view->step],
        .type = TYPES[random_of(view, 5) % (sizeof TYPES / sizeof *TYPES)],
        .count = brief ? 1 : (int)(1 + random_of(view, 6) % LIFE_CERTIFICATES_MAX),
        .paid_s = paid_s(view),
        .sku = life_sku_id(shop->index, sku),
        .product = UINT64_C(1708941600000000) + shop->index * 100 + sku,
        .poi = UINT64_C(6601100000000000000) + world_mix(shop->seed, 5) % 1000000000000,
        .sku_on_top = random_of(view, 7) % 10 != 0,
        .sku_name = SKUS[sku],
        .has_contact = random_of(view, 8) % 20 != 0,
        .enc = random_of(view, 9) % 100 < life->enc_share,
    };
    if (view->churned) {
        size_t at = view->order.churns % (sizeof CHURNED / sizeof *CHURNED);
        out->status = CHURNED[at].status;
        item = CHURNED[at].item;
    }
    amounts_fill(view, out);
    certificates_fill(view, item, out);
    /* Some orders continue another one; a rebooking in mid-life makes more of them. */
    if (random_of(view, 20) % 33 == 0 || view->order.churns % 5 == 4)
        out->source_id = life_kind.id_base + random_of(view, 21 + view->order.churns / 5) %
                                                 (UINT64_C(1) << life_kind.id_bits);
    snprintf(out->phone, sizeof out->phone, "1%u%09u", (unsigned)(3 + digits % 7),
             (unsigned)(digits / 7 % 1000000000));
    snprintf(out->name, sizeof out->name, "%s",
             NAMES[random_of(view, 22) % (sizeof NAMES / sizeof *NAMES)]);
    snprintf(out->open_id, sizeof out->open_id, "_000%016" PRIx64, random_of(view, 23));
}

static void write_certificates(const struct life_facts *facts, struct buf *out)
{
    buf_add(out, STR("\"certificate\":["));
    for (size_t i = 0; i < facts->certificates_len; i++) {
        const struct life_certificate *c = &facts->certificates[i];
        buf_add(out, i == 0 ? STR("{") : STR(",{"));
        if (!facts->brief)
            buf_printf(out, "\"certificate_id\":\"%" PRIu64 "\",", c->id);
        buf_printf(out, "\"order_item_id\":\"%" PRIu64 "\",\"item_status\":%d", c->item_id,
                   c->item_status);
        if (!facts->brief)
            buf_printf(out,
                       ",\"item_update_time\":%u,\"refund_amount\":%" PRId64 ",\"refund_time\":%u",
                       c->item_updated_s, c->refund_fen, c->refunded_s);
        buf_add_char(out, '}');
    }
    buf_add(out, STR("],"));
}

static void write_contacts(const struct life *life, const struct shop *shop,
                           const struct life_facts *facts, struct buf *out)
{
    struct err ignored;
    buf_add(out, STR("\"contacts\":["));
    if (facts->has_contact) {
        buf_add_char(out, '{');
        if (!facts->brief)
            buf_printf(out, "\"name\":\"%s\",\"phone\":\"%.3s****%s\",", facts->name, facts->phone,
                       facts->phone + 7);
        buf_add(out, STR("\"phone_encrypt\":\""));
        if (life_phone_seal(life, shop, str_of(facts->phone), facts->enc, out, &ignored) != ERR_OK)
            out->failed = true;
        buf_add(out, STR("\"}"));
    }
    buf_add_char(out, ']');
}

/* `end`: what makes the order large ends there. */
static void write_contents(const struct order_view *view, size_t end, struct buf *out)
{
    life_write_contents(view, end > out->len ? end - out->len : 0, out);
}

static void write_brief_goods(const struct order_view *view, const struct life_facts *facts,
                              size_t end, struct buf *out)
{
    buf_printf(out, "\"count\":%d,", facts->count);
    if (out->len + LIFE_CONTENTS_BYTES_MIN > end)
        return;
    buf_printf(out, "\"products\":[{\"num\":%d", facts->count);
    write_contents(view, end, out);
    buf_add(out, STR("}],"));
}

static void write_goods(const struct shop *shop, const struct order_view *view,
                        const struct life_facts *facts, size_t end, struct buf *out)
{
    char account[24];
    life_account_id(shop, account);
    if (facts->sku_on_top)
        buf_printf(out, "\"sku_id\":\"%" PRIu64 "\",", facts->sku);
    buf_add(out, STR("\"sku_name\":"));
    json_write_string(out, str_of(facts->sku_name));
    buf_printf(out,
               ",\"third_sku_id\":\"\",\"count\":%d,\"poi_id\":\"%" PRIu64
               "\",\"poi\":{\"poi_id\":\"%" PRIu64 "\",\"poi_name\":\"汇流测试店（%u号店）\"},"
               "\"merchant_info\":{\"account_id\":\"%s\",\"account_name\":\"汇流商户%u\"},"
               "\"products\":[{\"product_id\":\"%" PRIu64 "\",\"sku_id\":\"%" PRIu64
               "\",\"num\":%d,\"product_name\":",
               facts->count, facts->poi, facts->poi, shop->index + 1, account, shop->index + 1,
               facts->product, facts->sku, facts->count);
    json_write_string(out, str_of(facts->sku_name));
    write_contents(view, end, out);
    buf_add(out, STR("}],"));
}

/* Who sold it, as public clients of the API name it. */
static void write_sale(const struct order_view *view, const struct life_facts *facts,
                       struct buf *out)
{
    static const char *const ROLES[] = {"商家", "达人", "职人", "机构"};
    static const char *const CHANNELS[] = {"直播", "短视频", "搜索", "商家主页"};
    uint64_t seller = random_of(view, 32);
    buf_printf(out,
               ",\"intention_poi_id\":\"%" PRIu64 "\",\"order_sale_info\":{\"sale_role\":\"%s\","
               "\"sale_channel\":\"%s\",\"transfer_uid\":\"%" PRIu64
               "\",\"transfer_douyin_uid\":\"%" PRIu64 "\",\"transfer_nickName\":\"探店%06u\"}",
               facts->poi, ROLES[seller % 4], CHANNELS[seller / 4 % 4],
               UINT64_C(6900000000000000) + seller % 1000000000000,
               UINT64_C(1000000000000000) + seller % 2000000000000000,
               (unsigned)(seller % 1000000));
}

/* From its id to its goods. */
static void write_head(const struct order_view *view, const struct life_facts *facts,
                       struct buf *out)
{
    buf_printf(out, "{\"order_id\":\"%" PRIu64 "\",\"order_status\":%d,", view->id, facts->status);
    if (facts->brief)
        buf_printf(out, "\"pay_amount\":%" PRId64 ",", facts->pay_fen);
    else
        buf_printf(out,
                   "\"order_type\":%d,\"original_amount\":%" PRId64 ",\"pay_amount\":%" PRId64
                   ",\"receipt_amount\":%" PRId64 ",\"discount_amount\":%" PRId64
                   ",\"pay_discount_amount\":%" PRId64 ",",
                   facts->type, facts->original_fen, facts->pay_fen, facts->receipt_fen,
                   facts->discount_fen, facts->pay_discount_fen);
    buf_printf(out, "\"create_order_time\":%u,\"pay_time\":%u,\"update_order_time\":%u,",
               view->order.created_s, facts->paid_s, view->updated_s);
}

/* From its certificates to its end. */
static void write_tail(const struct life *life, const struct shop *shop,
                       const struct order_view *view, const struct life_facts *facts,
                       struct buf *out)
{
    write_certificates(facts, out);
    write_contacts(life, shop, facts, out);
    if (facts->brief) {
        buf_add_char(out, '}');
        return;
    }
    buf_printf(out, ",\"open_id\":\"%s\",\"source_order_id\":\"", facts->open_id);
    if (facts->source_id)
        buf_printf(out, "%" PRIu64, facts->source_id);
    /* What nobody documents is there too: nested parts, numbers that are not integers, null. */
    buf_printf(out,
               "\",\"sub_order_amount_infos\":[{\"sub_order_type\":100,\"pay_amount\":%" PRId64
               ",\"origin_amount\":%" PRId64 "}],"
               "\"delivery\":{\"type\":0,\"expect\":{\"from\":0,\"to\":0},\"rider\":null},"
               "\"receiver\":{\"name\":\"\",\"address\":{\"province\":\"\",\"city\":\"\"}},"
               "\"scene_tags\":[\"live\",\"poi\"],\"ext\":{\"commission_rate\":0.060,"
               "\"shelf_item_id\":%" PRIu64 ",\"is_first_order\":%s}",
               facts->pay_fen, facts->original_fen, random_of(view, 30) >> 1,
               random_of(view, 31) & 1 ? "true" : "false");
    if (life->order_bytes > 0)
        write_sale(view, facts, out);
    buf_add_char(out, '}');
}

void life_write_order(const struct life *life, const struct shop *shop,
                      const struct order_view *view, struct buf *out)
{
    struct life_facts facts;
    struct buf tail;
    size_t start = out->len;
    life_facts_of(life, shop, view, &facts);
    /* The end first: the goods take what is left between it and the head. */
    buf_init(&tail, LIFE_REPLY_BYTES_MAX);
    write_tail(life, shop, view, &facts, &tail);
    size_t end = start + life->order_bytes > tail.len ? start + life->order_bytes - tail.len : 0;
    write_head(view, &facts, out);
    if (facts.brief)
        write_brief_goods(view, &facts, end, out);
    else
        write_goods(shop, view, &facts, end, out);
    buf_add(out, buf_str(&tail));
    out->failed |= tail.failed;
    buf_fini(&tail);
}
