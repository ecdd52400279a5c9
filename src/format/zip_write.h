/* A ZIP archive written from front to back into a sink: one entry after the other, each deflated while it is
 * written, its sizes behind it (data descriptors, as POI and most streaming writers leave them). Nothing is sought,
 * nothing is kept but 30 bytes an entry, no temporary file.
 *
 * No ZIP64: readers of sheets are at odds about it. So an entry ends before 4 GB and so does the archive; who writes
 * asks zip_entry_bytes and begins another one in time, and "zip_large" says when the whole is too large.
 *
 * Private to the room. Threads: one. Errors: the sink's own; ERR_BAD_REQUEST "zip_large"; memory. */
#ifndef HUILIU_FORMAT_ZIP_WRITE_H
#define HUILIU_FORMAT_ZIP_WRITE_H

#include "base/base.h"

typedef enum err_class zip_sink(void *context, struct str bytes, struct err *err);

enum { ZIP_ENTRIES_MAX = 256, ZIP_NAME_BYTES_MAX = 64 };

struct zip_writer;
enum err_class zip_writer_new(zip_sink *sink, void *context, struct zip_writer **out,
                              struct err *err);
void zip_writer_free(struct zip_writer *zip);
/* `name` is of at most ZIP_NAME_BYTES_MAX bytes. */
enum err_class zip_entry_begin(struct zip_writer *zip, const char *name, struct err *err);
enum err_class zip_entry_write(struct zip_writer *zip, struct str bytes, struct err *err);
enum err_class zip_entry_end(struct zip_writer *zip, struct err *err);
/* Bytes of the entry that is open, before they are deflated. */
uint64_t zip_entry_bytes(const struct zip_writer *zip);
/* The directory; nothing comes after it. */
enum err_class zip_finish(struct zip_writer *zip, struct err *err);

#endif
