/* Small files, as a command line needs them: whole, bounded, written so that a crash leaves the old
 * or the new one. Errors: ERR_CONFIG that names the path and the system's reason. */
#ifndef HUILIU_APP_FILE_H
#define HUILIU_APP_FILE_H

#include "base/base.h"

/* Configuration, manifests, fixtures and secrets are small; files of rows (format/grid.h) are what is larger. */
enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

enum err_class path_join(struct str folder, struct str name, struct arena *arena, struct str *out,
                         struct err *err);
bool file_is_there(struct str path);
/* "-" is standard input. */
enum err_class file_read(struct str path, struct arena *arena, struct str *out, struct err *err);
/* A missing file is an empty text. */
enum err_class file_read_if_there(struct str path, struct arena *arena, struct str *out,
                                  struct err *err);
/* A new file with the mode; one that exists is left alone: ERR_CONFLICT "file_exists". */
enum err_class file_create(struct str path, struct str text, unsigned mode, struct err *err);
/* The folder and those above it that are missing; only the last gets `mode`. */
enum err_class folder_create(struct str path, unsigned mode, struct err *err);

#endif
