/* Private to api: the statements of its core. store/sql.h says what each keeps to. */
#ifndef HUILIU_API_SQL_H
#define HUILIU_API_SQL_H

#define SQL_WORKERS_BEAT "SELECT max(beat_ms) FROM worker"

#endif
