/* The entry of every fuzz target, by libFuzzer's name so that its driver links as it is; the
 * replay program calls the same. Returns 0. A broken promise is an assertion. */
#ifndef HUILIU_FUZZ_FUZZ_H
#define HUILIU_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_len);

#endif
