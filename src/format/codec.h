/* Text codings, compression, charset, URLs. Everything appends to a buf whose maximum is the
 * limit; decoding errors are ERR_BAD_REPLY: "too_large" (unfolds beyond the buf's maximum), else
 * named after the coding ("hex", "base64", "percent", "zstd", "gzip"). No state but a zstd context
 * a thread; threads: any. */
#ifndef HUILIU_FORMAT_CODEC_H
#define HUILIU_FORMAT_CODEC_H

#include "base/base.h"

void hex_write(struct buf *out, struct str bytes, bool upper);
enum err_class hex_read(struct buf *out, struct str text, struct err *err);
void base64_write(struct buf *out, struct str bytes);
/* Standard alphabet, padding required, white space refused. */
enum err_class base64_read(struct buf *out, struct str text, struct err *err);

/* RFC 3986: unreserved characters stay, everything else is %XX. */
void percent_write(struct buf *out, struct str text);
/* %XX and, when `form`, "+" as space. */
enum err_class percent_read(struct buf *out, struct str text, bool form, struct err *err);

/* True when the bytes are UTF-8 without overlong forms, surrogates or U+0000. *offset (may be
 * NULL) is where it goes wrong. */
bool utf8_valid(struct str text, size_t *offset);
/* Cuts to at most `bytes_max` without splitting a character. */
struct str utf8_cut(struct str text, size_t bytes_max);

/* zstd, one frame with its content size. Level 3 unless said otherwise. */
enum err_class zstd_write(struct buf *out, struct str bytes, int level, struct err *err);
enum err_class zstd_read(struct buf *out, struct str bytes, struct err *err);
/* Whole gzip or zlib stream. */
enum err_class gzip_read(struct buf *out, struct str bytes, struct err *err);
enum err_class gzip_write(struct buf *out, struct str bytes, struct err *err);
/* The same in a quarter of the time, some tenths larger: for what is sent once. */
enum err_class gzip_write_fast(struct buf *out, struct str bytes, struct err *err);

/* Parts of an absolute http(s) URL, borrowed. ERR_CONFIG "url". */
struct url {
    struct str scheme, host, path /* with leading "/" or empty */, query /* without "?" */;
    int port; /* 80 or 443 when not written */
};
enum err_class url_parse(struct str text, struct url *out, struct err *err);
/* 127.0.0.0/8, ::1, localhost. */
bool url_is_loopback(const struct url *url);

/* CSV as RFC 4180: quoted fields, doubled quotes, CRLF or LF, optional UTF-8 mark. One row at a
 * time; fields are borrowed until the next row. Blank lines are no rows. After a row that cannot
 * be read, reading goes on behind its first line. */
struct csv {
    struct str text;
    size_t at;
    size_t line;      /* 1-based, of the row last read */
    size_t line_next; /* private: where the next row starts */
    struct buf scratch;
};
enum { CSV_FIELDS_MAX = 256 };
void csv_init(struct csv *csv, struct str text);
void csv_fini(struct csv *csv);
/* ERR_OK with *fields_len = 0 at the end; ERR_SKIP_RECORD "csv_syntax". */
enum err_class csv_next(struct csv *csv, struct str fields[CSV_FIELDS_MAX], size_t *fields_len,
                        struct err *err);
void csv_write_field(struct buf *out, struct str field, bool first);

#endif
