/**
 * @file later.h
 * @brief Machine code that is made when a function is called for the first time.
 *
 * The transforms have run by then (what cannot be differentiated was refused); only LLVM's passes over the products with
 * the Jacobian are put off, which `auto` needs where a solution turns stiff and which cost more than all the rest.
 */
#ifndef UDE_COMPILER_LATER_H
#define UDE_COMPILER_LATER_H

#include <pthread.h>

#include "compiler/cache.h"
#include "compiler/entries.h"
#include "compiler/jit.h"

/** An entry that waits for its functions. */
typedef struct ude_later_map {
  struct ude_later_map *next;
  ude_entry            *entry;
  char                  name[]; /**< of the map, as in the flat functions' names */
} ude_later_map;

enum { UDE_LATER_JVP, UDE_LATER_WIDE, UDE_LATER_KINDS };

/** One kind of function of all maps. */
typedef struct ude_later_part {
  ude_text object; /**< machine code that is not loaded yet; empty: not made yet */
  enum { UDE_LATER_WAITS, UDE_LATER_DONE, UDE_LATER_BROKEN } state;
} ude_later_part;

typedef struct ude_later {
  pthread_mutex_t lock;
  ude_jit        *jit;     /**< borrowed; NULL: nothing is for later */
  ude_text        bitcode; /**< of the transformed module */
  ude_later_part  part[UDE_LATER_KINDS];
  ude_later_map  *maps;
  char           *cache_dir; /**< NULL: no cache */
  char            key[UDE_SHA256_TEXT];
} ude_later;

/** Take what is for later out of the entry. `cache_dir` NULL: nothing is kept on disk. UDE_OUT_OF_MEMORY. */
ude_status ude_later_begin(ude_later *later, ude_jit *jit, ude_cache_entry *entry,
                           const char *cache_dir, const char *key, ude_error *error);
/** Fill entry->jvp and jvp_wide at the first call. The entry must outlive `later`. */
ude_status ude_later_add(ude_later *later, ude_entry *entry, const char *map, ude_error *error);
/** After ude_entry_fill: jvp and jvp_wide of a map whose entry was added. */
void ude_later_fill(const ude_entry *entry, int64_t width, ude_map *map);
void ude_later_end(ude_later *later);

#endif
