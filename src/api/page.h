/* page: the files of the web page (docs/page.md), which lie in the program: any address that is not below /api. They need
 * no home, no sign-in and no database. tools/page makes the table; a build without the page has an empty one, and says so
 * at every address that would be the page's. Private to the room, but for api_page_files. */
#ifndef HUILIU_API_PAGE_H
#define HUILIU_API_PAGE_H

#include "http/http.h"

enum page_coding { PAGE_PLAIN, PAGE_GZIP, PAGE_BR, PAGE_CODINGS };
struct page_file {
    const char *path;      /* "/assets/main-4f2a.js"; NULL ends a table */
    const char *type;      /* of the content */
    const char *tag;       /* hash of the plain bytes */
    bool named_by_content; /* its name changes with its bytes: it may be kept for ever */
    /* Where in the table's bytes; no length: packing does not make it smaller. */
    struct {
        size_t at, len;
    } codings[PAGE_CODINGS];
};
struct page_site {
    const struct page_file *files;
    const unsigned char *bytes;
};
/* Made by tools/page. */
extern const struct page_site page_built;

/* Whether the request is the page's; then the reply is filled. */
bool page_answer(const struct page_site *site, const struct http_request *request,
                 struct http_reply *reply);

#endif
