/* The files of the web page: which one, in which coding, and the headers that keep a browser from running anything else. */
#include "api/page.h"

#include <string.h>

#include "api/api.h"
#include "api/tag.h"

/* Nothing of another host, no script and no style that stands in the document itself. data: is for the small pictures in the
 * style sheets of the components. */
static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'";
static const char without_page[] =
    "这个程序编译时没有带网页：当时没有 Node 或 web/node_modules。运行 tools/setup 和 make "
    "即可；接口在 /api/v1。\n"
    "This program was built without its page: Node or web/node_modules was not there. Run "
    "tools/setup and make; the API is below /api/v1.\n";
static const char not_there[] = "没有这个文件。\nThere is no such file.\n";

static void header_add(struct http_reply *reply, const char *name, struct str value)
{
    reply->headers[reply->headers_len++] = (struct http_pair){str_of(name), value};
}

static void headers_add(struct http_reply *reply)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy", content_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        /* The consent of a shop opens in a window that belongs to a platform. */
        {"Cross-Origin-Opener-Policy", "same-origin-allow-popups"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        header_add(reply, headers[i][0], str_of(headers[i][1]));
}

static void text_answer(struct http_reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    reply->content_type = "text/plain; charset=utf-8";
    reply->body = str_of(text);
    header_add(reply, "Cache-Control", STR("no-cache"));
}

static const struct page_file *file_find(const struct page_site *site, struct str path)
{
    for (const struct page_file *file = site->files; file->path; file++)
        if (str_eq(str_of(file->path), path))
            return file;
    return NULL;
}

/* A name with a dot is a file's: an old page that asks for a script of an old program must not get a document for it. */
static bool is_a_files(struct str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return str_find_char(str_sub(path, at, path.len), '.') != SIZE_MAX;
}

static const struct page_file *file_of(const struct page_site *site, struct str path)
{
    const struct page_file *file = file_find(site, path);
    return file || is_a_files(path) ? file : file_find(site, STR("/index.html"));
}

static enum page_coding coding_of(const struct page_file *file, const struct http_request *request)
{
    if (file->codings[PAGE_BR].len > 0 && accepts_coding(request, STR("br")))
        return PAGE_BR;
    if (file->codings[PAGE_GZIP].len > 0 && accepts_coding(request, STR("gzip")))
        return PAGE_GZIP;
    return PAGE_PLAIN;
}

static void file_answer(const struct page_site *site, const struct page_file *file,
                        const struct http_request *request, struct http_reply *reply)
{
    static const char *const names[] = {[PAGE_GZIP] = "gzip", [PAGE_BR] = "br"};
    enum page_coding coding = coding_of(file, request);
    const char *name = names[coding];
    struct str tag = arena_printf(request->arena, "\"%s%s%s\"", file->tag, name ? "-" : "",
                                  name ? name : "");
    reply->status = 200;
    reply->content_type = file->type;
    header_add(reply, "Cache-Control",
               file->named_by_content ? STR("public, max-age=31536000, immutable")
                                      : STR("no-cache"));
    header_add(reply, "Vary", STR("Accept-Encoding"));
    if (tag.ptr)
        header_add(reply, "ETag", tag);
    if (tags_have(http_header(request, STR("If-None-Match")), file->tag)) {
        reply->status = 304;
        return;
    }
    if (name)
        header_add(reply, "Content-Encoding", str_of(name));
    reply->body = (struct str){(const char *)site->bytes + file->codings[coding].at,
                               file->codings[coding].len};
}

/* A platform sends the browser itself to the callback: it gets the page, which asks the same address for the answer and shows
 * it. Who asks for JSON is answered by the API. */
static bool is_consent(const struct http_request *request)
{
    return str_eq(request->path, STR("/api/v1/oauth/callback")) &&
           str_eq(request->method, STR("GET")) &&
           str_find(http_header(request, STR("Accept")), STR("text/html")) != SIZE_MAX;
}

bool page_answer(const struct page_site *site, const struct http_request *request,
                 struct http_reply *reply)
{
    struct str path = request->path, method = request->method;
    bool api = str_eq(path, STR("/api")) || str_starts(path, STR("/api/"));
    bool consent = site->files->path && is_consent(request);
    if (api && !consent)
        return false;
    headers_add(reply);
    const struct page_file *file = file_of(site, consent ? STR("/index.html") : path);
    if (!str_eq(method, STR("GET")) && !str_eq(method, STR("HEAD"))) {
        text_answer(reply, 405, not_there);
        header_add(reply, "Allow", STR("GET, HEAD"));
    } else if (!site->files->path) {
        text_answer(reply, is_a_files(path) ? 404 : 200, without_page);
    } else if (!file) {
        text_answer(reply, 404, not_there);
    } else {
        file_answer(site, file, request, reply);
    }
    return true;
}

size_t api_page_files(void)
{
    size_t len = 0;
    while (page_built.files[len].path)
        len++;
    return len;
}
