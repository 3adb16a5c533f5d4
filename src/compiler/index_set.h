/**
 * @file index_set.h
 * @brief Sets of indices as small numbers ("handles") whose unions cost little, however large they are.
 *
 * The empty set is 0, {i} is i + 1: neither takes memory. Up to UDE_SET_FLAT elements are a sorted array; more
 * are a big-endian Patricia tree over words of 64 elements (Okasaki & Gill, "Fast mergeable integer
 * maps", 1998), which shares what did not change, so that adding one element to a set of n costs
 * O(log n). A union that adds nothing returns the handle that it was given: repeated work takes no memory, and
 * a fixed point shows as an unchanged handle.
 *
 * Nothing is freed one by one; ude_sets_collect copies what is still reachable.
 */
#ifndef UDE_COMPILER_INDEX_SET_H
#define UDE_COMPILER_INDEX_SET_H

#include <ude/base.h>

enum { UDE_SET_FLAT = 24, UDE_SET_MEMO = 1 << 16 };

/** Elements are below this; handles above it are places in the arena. */
#define UDE_SET_SINGLES UINT32_C(0x80000000)

typedef struct ude_set_memo {
  uint32_t a, b, result;
} ude_set_memo;

typedef struct ude_sets {
  uint32_t     *arena;
  size_t        used, capacity;
  ude_set_memo *memo;   /**< [UDE_SET_MEMO] latest unions */
  uint32_t     *known;  /**< [UDE_SET_MEMO] latest small sets, by content */
  uint32_t     *moving; /**< while collecting: the old arena */
  size_t        moving_used;
  void (*fail)(void *context); /**< called when there is no memory; does not return */
  void *context;
} ude_sets;

bool ude_sets_open(ude_sets *sets, void (*fail)(void *context), void *context);
void ude_sets_close(ude_sets *sets);

static inline uint32_t ude_set_single(int64_t element) {
  return (uint32_t)element + 1;
}
uint32_t ude_set_union(ude_sets *sets, uint32_t a, uint32_t b);
size_t   ude_set_count(const ude_sets *sets, uint32_t set);
/** Elements in ascending order into `out` [ude_set_count]. */
void ude_set_write(const ude_sets *sets, uint32_t set, int64_t *out);
bool ude_set_equal(const ude_sets *sets, uint32_t a, uint32_t b);
/** Of the content: equal sets have equal hashes. */
uint32_t ude_set_hash(const ude_sets *sets, uint32_t set);

/** Begin a collection: then every handle still in use goes through ude_sets_move once or more, then end. */
bool     ude_sets_move_begin(ude_sets *sets);
uint32_t ude_sets_move(ude_sets *sets, uint32_t set);
void     ude_sets_move_end(ude_sets *sets);

#endif
