/**
 * @file abstract_word.h
 * @brief Inside the memory of the abstract machine: a word is two halves of four bytes, or one whole.
 */
#ifndef UDE_COMPILER_ABSTRACT_WORD_H
#define UDE_COMPILER_ABSTRACT_WORD_H

#include "compiler/abstract.h"

/** Call f at every address that the access may have; true if one of them exists. */
typedef bool (*ude_memory_visit)(ude_machine *m, uint64_t address, void *context);
bool ude_memory_each(ude_machine *m, const ude_cell *address, int64_t offset, ude_memory_visit f,
                     void *context);
/** At one address; false: there is no such memory. */
bool ude_memory_load_at(ude_machine *m, uint64_t address, int bytes, ude_cell *to);
bool ude_memory_store_at(ude_machine *m, uint64_t address, int bytes, const ude_cell *cell);

static inline bool exists(const ude_word *word, unsigned at, unsigned bytes) {
  return word && word->what[at / 4] != UDE_HALF_NONE &&
         word->what[(at + bytes - 1) / 4] != UDE_HALF_NONE;
}

static inline uint32_t half_bits(const ude_word *word, unsigned half) {
  return (uint32_t)(word->bits >> (32 * half));
}

static inline unsigned mask_of(uint32_t what) {
  return what & 15;
}

static inline unsigned part_of(uint32_t what) {
  return what >> 4 & 3;
}

static inline bool is_whole(const ude_word *word) {
  return word->what[0] && word->what[0] == word->what[1] &&
         part_of(word->what[0]) == UDE_PART_WHOLE;
}

static inline uint64_t shift_half(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)op;
  (void)defined;
  return a >> b & UINT32_MAX;
}

/* A half as a number of 32 bits. */
static inline void read_half(ude_machine *m, const ude_word *word, unsigned half, ude_cell *to) {
  uint32_t what = word->what[half];
  *to           = (ude_cell){.set = word->set[half], .what = UDE_ANY};
  if (!what) {
    to->bits = half_bits(word, half);
    to->what = UDE_KNOWN;
  } else if (mask_of(what) == 15 && part_of(what) == UDE_PART_HALF) {
    to->what = what >> 6;
  } else if (is_whole(word)) {
    ude_op   op    = {.type = 32};
    ude_cell whole = {.what = what >> 6}, shift = {.bits = 32 * half};
    if (!ude_cell_pointwise(m, &op, shift_half, &whole, &shift, to)) {
      to->what = UDE_ANY;
    }
  }
}

static inline void write_half(ude_word *word, unsigned half, const ude_cell *cell) {
  if (!cell->what) {
    word->bits &= ~(UINT64_C(0xFFFFFFFF) << (32 * half));
    word->bits |= (cell->bits & UINT32_MAX) << (32 * half);
  }
  word->set[half]  = cell->set;
  word->what[half] = cell->what ? UDE_HALF(15, UDE_PART_HALF, cell->what) : 0;
}

/* One number in both halves becomes two. */
static inline void split(ude_machine *m, ude_word *word) {
  ude_cell low, high;
  read_half(m, word, 0, &low);
  read_half(m, word, 1, &high);
  write_half(word, 0, &low);
  write_half(word, 1, &high);
}

/* Both halves as one number of 64 bits. */
static inline void read_whole(ude_machine *m, const ude_word *word, ude_cell *to) {
  *to = (ude_cell){.set = word->set[0] == word->set[1]
                              ? word->set[0]
                              : ude_set_merge(m, word->set[0], word->set[1])};
  if (!(word->what[0] | word->what[1])) {
    to->bits = word->bits;
    return;
  }
  if (is_whole(word)) {
    to->what = word->what[0] >> 6;
    return;
  }
  ude_cell        low, high;
  const uint64_t *x, *y;
  uint64_t        all[UDE_CHOICES * UDE_CHOICES];
  int             count = 0;
  read_half(m, word, 0, &low);
  read_half(m, word, 1, &high);
  int xs = ude_cell_values(m, &low, &x), ys = ude_cell_values(m, &high, &y);
  for (int k = 0; k < xs; k++) {
    for (int i = 0; i < ys; i++) {
      all[count++] = x[k] | y[i] << 32;
    }
  }
  if (count && count <= UDE_CHOICES) {
    ude_cell_set_values(m, to, UDE_CELL_POINTER, all, count);
  } else {
    to->what = UDE_ANY;
  }
}

static inline void write_whole(ude_word *word, const ude_cell *cell) {
  word->bits   = cell->bits;
  word->set[0] = word->set[1] = cell->set;
  word->what[0] = word->what[1] = cell->what ? UDE_HALF(15, UDE_PART_WHOLE, cell->what) : 0;
}

/* Bytes of one half, 1 to 3 of them. */
static inline void read_bytes(const ude_word *word, unsigned at, unsigned bytes, ude_cell *to) {
  unsigned half = at / 4, mask = ((1U << bytes) - 1) << at % 4;
  uint32_t what = word->what[half];
  *to           = (ude_cell){.set = word->set[half], .what = UDE_ANY};
  if (!(mask_of(what) & mask)) {
    to->bits = word->bits >> (8 * at) & ((UINT64_C(1) << (8 * bytes)) - 1);
    to->what = UDE_KNOWN;
  } else if (part_of(what) == UDE_PART_BYTES && mask_of(what) == mask) {
    to->what = what >> 6;
  }
}

static inline void write_bytes(ude_machine *m, ude_word *word, unsigned at, unsigned bytes,
                               const ude_cell *cell) {
  unsigned half = at / 4, mask = ((1U << bytes) - 1) << at % 4;
  if (is_whole(word)) {
    split(m, word);
  }
  uint32_t what = word->what[half];
  unsigned left = mask_of(what) & ~mask;
  if (!cell->what) {
    uint64_t field = ((UINT64_C(1) << (8 * bytes)) - 1) << (8 * at);
    word->bits     = (word->bits & ~field) | (cell->bits << (8 * at) & field);
    if (left == mask_of(what)) { /* what was unknown stays so */
      word->what[half] = what;
    } else {
      word->what[half] = left ? UDE_HALF(left, UDE_PART_BYTES, UDE_ANY) : 0;
    }
  } else if (!left) {
    word->what[half] = UDE_HALF(mask, UDE_PART_BYTES, cell->what);
  } else {
    word->what[half] = UDE_HALF(left | mask, UDE_PART_BYTES, UDE_ANY);
  }
  word->set[half] = ude_set_merge(m, word->set[half], cell->set);
}

#endif
