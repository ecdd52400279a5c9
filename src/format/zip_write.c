/* The container of APPNOTE.TXT, as much of it as a sheet needs: local header with empty sizes, deflated data,
 * descriptor; then the directory. */
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* zlib then promises not to write to its input */
#include <zlib.h>

#include "format/zip_write.h"

enum {
    VERSION = 20,             /* deflate */
    FLAGS = 1 << 3 | 1 << 11, /* sizes follow the data; names are UTF-8 */
    METHOD_DEFLATE = 8,
    DAY_ONE = 0x21, /* 1980-01-01: an export does not depend on when it was written */
    PIECE_BYTES = 64 * 1024,
    HEAD_BYTES_MAX = 46 + ZIP_NAME_BYTES_MAX,
    /* XML of rows shrinks to a tenth at this level; level 6 takes twice the time for a twelfth. */
    LEVEL = 3,
};
static const uint64_t OFFSET_MAX = UINT32_MAX;

struct entry {
    char name[ZIP_NAME_BYTES_MAX + 1];
    uint32_t crc;
    uint64_t packed, bytes, offset;
};

struct zip_writer {
    zip_sink *sink;
    void *context;
    uint64_t written;
    struct entry entries[ZIP_ENTRIES_MAX];
    size_t entries_len;
    z_stream deflate;
    bool deflating;
    unsigned char piece[PIECE_BYTES];
};

enum err_class zip_writer_new(zip_sink *sink, void *context, struct zip_writer **out,
                              struct err *err)
{
    struct zip_writer *zip = calloc(1, sizeof *zip);
    *out = zip;
    if (!zip)
        return err_no_memory(err);
    zip->sink = sink;
    zip->context = context;
    zip->deflating = deflateInit2(&zip->deflate, LEVEL, Z_DEFLATED, -MAX_WBITS, 8,
                                  Z_DEFAULT_STRATEGY) == Z_OK;
    if (zip->deflating)
        return ERR_OK;
    zip_writer_free(zip);
    *out = NULL;
    return err_no_memory(err);
}

void zip_writer_free(struct zip_writer *zip)
{
    if (!zip)
        return;
    if (zip->deflating)
        deflateEnd(&zip->deflate);
    free(zip);
}

/* Little-endian fields; those wider than a number are filled up with zeros. */
struct head {
    unsigned char bytes[HEAD_BYTES_MAX];
    size_t len;
};

static void put(struct head *head, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        head->bytes[head->len++] = (unsigned char)(i < sizeof(value) ? value >> (8 * i) : 0);
}

static void put_name(struct head *head, const char *name)
{
    size_t len = strlen(name);
    memcpy(head->bytes + head->len, name, len);
    head->len += len;
}

static enum err_class send(struct zip_writer *zip, const void *bytes, size_t len, struct err *err)
{
    zip->written += len;
    if (zip->written > OFFSET_MAX)
        return err_set(err, ERR_BAD_REQUEST, "zip_large",
                       "the sheet grows beyond 4 GB; take csv or narrow the filters");
    return zip->sink(zip->context, (struct str){bytes, len}, err);
}

static enum err_class send_head(struct zip_writer *zip, const struct head *head, struct err *err)
{
    return send(zip, head->bytes, head->len, err);
}

enum err_class zip_entry_begin(struct zip_writer *zip, const char *name, struct err *err)
{
    if (zip->entries_len == ZIP_ENTRIES_MAX || strlen(name) > ZIP_NAME_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "zip_large",
                       "the sheet has too many parts; take csv or narrow the filters");
    struct entry *entry = &zip->entries[zip->entries_len++];
    *entry = (struct entry){.offset = zip->written, .crc = (uint32_t)crc32(0, NULL, 0)};
    memcpy(entry->name, name, strlen(name));
    deflateReset(&zip->deflate);
    struct head head = {.len = 0};
    put(&head, 0x04034b50, 4);
    put(&head, VERSION, 2);
    put(&head, FLAGS, 2);
    put(&head, METHOD_DEFLATE, 2);
    put(&head, 0, 2);
    put(&head, DAY_ONE, 2);
    put(&head, 0, 12); /* crc and sizes: in the descriptor */
    put(&head, strlen(name), 2);
    put(&head, 0, 2);
    put_name(&head, name);
    return send_head(zip, &head, err);
}

static enum err_class deflate_out(struct zip_writer *zip, int flush, struct err *err)
{
    struct entry *entry = &zip->entries[zip->entries_len - 1];
    int result;
    do {
        zip->deflate.next_out = zip->piece;
        zip->deflate.avail_out = PIECE_BYTES;
        result = deflate(&zip->deflate, flush);
        size_t len = PIECE_BYTES - zip->deflate.avail_out;
        entry->packed += len;
        if (len > 0) {
            enum err_class class_ = send(zip, zip->piece, len, err);
            if (class_ != ERR_OK)
                return class_;
        }
    } while (zip->deflate.avail_out == 0 || (flush == Z_FINISH && result == Z_OK));
    return ERR_OK;
}

enum err_class zip_entry_write(struct zip_writer *zip, struct str bytes, struct err *err)
{
    struct entry *entry = &zip->entries[zip->entries_len - 1];
    if (bytes.len == 0)
        return ERR_OK;
    if (bytes.len > OFFSET_MAX - entry->bytes)
        return err_set(err, ERR_BAD_REQUEST, "zip_large", "a part of the sheet grows beyond 4 GB");
    entry->bytes += bytes.len;
    entry->crc = (uint32_t)crc32(entry->crc, (const Bytef *)bytes.ptr, (uInt)bytes.len);
    zip->deflate.next_in = (const Bytef *)bytes.ptr;
    zip->deflate.avail_in = (uInt)bytes.len;
    return deflate_out(zip, Z_NO_FLUSH, err);
}

enum err_class zip_entry_end(struct zip_writer *zip, struct err *err)
{
    const struct entry *entry = &zip->entries[zip->entries_len - 1];
    zip->deflate.avail_in = 0;
    enum err_class class_ = deflate_out(zip, Z_FINISH, err);
    struct head head = {.len = 0};
    put(&head, 0x08074b50, 4);
    put(&head, entry->crc, 4);
    put(&head, entry->packed, 4);
    put(&head, entry->bytes, 4);
    return class_ == ERR_OK ? send_head(zip, &head, err) : class_;
}

uint64_t zip_entry_bytes(const struct zip_writer *zip)
{
    return zip->entries[zip->entries_len - 1].bytes;
}

static enum err_class directory_entry(struct zip_writer *zip, const struct entry *entry,
                                      struct err *err)
{
    struct head head = {.len = 0};
    put(&head, 0x02014b50, 4);
    put(&head, VERSION, 2);
    put(&head, VERSION, 2);
    put(&head, FLAGS, 2);
    put(&head, METHOD_DEFLATE, 2);
    put(&head, 0, 2);
    put(&head, DAY_ONE, 2);
    put(&head, entry->crc, 4);
    put(&head, entry->packed, 4);
    put(&head, entry->bytes, 4);
    put(&head, strlen(entry->name), 2);
    put(&head, 0, 12); /* no extra field, comment, disk; plain file without attributes */
    put(&head, entry->offset, 4);
    put_name(&head, entry->name);
    return send_head(zip, &head, err);
}

enum err_class zip_finish(struct zip_writer *zip, struct err *err)
{
    uint64_t from = zip->written;
    enum err_class class_ = ERR_OK;
    for (size_t i = 0; class_ == ERR_OK && i < zip->entries_len; i++)
        class_ = directory_entry(zip, &zip->entries[i], err);
    struct head head = {.len = 0};
    put(&head, 0x06054b50, 4);
    put(&head, 0, 4);
    put(&head, zip->entries_len, 2);
    put(&head, zip->entries_len, 2);
    put(&head, zip->written - from, 4);
    put(&head, from, 4);
    put(&head, 0, 2);
    return class_ == ERR_OK ? send_head(zip, &head, err) : class_;
}
