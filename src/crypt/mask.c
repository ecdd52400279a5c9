/* What people see of a personal field. */
#include "crypt/crypt.h"

enum {
    SHORT = 7,        /* below this a head would give it away */
    PHONE_HEAD = 3,   /* network */
    PHONE_TAIL = 4,   /* what people tell each other on the phone */
    PHONE_HIDDEN = 4, /* at least */
    TEXT_HEAD = 3,    /* a province */
};

static size_t chars_count(struct str text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at += str_utf8_at(text, at))
        count++;
    return count;
}

static struct str chars_sub(struct str text, size_t from, size_t to)
{
    size_t at = 0, from_byte = 0;
    for (size_t i = 0; i < to; i++) {
        if (i == from)
            from_byte = at;
        at += str_utf8_at(text, at);
    }
    return from < to ? str_sub(text, from_byte, at) : STR_NONE;
}

/* Keeps `head` and `tail` characters of `count`. */
static void mask_middle(struct buf *out, struct str plain, size_t count, size_t head, size_t tail)
{
    buf_add(out, chars_sub(plain, 0, head));
    for (size_t i = head; i < count - tail; i++)
        buf_add_char(out, '*');
    buf_add(out, chars_sub(plain, count - tail, count));
}

static void mask_phone(struct buf *out, struct str plain, size_t count)
{
    size_t shown = count - PHONE_HIDDEN;
    size_t tail = shown < PHONE_TAIL ? shown : PHONE_TAIL;
    size_t head = shown - tail < PHONE_HEAD ? shown - tail : PHONE_HEAD;
    mask_middle(out, plain, count, head, tail);
}

void mask_write(struct buf *out, enum mask mask, struct str plain)
{
    /* Bytes that are no text cannot be cut between characters: nothing of them is shown. */
    if (!utf8_valid(plain, NULL)) {
        buf_add(out, STR("****"));
        return;
    }
    size_t count = chars_count(plain);
    if (mask == MASK_NAME) {
        mask_middle(out, plain, count, count > 1, 0);
    } else if (count < SHORT) {
        mask_middle(out, plain, count, 0, count > 1);
    } else if (mask == MASK_PHONE) {
        mask_phone(out, plain, count);
    } else {
        /* An address ends in what finds the door, and its length tells too. */
        buf_add(out, chars_sub(plain, 0, TEXT_HEAD));
        buf_add(out, STR("****"));
    }
}
