/* What the decoders of this room share. Not part of the face. */
#ifndef HUILIU_FORMAT_CODEC_INTERNAL_H
#define HUILIU_FORMAT_CODEC_INTERNAL_H

#include "base/base.h"

/* What became of `added` bytes appended to `out` when it held `len_before`: ERR_OK, "too_large"
 * (ERR_BAD_REPLY: the input unfolds beyond the buf's maximum) or "no_memory". A buf does not keep
 * the two apart, and only the first is the sender's fault. */
enum err_class codec_appended(const struct buf *out, size_t len_before, size_t added,
                              struct err *err);

#endif
