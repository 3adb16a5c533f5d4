/* Memory of the abstract machine: copies of many bytes, and the join of two states. */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract_word.h"

/* --------------------------------------------------------------------------- many bytes -- */

/* Largest number of bytes; what is not known is bounded by the object. */
static uint64_t most_bytes(const ude_machine *m, const ude_cell *bytes, uint64_t address) {
  ude_choice range;
  ude_cell_range(m, bytes, UDE_CELL_POINTER, &range);
  uint64_t room = ude_memory_room(m, address);
  uint64_t most = range.hi < 0 ? 0 : (uint64_t)range.hi;
  return bytes->what && most > room ? room : most;
}

typedef struct transfer {
  uint64_t        bytes; /**< that are certain */
  uint64_t        other; /**< the other address, or the byte */
  const ude_cell *count, *source, *byte;
  int64_t         gap;
  bool            certain;
} transfer;

static bool copy_word(ude_machine *m, uint64_t to, uint64_t from) {
  ude_word *target = ude_memory_word(m, to), *source = ude_memory_word(m, from);
  if (!exists(target, 0, 8) || !exists(source, 0, 8)) {
    return false;
  }
  ude_log_word(m, to, target);
  target->bits = source->bits;
  memcpy(target->set, source->set, sizeof target->set);
  memcpy(target->what, source->what, sizeof target->what);
  return true;
}

/* One piece: 8, 4 or 1 bytes, exactly or as something that may have been copied. */
static bool copy_piece(ude_machine *m, uint64_t to, uint64_t from, int bytes, bool certain) {
  ude_cell piece, old;
  if (certain && bytes == 8 && !((to | from) & 7)) {
    return copy_word(m, to, from);
  }
  if (!ude_memory_load_at(m, from, bytes, &piece)) {
    return false;
  }
  if (!certain) {
    if (!ude_memory_load_at(m, to, bytes, &old)) {
      return false;
    }
    ude_cell_join(m, &old, &piece, 8 * bytes);
    piece = old;
  }
  return ude_memory_store_at(m, to, bytes, &piece);
}

static bool copy_between(ude_machine *m, uint64_t to, uint64_t from, uint64_t bytes, bool certain) {
  bool backwards = from < to && from + bytes > to;
  for (uint64_t done = 0; done < bytes;) {
    uint64_t left = bytes - done;
    uint64_t at   = backwards ? left : done;
    uint64_t size = 1;
    for (uint64_t wide = 8; wide >= 4 && size == 1; wide /= 2) {
      uint64_t start = backwards ? at - wide : at;
      if (left >= wide && !((to + start) % wide) && !((from + start) % wide)) {
        size = wide;
      }
    }
    uint64_t start = backwards ? at - size : at;
    if (!copy_piece(m, to + start, from + start, (int)size, certain)) {
      return false;
    }
    done += size;
  }
  return true;
}

static bool copy_from(ude_machine *m, uint64_t from, void *context) {
  const transfer *t     = context;
  uint64_t        bytes = most_bytes(m, t->count, from);
  uint64_t        room  = ude_memory_room(m, t->other);
  bytes                 = t->count->what && bytes > room ? room : bytes;
  return copy_between(m, t->other, from, bytes, t->certain && !t->count->what);
}

static bool copy_to(ude_machine *m, uint64_t to, void *context) {
  transfer *t = context;
  t->other    = to;
  return ude_memory_each(m, t->source, 0, copy_from, t);
}

bool ude_memory_copy(ude_machine *m, const ude_cell *to, const ude_cell *from,
                     const ude_cell *bytes) {
  if (!bytes->what && !bytes->bits) {
    return true;
  }
  transfer t = {.source = from, .count = bytes, .certain = !to->what && !from->what};
  return ude_memory_each(m, to, 0, copy_to, &t);
}

static bool set_from(ude_machine *m, uint64_t to, void *context) {
  const transfer *t       = context;
  uint64_t        bytes   = most_bytes(m, t->count, to);
  bool            certain = t->certain && !t->count->what;
  ude_cell        all     = *t->byte;
  all.bits                = (all.bits & 255) * UINT64_C(0x0101010101010101);
  all.what                = all.what ? UDE_ANY : UDE_KNOWN;
  for (uint64_t done = 0; done < bytes;) {
    int      size  = !((to + done) & 7) && bytes - done >= 8   ? 8
                     : !((to + done) & 3) && bytes - done >= 4 ? 4
                                                               : 1;
    ude_cell piece = all, old;
    piece.bits     = ude_low_bits(piece.bits, 8 * size);
    if (!certain) {
      if (!ude_memory_load_at(m, to + done, size, &old)) {
        return false;
      }
      ude_cell_join(m, &old, &piece, 8 * size);
      piece = old;
    }
    if (!ude_memory_store_at(m, to + done, size, &piece)) {
      return false;
    }
    done += (unsigned)size;
  }
  return true;
}

bool ude_memory_set(ude_machine *m, const ude_cell *to, const ude_cell *byte,
                    const ude_cell *bytes) {
  if (!bytes->what && !bytes->bits) {
    return true;
  }
  ude_cell copy = *byte;
  transfer t    = {.byte = &copy, .count = bytes, .certain = !to->what};
  return ude_memory_each(m, to, 0, set_from, &t);
}

/* ---------------------------------------------------------------------------- two states -- */

static void join_cell(ude_machine *m, ude_cell *to, const ude_cell *from, int type, bool widen) {
  if (widen) {
    ude_cell_widen(m, to, from, type);
  } else {
    ude_cell_join(m, to, from, type);
  }
}

static bool same_half(const ude_word *a, const ude_word *b, unsigned half) {
  return a->what[half] == b->what[half] && a->set[half] == b->set[half] &&
         half_bits(a, half) == half_bits(b, half);
}

static bool mixed_bytes(uint32_t what) {
  return what && (part_of(what) == UDE_PART_BYTES || mask_of(what) != 15);
}

void ude_word_join(ude_machine *m, ude_word *to, const ude_word *from, bool widen) {
  ude_cell a, b;
  if (is_whole(to) || is_whole(from)) {
    bool none = to->what[0] == UDE_HALF_NONE || from->what[0] == UDE_HALF_NONE;
    if (!none) {
      read_whole(m, to, &a);
      read_whole(m, from, &b);
      join_cell(m, &a, &b, UDE_CELL_POINTER, widen);
      write_whole(to, &a);
      return;
    }
  }
  for (unsigned half = 0; half < 2; half++) {
    uint32_t x = to->what[half], y = from->what[half];
    if (same_half(to, from, half) || y == UDE_HALF_NONE) {
      continue;
    }
    if (x == UDE_HALF_NONE) { /* memory of one version only */
      to->what[half] = y;
      to->set[half]  = from->set[half];
      to->bits &= ~(UINT64_C(0xFFFFFFFF) << (32 * half));
      to->bits |= (uint64_t)half_bits(from, half) << (32 * half);
      continue;
    }
    if (mixed_bytes(x) || mixed_bytes(y)) { /* each byte by itself */
      for (unsigned k = 4 * half; k < 4 * half + 4; k++) {
        ude_cell one, other;
        read_bytes(to, k, 1, &one);
        read_bytes(from, k, 1, &other);
        join_cell(m, &one, &other, 8, widen);
        write_bytes(m, to, k, 1, &one);
      }
      to->set[half] = ude_set_merge(m, to->set[half], from->set[half]);
      continue;
    }
    read_half(m, to, half, &a);
    read_half(m, from, half, &b);
    join_cell(m, &a, &b, 32, widen);
    write_half(to, half, &a);
  }
}

bool ude_word_within(ude_machine *m, const ude_word *a, const ude_word *b) {
  ude_word joined = *b;
  ude_word_join(m, &joined, a, false);
  return same_half(&joined, b, 0) && same_half(&joined, b, 1);
}
