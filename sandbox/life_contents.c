/* What a set meal holds: the text that makes an order of Douyin Life large, in the form in which
 * public clients of the API read it (products[].commodities[].item_list[]). */
#include "sandbox/life.h"

/* A dish takes about 150 bytes; one more is written when at least half of it is wanted. */
enum { DISHES_OF_GROUP = 4, DISH_BYTES_HALF = 75 };

static const char *const GROUPS[] = {"招牌热菜", "精选凉菜", "时令小炒", "主食任选",
                                     "甜品饮料", "锅底蘸料", "烧烤拼盘", "靓汤炖品"};
static const char *const MANNERS[] = {"秘制", "香煎", "清蒸", "炭烤", "蒜蓉", "黑椒",
                                      "椒盐", "麻辣", "糖醋", "葱油", "酱香", "泡椒",
                                      "金汤", "手撕", "红烧", "干锅"};
static const char *const FOODS[] = {"牛仔骨", "鲈鱼", "虾仁",   "五花肉", "鸡翅", "排骨",
                                    "老豆腐", "茄子", "花甲",   "羊排",   "鱿鱼", "土豆片",
                                    "菌菇",   "肥肠", "娃娃菜", "鸭掌"};
/* A number stands between the two parts. */
static const char *const NOTES[][2] = {
    {"现点现做，需等候约", "分钟"},   {"每份约", "克，大小随季节略有不同"},
    {"建议", "人分食，可免费换小料"}, {"选用当日鲜货，售完即止，限", "份"},
    {"微辣可选，单点门市价", "元"},   {"不含餐具费，外带另付", "元"},
};
static const char *const UNITS[] = {"份", "例", "串", "位"};

/* The bits decide what, where and how many: dishes differ within an order as well as between two. */
static void write_dish(uint64_t bits, struct buf *out)
{
    buf_printf(out, "{\"name\":\"%s%s\",\"price\":%u,\"count\":%u,\"unit\":\"%s\",\"desc\":\"",
               MANNERS[bits % 16], FOODS[bits / 16 % 16], (unsigned)(bits >> 8) % 19900 + 100,
               (unsigned)(bits >> 24) % 4 + 1, UNITS[(bits >> 26) % 4]);
    const char *const *note = NOTES[(bits >> 32) % 6];
    buf_printf(out, "%s%u%s\",\"item_tag\":\"\",\"attr_list\":null}", note[0],
               (unsigned)(bits >> 40) % 90 + 5, note[1]);
}

void life_write_contents(const struct order_view *view, size_t bytes, struct buf *out)
{
    size_t end = out->len + bytes;
    if (bytes < LIFE_CONTENTS_BYTES_MIN)
        return;
    buf_add(out, STR(",\"commodities\":["));
    for (unsigned dish = 0; dish == 0 || out->len + DISH_BYTES_HALF < end; dish++) {
        uint64_t bits = world_mix(view->hash, 1000 + dish);
        if (out->failed)
            return;
        if (dish % DISHES_OF_GROUP > 0)
            buf_add_char(out, ',');
        else
            buf_printf(
                out,
                "%s{\"group_name\":\"%s\",\"total_count\":4,\"option_count\":%u,\"item_list\":[",
                dish > 0 ? "]}," : "", GROUPS[(bits >> 56) % 8], (unsigned)(bits >> 60) % 4 + 1);
        write_dish(bits, out);
    }
    buf_add(out, STR("]}]"));
}
