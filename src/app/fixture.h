/* Recorded replies with the rows expected from them: connectors/fixtures/PLATFORM/NAME.json and
 * NAME.expected.json (the form is in docs/manifest.md). Maps the reply as a sync would and compares
 * everything that the expectation names. No call, no database. */
#ifndef HUILIU_APP_FIXTURE_H
#define HUILIU_APP_FIXTURE_H

#include "app/report.h"
#include "connector/connector.h"

struct fixture_counts {
    int64_t run, failed;
};
/* Adds a row {file, good, message} per fixture of the connector's platform below `folder`. */
enum err_class fixtures_run(const struct connector *connector, struct str folder,
                            struct arena *arena, struct report *report,
                            struct fixture_counts *counts, struct err *err);

#endif
