/** @file build.h
 *  @brief Source files to machine code and reflection: what a cache entry holds. */
#ifndef UDE_COMPILER_BUILD_H
#define UDE_COMPILER_BUILD_H

#include "compiler/cache.h"
#include "compiler/flat.h"

/** Tangents at once in jvp_wide: a cache line of doubles, one register where there is AVX-512. */
enum { UDE_BUILD_WIDTH = 8 };

/** Name of a learned function as a map: "learned.NAME". */
void ude_build_learned_name(char buffer[UDE_FLAT_NAME], const ude_learned_shape *learned);

/** Compile, reflect, transform. `entry` and `reflection` start empty and are the caller's to free, also
 *  on failure. entry->dependencies stays empty if they are not known. */
ude_status ude_build(const char *const *files, size_t file_count,
                     const ude_compile_options *options, ude_reflection *reflection,
                     ude_cache_entry *entry, ude_error *error);

/** What to do with the derived module instead of making a cache entry of it. */
typedef ude_status (*ude_build_finish)(LLVMModuleRef module, void *context, ude_error *error);

/** ude_build up to the derived module, which `finish` takes; without a probe. */
ude_status ude_build_module(const char *const *files, size_t file_count,
                            const ude_compile_options *options, ude_build_finish finish,
                            void *context, ude_error *error);

#endif
