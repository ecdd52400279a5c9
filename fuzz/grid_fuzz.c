/* Files of rows, xlsx and CSV: every one ends with its rows or with an error of the file's, whatever it says about itself. */
#include <assert.h>

#include "format/format.h"
#include "fuzz.h"

static enum err_class sheet_read(struct grid *grid, size_t sheet, struct err *err)
{
    struct xlsx_row row = {.number = 1};
    int64_t before = 0;
    enum err_class class_ = grid_select(grid, sheet, err);
    while (class_ == ERR_OK || class_ == ERR_SKIP_RECORD) {
        class_ = grid_next(grid, &row, err);
        if (row.number == 0)
            break;
        assert(row.number > before && row.cells_len <= XLSX_COLUMNS_MAX);
        before = row.number;
        for (size_t i = 0; class_ == ERR_OK && i < row.cells_len; i++)
            assert(utf8_valid(row.cells[i].text, NULL));
    }
    return class_;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len)
{
    struct grid *grid;
    struct err err;
    enum err_class class_ = grid_open((struct str){(const char *)bytes, bytes_len}, &grid, &err);
    assert(class_ == ERR_OK || (class_ == ERR_BAD_REQUEST && err.message[0] != '\0'));
    for (size_t i = 0; class_ == ERR_OK && i < grid_sheets(grid); i++)
        class_ = sheet_read(grid, i, &err);
    assert(class_ == ERR_OK || (class_ == ERR_BAD_REQUEST && err.message[0] != '\0'));
    grid_close(grid);
    return 0;
}
