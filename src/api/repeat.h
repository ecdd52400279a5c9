/* repeat: a POST with an Idempotency-Key is done once. Its answer is kept for a day, sealed; the same key with the same
 * request gets it again (Idempotency-Replayed: true), with another request is refused. A request that failed is forgotten:
 * it changed nothing. Where the process died between the change and the keeping of its answer, the key stays "running" for
 * REPEAT_RUNNING_MS and is then free again. Private to the room. */
#ifndef HUILIU_API_REPEAT_H
#define HUILIU_API_REPEAT_H

#include "api/api_internal.h"

enum {
    REPEAT_KEY_BYTES_MAX = 128,
    REPEAT_BODY_BYTES_MAX = 1024 * 1024,
    REPEAT_RUNNING_MS = 5 * 60 * 1000
};
/* *told: the answer of before is in the reply. */
enum err_class repeat_begin(struct call_frame *frame, bool *told, struct err *err);
void repeat_end(struct call_frame *frame, enum err_class class_);

#endif
