/** @file sha256.h
 *  @brief SHA-256 (FIPS 180-4), for keys and checksums of the cache. */
#ifndef UDE_COMPILER_SHA256_H
#define UDE_COMPILER_SHA256_H

#include <stddef.h>

enum { UDE_SHA256_TEXT = 65 };

/** Hexadecimal digest, NUL-terminated; returns `digest`. */
char *ude_sha256(const void *data, size_t length, char digest[UDE_SHA256_TEXT]);

#endif
