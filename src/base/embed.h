/* A file that was put into the program at build time by tools/embed (manifests, table
 * declarations, compat tables). The bytes are read-only and live as long as the process. */
#ifndef HUILIU_BASE_EMBED_H
#define HUILIU_BASE_EMBED_H

#include <stddef.h>

struct embedded_file {
    const char *name; /* path in the repository ("connectors/douplus.yaml"); NULL ends a table */
    const unsigned char *bytes;
    size_t bytes_len;
};

#endif
