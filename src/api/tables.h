/* The tables of routes, one a file of a noun. Not part of the face. */
#ifndef HUILIU_API_TABLES_H
#define HUILIU_API_TABLES_H

#include "api/route.h"

extern const struct route health_routes[];

#endif
