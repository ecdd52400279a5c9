/* Sheets that a person would hand in: what a Temu seller's pages export of orders, products and bills, and what the
 * merchant knows himself: what a piece costs. They are CSV files, made from the seed and the time like everything else, and
 * end with the start: who wants them later makes them anew.
 *
 * Headings are those of spec/5-temu-omni.md §2. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/format.h"
#include "sandbox/life.h"

enum {
    SHEET_BYTES_MAX = 256 * 1024 * 1024,
    HOUR_S = 3600,
    SHEET_DAY_S = 86400,
    BEIJING_S = 8 * HOUR_S,
    SHIP_WITHIN_S = 48 * HOUR_S,
    PAYOUT_AFTER_S = 8 * SHEET_DAY_S,
    WEIGHT_MAX = 200, /* of a day: how many orders it has beside the others */
};

/* Two SKUs make an SPU. A cost of 0: the merchant does not know it. */
static const struct product {
    const char *name, *code, *category, *person;
    int price_fen, cost_fen;
} PRODUCTS[] = {
    {"复古珐琅马克杯 350ml 白", "MUG-350-W", "厨房用品", "张伟", 3290, 1120},
    {"复古珐琅马克杯 350ml 蓝", "MUG-350-B", "厨房用品", "张伟", 3290, 1120},
    {"可折叠硅胶水杯 绿", "CUP-FOLD-G", "户外", "李娜", 2650, 780},
    {"可折叠硅胶水杯 粉", "CUP-FOLD-P", "户外", "李娜", 2650, 780},
    {"宠物梳毛手套 左手", "PET-GLOVE-L", "宠物", "王芳", 1890, 460},
    {"宠物梳毛手套 右手", "PET-GLOVE-R", "宠物", "王芳", 1890, 460},
    {"LED 床头阅读灯 暖光", "LAMP-READ-W", "家居", "张伟", 5990, 2310},
    {"LED 床头阅读灯 冷光", "LAMP-READ-C", "家居", "张伟", 5990, 2310},
    {"旅行收纳袋 六件套", "BAG-SET-6", "箱包", "李娜", 4580, 1650},
    {"旅行收纳袋 八件套", "BAG-SET-8", "箱包", "李娜", 5380, 1980},
    {"瑜伽拉力带 五条装", "BAND-YOGA-5", "运动", "王芳", 3990, 1240},
    {"儿童安全剪刀，带尺", "KID-SCISSORS", "文具", "王芳", 1290, 0},
};
enum { PRODUCTS_LEN = sizeof PRODUCTS / sizeof *PRODUCTS };

enum trade_state { TRADE_WAITS, TRADE_SHIPPED, TRADE_DELIVERED, TRADE_CANCELLED, TRADE_REFUNDED };
static const char *const STATES[] = {"待发货", "已发货", "已签收", "已取消", "已退款"};

struct sheet_order {
    uint64_t number, hash;
    uint32_t created_s, shipped_s, delivered_s; /* as it will be, if nothing stops it */
    enum trade_state state;
    unsigned parts;
};

struct sheets {
    const struct options *options;
    const struct zone *zone;
    uint64_t seed;
    uint32_t now_s;
};

static void add_time(const struct sheets *sheets, uint32_t at_s, struct buf *out)
{
    time_format(STR("%Y-%m-%d %H:%M:%S"), sheets->zone, (int64_t)at_s * 1000, out, NULL);
}

static void add_yuan(int64_t fen, struct buf *out)
{
    int64_t whole = fen < 0 ? -fen : fen;
    buf_printf(out, "%s%" PRId64 ".%02" PRId64, fen < 0 ? "-" : "", whole / 100, whole % 100);
}

static uint64_t sku_of(unsigned product)
{
    return UINT64_C(17592352673500) + product;
}

static uint64_t spu_of(unsigned product)
{
    return UINT64_C(6017592300) + product / 2;
}

/* More at weekends, and three quarters more at the end than in the beginning. */
static unsigned weight_at(uint32_t at_s, uint32_t from_s, uint32_t end_s)
{
    unsigned weekday = civil_weekday((at_s + BEIJING_S) / SHEET_DAY_S);
    return 80 + (unsigned)(UINT64_C(60) * (at_s - from_s) / (end_s - from_s)) +
           (weekday == 0 || weekday == 6 ? 60 : 0);
}

/* When it is placed: a draw until one falls under its day's weight. */
static uint32_t draw_created_s(const struct sheets *sheets, uint64_t hash)
{
    const struct world_plan *plan = &sheets->options->plan;
    uint32_t end_s = plan->to_s < sheets->now_s ? plan->to_s : sheets->now_s;
    uint32_t at_s = plan->from_s;
    for (uint64_t draw = 0; draw < 32; draw++) {
        uint64_t bits = world_mix(hash, 100 + draw);
        at_s = plan->from_s + (uint32_t)(bits % (end_s - plan->from_s));
        if ((bits >> 40) % WEIGHT_MAX < weight_at(at_s, plan->from_s, end_s))
            break;
    }
    return at_s;
}

static struct sheet_order order_at(const struct sheets *sheets, uint64_t number)
{
    struct sheet_order order = {.number = number, .hash = world_mix(sheets->seed, number)};
    order.created_s = draw_created_s(sheets, order.hash);
    order.parts = world_mix(order.hash, 1) % 4 == 0 ? 2 : 1;
    order.shipped_s = order.created_s + 6 * HOUR_S +
                      (uint32_t)(world_mix(order.hash, 2) % (46 * HOUR_S));
    order.delivered_s = order.shipped_s + 5 * SHEET_DAY_S +
                        (uint32_t)(world_mix(order.hash, 3) % (7 * SHEET_DAY_S));
    unsigned fate = (unsigned)(world_mix(order.hash, 4) % 100);
    if (fate < 4 && order.created_s + 3 * HOUR_S <= sheets->now_s)
        order.state = TRADE_CANCELLED;
    else if (order.shipped_s > sheets->now_s)
        order.state = TRADE_WAITS;
    else if (order.delivered_s > sheets->now_s)
        order.state = TRADE_SHIPPED;
    else
        order.state = fate < 8 ? TRADE_REFUNDED : TRADE_DELIVERED;
    return order;
}

static unsigned part_product(const struct sheet_order *order, unsigned part)
{
    unsigned first = (unsigned)(world_mix(order->hash, 10) % PRODUCTS_LEN);
    return (first + part * 5) % PRODUCTS_LEN;
}

static unsigned part_pieces(const struct sheet_order *order, unsigned part)
{
    return 1 + (unsigned)(world_mix(order->hash, 20 + part) % 5 / 2);
}

static int64_t order_fen(const struct sheet_order *order)
{
    int64_t fen = 0;
    for (unsigned part = 0; part < order->parts; part++)
        fen += (int64_t)PRODUCTS[part_product(order, part)].price_fen * part_pieces(order, part);
    return fen;
}

static void add_po(const struct sheet_order *order, struct buf *out)
{
    buf_printf(out, "PO-211-%010" PRIu64 "%04" PRIu64, UINT64_C(2600000000) + order->number,
               order->hash % 10000);
}

static void add_orders(const struct sheets *sheets, struct buf *out)
{
    buf_add(
        out,
        STR("订单编号,子订单编号,商品名称,应履约件数,单价,订单金额,币种,SKUID,SPUID,SKU货号,订单状态,"
            "订单创建时间,支付时间,要求最晚发货时间,实际发货时间,送达时间\n"));
    for (uint64_t number = 0; number < (uint64_t)sheets->options->sheet_orders; number++) {
        const struct sheet_order order = order_at(sheets, number);
        bool ships = order.state != TRADE_WAITS && order.state != TRADE_CANCELLED;
        bool arrives = order.state == TRADE_DELIVERED || order.state == TRADE_REFUNDED;
        for (unsigned part = 0; part < order.parts; part++) {
            unsigned product = part_product(&order, part);
            add_po(&order, out);
            buf_printf(out, ",211-%010" PRIu64 "%04" PRIu64 "-%u,\"%s\",%u,",
                       UINT64_C(2600000000) + order.number, order.hash % 10000, part + 1,
                       PRODUCTS[product].name, part_pieces(&order, part));
            add_yuan(PRODUCTS[product].price_fen, out);
            buf_add_char(out, ',');
            add_yuan((int64_t)PRODUCTS[product].price_fen * part_pieces(&order, part), out);
            buf_printf(out, ",CNY,%" PRIu64 ",%" PRIu64 ",%s,%s,", sku_of(product), spu_of(product),
                       PRODUCTS[product].code, STATES[order.state]);
            add_time(sheets, order.created_s, out);
            buf_add_char(out, ',');
            add_time(sheets, order.created_s + 40, out);
            buf_add_char(out, ',');
            add_time(sheets, order.created_s + SHIP_WITHIN_S, out);
            buf_add_char(out, ',');
            if (ships)
                add_time(sheets, order.shipped_s, out);
            buf_add_char(out, ',');
            if (arrives)
                add_time(sheets, order.delivered_s, out);
            buf_add_char(out, '\n');
        }
    }
}

static void add_products(const struct sheets *sheets, struct buf *out)
{
    (void)sheets;
    buf_add(out, STR("SKU ID,SPU ID,SKU货号,商品名称,申报价格,类目,负责人,状态\n"));
    for (unsigned i = 0; i < PRODUCTS_LEN; i++) {
        buf_printf(out, "%" PRIu64 ",%" PRIu64 ",%s,\"%s\",", sku_of(i), spu_of(i),
                   PRODUCTS[i].code, PRODUCTS[i].name);
        add_yuan(PRODUCTS[i].price_fen, out);
        buf_printf(out, ",%s,%s,在售\n", PRODUCTS[i].category, PRODUCTS[i].person);
    }
}

/* --- bills: what was paid out for orders by now --- */

static bool paid_out(const struct sheets *sheets, const struct sheet_order *order)
{
    bool arrived = order->state == TRADE_DELIVERED || order->state == TRADE_REFUNDED;
    return arrived && order->delivered_s + PAYOUT_AFTER_S <= sheets->now_s;
}

static void add_collection(const struct sheets *sheets, struct buf *out)
{
    buf_add(out, STR("PO单号,销售回款,销售冲回,运费回款,币种,账务时间\n"));
    for (uint64_t number = 0; number < (uint64_t)sheets->options->sheet_orders; number++) {
        const struct sheet_order order = order_at(sheets, number);
        int64_t fen = order_fen(&order);
        if (!paid_out(sheets, &order))
            continue;
        add_po(&order, out);
        buf_add_char(out, ',');
        add_yuan(fen, out);
        buf_add_char(out, ',');
        add_yuan(order.state == TRADE_REFUNDED ? -fen : 0, out);
        buf_add(out, STR(",0.00,CNY,"));
        add_time(sheets, order.delivered_s + PAYOUT_AFTER_S, out);
        buf_add_char(out, '\n');
    }
}

/* Freight goes by pieces; a parcel in fifty brings a deduction. */
static void add_freight(const struct sheets *sheets, const char *head, int64_t base_fen,
                        int64_t piece_fen, unsigned one_of, struct buf *out)
{
    buf_add(out, str_of(head));
    for (uint64_t number = 0; number < (uint64_t)sheets->options->sheet_orders; number++) {
        const struct sheet_order order = order_at(sheets, number);
        if (!paid_out(sheets, &order) || world_mix(order.hash, 30) % one_of != 0)
            continue;
        int64_t fen = base_fen;
        for (unsigned part = 0; part < order.parts; part++)
            fen += piece_fen * part_pieces(&order, part);
        add_po(&order, out);
        buf_add_char(out, ',');
        add_yuan(fen, out);
        buf_add(out, STR(",CNY,"));
        add_time(sheets, order.delivered_s + PAYOUT_AFTER_S, out);
        buf_add_char(out, '\n');
    }
}

static void add_first_mile(const struct sheets *sheets, struct buf *out)
{
    add_freight(sheets, "平台单号,合计应收,币种,账务时间\n", 120, 85, 1, out);
}

static void add_last_mile(const struct sheets *sheets, struct buf *out)
{
    add_freight(sheets, "订单号,尾程运费,币种,账务时间\n", 310, 40, 1, out);
}

static void add_deduction(const struct sheets *sheets, struct buf *out)
{
    add_freight(sheets, "订单编号,支出金额,币种,账务时间\n", 500, 0, 50, out);
}

/* --- what a piece costs --- */

static void add_cost(const struct sheets *sheets, const char *shop, uint64_t sku, uint32_t from_s,
                     int64_t fen, struct buf *out)
{
    buf_printf(out, "%s,%" PRIu64 ",", shop, sku);
    time_format(STR("%Y-%m-%d"), sheets->zone, (int64_t)from_s * 1000, out, NULL);
    buf_add_char(out, ',');
    add_yuan(fen, out);
    buf_add(out, STR(",CNY\n"));
}

/* From the first day on, and of every third SKU of Temu a tenth more from the middle on. */
static void add_costs(const struct sheets *sheets, struct buf *out)
{
    const struct options *options = sheets->options;
    uint32_t from_s = options->plan.from_s, middle_s = from_s + (sheets->now_s - from_s) / 2;
    buf_add(out, STR("店铺,SKU,生效日期,成本,币种\n"));
    for (unsigned i = 0; i < PRODUCTS_LEN; i++) {
        int64_t fen = PRODUCTS[i].cost_fen;
        if (fen > 0)
            add_cost(sheets, "temu-1", sku_of(i), from_s, fen, out);
        if (fen > 0 && i % 3 == 0)
            add_cost(sheets, "temu-1", sku_of(i), middle_s, fen * 11 / 10, out);
    }
    for (uint32_t shop = 0; shop < (uint32_t)options->life_shops; shop++)
        for (unsigned sku = 0; sku < LIFE_SKUS; sku++) {
            char name[24];
            snprintf(name, sizeof name, "life-%" PRIu32, shop + 1);
            add_cost(sheets, name, life_sku_id(shop, sku), from_s, 3600 + 400 * (int64_t)sku, out);
        }
}

static const struct sheet {
    const char *name;
    void (*add)(const struct sheets *sheets, struct buf *out);
} SHEETS[] = {
    {"temu-orders.csv", add_orders},
    {"temu-products.csv", add_products},
    {"temu-bill-collection.csv", add_collection},
    {"temu-bill-first-mile.csv", add_first_mile},
    {"temu-bill-last-mile.csv", add_last_mile},
    {"temu-bill-deduction.csv", add_deduction},
    {"costs.csv", add_costs},
};

static enum err_class sheet_write(const struct sheets *sheets, const struct sheet *sheet,
                                  struct err *err)
{
    char path[1024];
    struct buf text;
    buf_init(&text, SHEET_BYTES_MAX);
    sheet->add(sheets, &text);
    snprintf(path, sizeof path, "%.*s/%s", STR_ARG(sheets->options->sheets), sheet->name);
    FILE *file = text.failed ? NULL : fopen(path, "w");
    bool good = file && fwrite(text.ptr, 1, text.len, file) == text.len;
    if (file)
        good = fclose(file) == 0 && good;
    enum err_class class_ = ERR_OK;
    if (text.failed)
        class_ = err_set(err, ERR_CONFIG, "sheets", "%s would be larger than %d bytes", path,
                         SHEET_BYTES_MAX);
    else if (!good)
        class_ = err_set(err, ERR_CONFIG, "sheets", "%s: %s", path, strerror(errno));
    buf_fini(&text);
    return class_;
}

enum err_class sheets_write(const struct options *options, struct err *err)
{
    struct sheets sheets = {.options = options,
                            .seed = world_mix(options->plan.seed, 0x7368656574),
                            .now_s = (uint32_t)(clock_now_ms() / 1000)};
    enum err_class class_ = options->sheets.len == 0 ? ERR_OK
                                                     : zone_find(STR("+08:00"), &sheets.zone, err);
    if (class_ == ERR_OK && options->sheets.len > 0 && options->plan.from_s >= sheets.now_s)
        class_ = err_set(err, ERR_USAGE, "option", "--sheets: nothing was sold before --from");
    for (size_t i = 0;
         class_ == ERR_OK && options->sheets.len > 0 && i < sizeof SHEETS / sizeof *SHEETS; i++)
        class_ = sheet_write(&sheets, &SHEETS[i], err);
    return class_;
}
