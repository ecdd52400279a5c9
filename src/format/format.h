/* format: bytes to values and back, nothing else.
 *
 *   json    JSON with raw numbers (yyjson behind it)
 *   path    where something is in a JSON value
 *   yaml    YAML tree with positions, checked against a schema
 *   expr    templates and predicates of manifests
 *   zone    time zones, calendar text
 *   sheet   xlsx, CSV and NDJSON written row by row
 *   xlsx    read row by row; grid: xlsx or CSV in whatever coding
 *   codec   hex, base64, percent, UTF-8, zstd, gzip, URL, CSV
 *
 * Pure: no I/O except reading zone files. */
#ifndef HUILIU_FORMAT_FORMAT_H
#define HUILIU_FORMAT_FORMAT_H

#include "format/codec.h"
#include "format/expr.h"
#include "format/grid.h"
#include "format/json.h"
#include "format/path.h"
#include "format/sheet.h"
#include "format/xlsx.h"
#include "format/yaml.h"
#include "format/zone.h"

#endif
