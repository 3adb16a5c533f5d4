/**
 * @file cache.h
 * @brief Compiled models on disk, found by content.
 *
 * A key is the digest of everything that the machine code depends on but the included headers; the entry lists those
 * with their digests, and is used only if they are unchanged. Entries are written whole and carry a checksum: a damaged
 * one counts as absent. Several processes may share a folder: all write the same content.
 */
#ifndef UDE_COMPILER_CACHE_H
#define UDE_COMPILER_CACHE_H

#include <ude/compiler.h>

#include "compiler/sha256.h"

/** Object code comes in parts, made side by side; an empty one was not asked for. */
enum {
  UDE_OBJECT_VJP,
  UDE_OBJECT_WIDE,
  UDE_OBJECT_JVP,
  UDE_OBJECT_VALUE, /**< and u0, p0, tspan */
  UDE_OBJECT_JET,
  UDE_OBJECT_HVP,
  UDE_OBJECT_LANES,
  UDE_OBJECT_KERNEL, /**< steps of methods, specialised */
  UDE_OBJECT_PROBE,  /**< the right-hand side that reports calls of learned functions */
  UDE_OBJECT_IR,     /**< not machine code: bitcode of the flat maps in canonical form */
  UDE_OBJECT_LATER, /**< not machine code either: bitcode of the transformed module, where jvp and wide are for later */
  UDE_OBJECTS
};

/** The parts of an entry, owned (ude_cache_entry_free). */
typedef struct ude_cache_entry {
  ude_text dependencies; /**< lines "digest path" */
  ude_text reflection;
  ude_text object[UDE_OBJECTS];
} ude_cache_entry;

/** Digest of sources, options, machine. UDE_IO if a source cannot be read. */
ude_status ude_cache_key(const char *const *files, size_t file_count,
                         const ude_compile_options *options, char key[UDE_SHA256_TEXT],
                         ude_error *error);
/** Append "digest path" lines of the files in a make rule as clang writes it. False if one cannot be read. */
bool ude_cache_dependencies(const char *rule, ude_text *lines);
/** True if there was a valid entry. */
bool ude_cache_load(const char *folder, const char *key, ude_cache_entry *entry);
/** A failure to store only costs time later, so it is not reported. */
void ude_cache_store(const char *folder, const char *key, ude_cache_entry *entry);
void ude_cache_entry_free(ude_cache_entry *entry);

#endif
