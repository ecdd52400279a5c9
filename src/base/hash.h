/* Private to base: the hash under map, with its key shown so that it can be checked. */
#ifndef HUILIU_BASE_HASH_H
#define HUILIU_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3 (Aumasson and Bernstein 2012, with the reduced rounds that CPython and Rust use). */
uint64_t hash_keyed(const uint64_t key[2], const void *bytes, size_t bytes_len);

#endif
