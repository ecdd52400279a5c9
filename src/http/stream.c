/* The pieces of a stream, packed where the reply says so. */
#include "http/http_internal.h"

enum { PACK_BYTES = 16 * 1024, PACK_LEVEL = 1, PACK_WINDOW_BITS = 15 + 16, PACK_MEMORY = 8 };

/* Packs what is in exchange->raw behind what is in exchange->piece. */
static bool piece_pack(struct exchange *exchange, int flush)
{
    z_stream *packer = &exchange->packer;
    char out[PACK_BYTES];
    if (!exchange->packs) {
        if (deflateInit2(packer, PACK_LEVEL, Z_DEFLATED, PACK_WINDOW_BITS, PACK_MEMORY,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            return false;
        exchange->packs = true;
    }
    packer->next_in = (Bytef *)exchange->raw.ptr;
    packer->avail_in = (uInt)exchange->raw.len;
    do {
        packer->next_out = (Bytef *)out;
        packer->avail_out = sizeof(out);
        if (deflate(packer, flush) == Z_STREAM_ERROR)
            return false;
        buf_add_bytes(&exchange->piece, out, sizeof(out) - packer->avail_out);
    } while (packer->avail_out == 0);
    buf_reset(&exchange->raw);
    return true;
}

enum http_pull stream_pull(struct exchange *exchange, unsigned *wait_ms)
{
    const struct http_stream *stream = &exchange->reply.stream;
    bool packs = exchange->reply.gzip_stream;
    struct buf *into = packs ? &exchange->raw : &exchange->piece;
    buf_reset(&exchange->piece);
    exchange->piece_sent = 0;
    enum http_pull pulled = stream->pull(stream->context, into, wait_ms);
    /* Who waits wants the other side to have all there is. */
    bool good = pulled != HTTP_BROKEN && !into->failed &&
                (!packs || (pulled == HTTP_WAIT && into->len == 0) ||
                 piece_pack(exchange, pulled == HTTP_END    ? Z_FINISH
                                      : pulled == HTTP_WAIT ? Z_SYNC_FLUSH
                                                            : Z_NO_FLUSH));
    exchange->stream_over = good && pulled == HTTP_END;
    exchange->stream_broken = !good || exchange->piece.failed;
    return pulled;
}
