/* A part of the package as XML, in pieces, within bounds. expat gives no memory to a single tag or name that is
 * larger than anything a sheet has, and stops at the first DTD: without one there are no entities to unfold. */
#include <stdlib.h>
#include <string.h>

#include "format/xlsx_internal.h"

enum {
    PIECE_BYTES = 64 * 1024,
    /* expat keeps a tag with its attributes whole. */
    TAG_MEMORY_MAX = 4 * 1024 * 1024,
};

static void *bounded_malloc(size_t bytes)
{
    return bytes > TAG_MEMORY_MAX ? NULL : malloc(bytes);
}

static void *bounded_realloc(void *memory, size_t bytes)
{
    return bytes > TAG_MEMORY_MAX ? NULL : realloc(memory, bytes);
}

const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

struct str attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (strcmp(local_name(attributes[0]), name) == 0)
            return str_of(attributes[1]);
    return STR("");
}

void part_fail(struct part *part, enum err_class class_, const char *code, const char *format, ...)
{
    char message[sizeof part->err.message];
    va_list args;
    if (part->err.class_ != ERR_OK)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    err_set_at(&part->err, class_, code, __func__, "%s", message);
    XML_StopParser(part->parser, XML_FALSE);
}

void part_pause(struct part *part)
{
    if (part->err.class_ == ERR_OK && !part->paused)
        XML_StopParser(part->parser, XML_TRUE);
    part->paused = true;
}

static void on_open(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct part *part = context;
    if (++part->depth > XLSX_DEPTH_MAX) {
        part_fail(part, ERR_BAD_REQUEST, "xlsx_large", "the file is nested deeper than %d",
                  XLSX_DEPTH_MAX);
        return;
    }
    if (part->err.class_ == ERR_OK)
        part->tags->open(part->context, local_name(name), attributes);
}

static void on_close(void *context, const XML_Char *name)
{
    struct part *part = context;
    part->depth--;
    if (part->err.class_ == ERR_OK)
        part->tags->close(part->context, local_name(name));
}

static void on_text(void *context, const XML_Char *text, int len)
{
    struct part *part = context;
    if (part->err.class_ == ERR_OK && part->tags->text)
        part->tags->text(part->context, (struct str){text, (size_t)len});
}

static void on_dtd(void *context, const XML_Char *name, const XML_Char *system,
                   const XML_Char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    part_fail(context, ERR_BAD_REQUEST, "xlsx_dtd",
              "the file declares entities of its own, which no spreadsheet does");
}

static enum err_class parser_make(struct part *part, struct err *err)
{
    const XML_Memory_Handling_Suite memory = {bounded_malloc, bounded_realloc, free};
    part->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!part->parser)
        return err_no_memory(err);
    XML_SetUserData(part->parser, part);
    XML_SetElementHandler(part->parser, on_open, on_close);
    XML_SetCharacterDataHandler(part->parser, on_text);
    XML_SetStartDoctypeDeclHandler(part->parser, on_dtd);
    return ERR_OK;
}

enum err_class part_open(struct part *part, struct xlsx *book, struct str path,
                         const struct part_tags *tags, void *context, struct err *err)
{
    *part = (struct part){.book = book, .path = path, .tags = tags, .context = context};
    zip_stat_t stat;
    zip_int64_t at = zip_name_locate(book->zip, path.ptr, ZIP_FL_NOCASE);
    if (at < 0)
        return err_set(err, ERR_NOT_FOUND, "xlsx_corrupt", "the file has no part %.*s",
                       STR_ARG(path));
    if (zip_stat_index(book->zip, (zip_uint64_t)at, 0, &stat) != 0)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "part %.*s cannot be read",
                       STR_ARG(path));
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_encrypted",
                       "the file is protected by a password: save it without one");
    part->packed = stat.valid & ZIP_STAT_COMP_SIZE ? stat.comp_size : 0;
    part->file = zip_fopen_index(book->zip, (zip_uint64_t)at, 0);
    if (!part->file)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "part %.*s cannot be read: %s",
                       STR_ARG(path), zip_strerror(book->zip));
    enum err_class class_ = parser_make(part, err);
    if (class_ != ERR_OK)
        part_close(part);
    return class_;
}

void part_close(struct part *part)
{
    if (part->parser)
        XML_ParserFree(part->parser);
    if (part->file)
        zip_fclose(part->file);
    part->parser = NULL;
    part->file = NULL;
}

static enum err_class bomb_check(const struct part *part, struct err *err)
{
    if (part->book->unfolded > XLSX_XML_BYTES_MAX)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_large", "the file unfolds to more than %llu MB",
                       (unsigned long long)(XLSX_XML_BYTES_MAX >> 20));
    if (part->unfolded > XLSX_RATIO_FREE_BYTES && part->unfolded / XLSX_RATIO_MAX > part->packed)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_large",
                       "part %.*s unfolds to more than %d times its size", STR_ARG(part->path),
                       XLSX_RATIO_MAX);
    return ERR_OK;
}

static enum err_class parse_error(const struct part *part, struct err *err)
{
    enum XML_Error error = XML_GetErrorCode(part->parser);
    if (part->err.class_ != ERR_OK) {
        *err = part->err;
        return part->err.class_;
    }
    if (error == XML_ERROR_NO_MEMORY)
        return err_set(err, ERR_BAD_REQUEST, "xlsx_large", "part %.*s has a tag without an end",
                       STR_ARG(part->path));
    return err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "part %.*s, line %lu: %s",
                   STR_ARG(part->path), (unsigned long)XML_GetCurrentLineNumber(part->parser),
                   XML_ErrorString(error));
}

/* The next piece into the parser. */
static enum XML_Status piece_feed(struct part *part, enum err_class *class_, struct err *err)
{
    void *room = XML_GetBuffer(part->parser, PIECE_BYTES);
    if (!room)
        return XML_STATUS_ERROR;
    zip_int64_t len = zip_fread(part->file, room, PIECE_BYTES);
    if (len < 0) {
        *class_ = err_set(err, ERR_BAD_REQUEST, "xlsx_corrupt", "part %.*s cannot be unfolded: %s",
                          STR_ARG(part->path), zip_file_strerror(part->file));
        return XML_STATUS_OK;
    }
    part->unfolded += (uint64_t)len;
    part->book->unfolded += (uint64_t)len;
    *class_ = bomb_check(part, err);
    part->ended = len == 0;
    return *class_ == ERR_OK ? XML_ParseBuffer(part->parser, (int)len, len == 0) : XML_STATUS_OK;
}

enum err_class part_run(struct part *part, struct err *err)
{
    enum err_class class_ = ERR_OK;
    struct err own; /* the caller's may be NULL, and ours is read */
    enum XML_Status status = XML_STATUS_OK;
    if (part->paused) {
        part->paused = false;
        status = XML_ResumeParser(part->parser);
    }
    while (status == XML_STATUS_OK && class_ == ERR_OK && !part->paused && !part->ended)
        status = piece_feed(part, &class_, &own);
    if (class_ == ERR_OK && status == XML_STATUS_ERROR)
        class_ = parse_error(part, &own);
    if (class_ != ERR_OK && err)
        *err = own;
    return class_;
}

enum err_class part_read(struct xlsx *book, struct str path, const struct part_tags *tags,
                         void *context, struct part *part, struct err *err)
{
    enum err_class class_ = part_open(part, book, path, tags, context, err);
    if (class_ != ERR_OK)
        return class_;
    class_ = part_run(part, err);
    part_close(part);
    return class_;
}
