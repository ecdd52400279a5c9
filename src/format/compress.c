/* zstd and gzip. Both readers unfold piece by piece into a buf and stop at its maximum, so that a
 * small body that unfolds to gigabytes (a bomb) costs no more than that maximum. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#define ZLIB_CONST /* zlib then promises not to write to its input */
#include <zlib.h>
#include <zstd.h>

#include "format/codec.h"
#include "format/codec_internal.h"

enum {
    /* A stored record is about 1.3 KB: both ways it fits into one piece on the stack. */
    PIECE_BYTES = 16 * 1024,
    /* A frame may ask for a window (memory kept while reading) of up to 2^this bytes. Level 3 asks
     * for 2^21; nothing that may unfold to BODY_INFLATED_BYTES_MAX needs more than 2^24. */
    ZSTD_WINDOW_LOG_MAX = 24,
    GZIP_LEVEL = 6,
    WINDOW_BITS_GZIP = 15 + 16,
    WINDOW_BITS_DETECT = 15 + 32, /* gzip or zlib, by their first bytes */
    MEM_LEVEL_DEFAULT = 8,
};

/* Making a context costs more than compressing a record, so each thread keeps its own. */
struct zstd_contexts {
    ZSTD_CCtx *writer;
    ZSTD_DCtx *reader;
};

static pthread_key_t contexts_key;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;
static bool contexts_key_made;

static void contexts_free(void *value)
{
    struct zstd_contexts *contexts = value;
    ZSTD_freeCCtx(contexts->writer);
    ZSTD_freeDCtx(contexts->reader);
    free(contexts);
}

static void contexts_key_make(void)
{
    contexts_key_made = pthread_key_create(&contexts_key, contexts_free) == 0;
}

/* NULL: no memory. */
static struct zstd_contexts *contexts_borrow(void)
{
    pthread_once(&contexts_once, contexts_key_make);
    if (!contexts_key_made)
        return NULL;
    struct zstd_contexts *contexts = pthread_getspecific(contexts_key);
    if (contexts)
        return contexts;
    contexts = calloc(1, sizeof *contexts);
    if (!contexts)
        return NULL;
    contexts->writer = ZSTD_createCCtx();
    contexts->reader = ZSTD_createDCtx();
    if (!contexts->writer || !contexts->reader ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(contexts->reader, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)) ||
        pthread_setspecific(contexts_key, contexts) != 0) {
        contexts_free(contexts);
        return NULL;
    }
    return contexts;
}

enum err_class zstd_write(struct buf *out, struct str bytes, int level, struct err *err)
{
    struct zstd_contexts *contexts = contexts_borrow();
    if (!contexts)
        return err_no_memory(err);
    char piece[PIECE_BYTES];
    char *frame = piece;
    size_t room_bytes = ZSTD_compressBound(bytes.len);
    if (room_bytes > sizeof piece) {
        frame = malloc(room_bytes);
        if (!frame)
            return err_no_memory(err);
    }
    enum err_class result = ERR_OK;
    size_t len = ZSTD_compressCCtx(contexts->writer, frame, room_bytes, bytes.ptr, bytes.len,
                                   level);
    if (ZSTD_isError(len)) {
        result = err_set(err, ERR_INTERNAL, "zstd", "zstd cannot compress %zu bytes: %s", bytes.len,
                         ZSTD_getErrorName(len));
        goto out;
    }
    buf_add_bytes(out, frame, len);
    if (out->failed)
        result = err_no_memory(err);
out:
    if (frame != piece)
        free(frame);
    return result;
}

enum err_class zstd_read(struct buf *out, struct str bytes, struct err *err)
{
    struct zstd_contexts *contexts = contexts_borrow();
    if (!contexts)
        return err_no_memory(err);
    char piece[PIECE_BYTES];
    ZSTD_inBuffer in = {bytes.ptr, bytes.len, 0};
    ZSTD_DCtx_reset(contexts->reader, ZSTD_reset_session_only);
    size_t left = 1; /* 0: the frame is complete */
    while (left != 0) {
        ZSTD_outBuffer unfolded = {piece, sizeof piece, 0};
        left = ZSTD_decompressStream(contexts->reader, &unfolded, &in);
        if (ZSTD_isError(left))
            return err_set(err, ERR_BAD_REPLY, "zstd", "not a zstd frame: %s",
                           ZSTD_getErrorName(left));
        size_t len_before = out->len;
        buf_add_bytes(out, piece, unfolded.pos);
        enum err_class result = codec_appended(out, len_before, unfolded.pos, err);
        if (result != ERR_OK)
            return result;
        if (left != 0 && in.pos == in.size && unfolded.pos < unfolded.size)
            return err_set(err, ERR_BAD_REPLY, "zstd", "the zstd frame is cut after %zu bytes",
                           bytes.len);
    }
    if (in.pos != in.size)
        return err_set(err, ERR_BAD_REPLY, "zstd", "%zu bytes follow the zstd frame",
                       in.size - in.pos);
    return ERR_OK;
}

/* zlib counts in unsigned int. */
static enum err_class stream_feed(z_stream *stream, struct str bytes, struct err *err)
{
    if (bytes.len > UINT_MAX)
        return err_set(err, ERR_BAD_REPLY, "too_large", "%zu bytes are more than zlib takes",
                       bytes.len);
    stream->next_in = (const Bytef *)bytes.ptr;
    stream->avail_in = (unsigned)bytes.len;
    return ERR_OK;
}

/* Members of a gzip file may follow one another (RFC 1952, 2.2). */
static bool member_follows(const z_stream *stream)
{
    return stream->avail_in >= 2 && stream->next_in[0] == 0x1f && stream->next_in[1] == 0x8b;
}

enum err_class gzip_read(struct buf *out, struct str bytes, struct err *err)
{
    z_stream stream = {0};
    enum err_class result = stream_feed(&stream, bytes, err);
    if (result != ERR_OK)
        return result;
    if (inflateInit2(&stream, WINDOW_BITS_DETECT) != Z_OK)
        return err_no_memory(err);
    char piece[PIECE_BYTES];
    int status = Z_OK;
    while (result == ERR_OK && status != Z_STREAM_END) {
        stream.next_out = (Bytef *)piece;
        stream.avail_out = sizeof piece;
        status = inflate(&stream, Z_NO_FLUSH);
        size_t unfolded = sizeof piece - stream.avail_out;
        size_t len_before = out->len;
        buf_add_bytes(out, piece, unfolded);
        result = codec_appended(out, len_before, unfolded, err);
        if (result != ERR_OK)
            break;
        if (status == Z_MEM_ERROR)
            result = err_no_memory(err);
        else if (status == Z_BUF_ERROR)
            result = err_set(err, ERR_BAD_REPLY, "gzip", "the gzip stream is cut after %zu bytes",
                             bytes.len);
        else if (status != Z_OK && status != Z_STREAM_END)
            result = err_set(err, ERR_BAD_REPLY, "gzip", "not a gzip stream: %s",
                             stream.msg ? stream.msg : "it needs a dictionary");
        if (status == Z_STREAM_END && member_follows(&stream))
            status = inflateReset2(&stream, WINDOW_BITS_GZIP);
    }
    if (result == ERR_OK && stream.avail_in != 0)
        result = err_set(err, ERR_BAD_REPLY, "gzip", "%u bytes follow the gzip stream",
                         stream.avail_in);
    inflateEnd(&stream);
    return result;
}

static enum err_class gzip_write_level(struct buf *out, struct str bytes, int level,
                                       struct err *err)
{
    z_stream stream = {0};
    enum err_class result = stream_feed(&stream, bytes, err);
    if (result != ERR_OK)
        return result;
    if (deflateInit2(&stream, level, Z_DEFLATED, WINDOW_BITS_GZIP, MEM_LEVEL_DEFAULT,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return err_no_memory(err);
    char piece[PIECE_BYTES];
    int status = Z_OK;
    while (status == Z_OK) {
        stream.next_out = (Bytef *)piece;
        stream.avail_out = sizeof piece;
        status = deflate(&stream, Z_FINISH);
        buf_add_bytes(out, piece, sizeof piece - stream.avail_out);
    }
    deflateEnd(&stream);
    if (status != Z_STREAM_END)
        return err_set(err, ERR_INTERNAL, "gzip", "zlib cannot compress %zu bytes (%d)", bytes.len,
                       status);
    return out->failed ? err_no_memory(err) : ERR_OK;
}

enum err_class gzip_write(struct buf *out, struct str bytes, struct err *err)
{
    return gzip_write_level(out, bytes, GZIP_LEVEL, err);
}

enum err_class gzip_write_fast(struct buf *out, struct str bytes, struct err *err)
{
    return gzip_write_level(out, bytes, 1, err);
}
