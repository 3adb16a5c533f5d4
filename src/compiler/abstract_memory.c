/**
 * @file abstract_memory.c
 * @brief Memory of the abstract machine: objects, loads and stores at one address, at each of a few, in a range.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

/* --------------------------------------------------------------------------------- objects -- */

/* Objects are apart by a word that is no memory, so that a step beyond the end shows. */
uint64_t ude_memory_allocate(ude_machine *m, ude_region *region, uint64_t bytes) {
  if (bytes > UINT64_C(1) << 36) {
    ude_machine_refuse(m, "an allocation", "it asks for more than 64 GB", "use smaller arrays");
  }
  size_t words = (size_t)((bytes + 15) / 16 * 2), gap = 2;
  size_t first = region->words + gap;
  if (first + words + gap > region->capacity) {
    size_t    wanted = 2 * region->capacity + first + words + gap;
    ude_word *wider  = ude_realloc(region->word, wanted, sizeof *wider);
    if (!wider) {
      ude_machine_memory(m);
    }
    region->word     = wider;
    region->capacity = wanted;
  }
  for (size_t k = region->words; k < first + words + gap; k++) {
    bool inside     = k >= first && k < first + words;
    region->word[k] = (ude_word){.what = {UDE_HALF_NONE, UDE_HALF_NONE}};
    for (unsigned half = 0; half < 2 && inside; half++) {
      uint64_t at = (uint64_t)(k - first) * 8 + 4 * half;
      if (at < bytes) {
        region->word[k].what[half] = 0;
      }
    }
  }
  region->object   = ude_machine_grow(m, region->object, region->objects, &region->object_capacity,
                                      sizeof *region->object);
  uint64_t address = region->base + (uint64_t)first * 8;
  region->object[region->objects++] = (ude_object){.start = address, .end = address + bytes};
  region->words                     = first + words;
  region->highest = first + words + gap > region->highest ? first + words + gap : region->highest;
  return address;
}

static const ude_region *region_of(const ude_machine *m, uint64_t address) {
  return address >= UDE_HEAP_BASE ? &m->heap : &m->stack;
}

const ude_object *ude_memory_object(const ude_machine *m, uint64_t address) {
  const ude_region *region = region_of(m, address);
  int               lo = 0, hi = region->objects; /* the last object that starts at or before */
  while (lo < hi) {
    int middle = (lo + hi) / 2;
    if (region->object[middle].start <= address) {
      lo = middle + 1;
    } else {
      hi = middle;
    }
  }
  return lo && address <= region->object[lo - 1].end ? &region->object[lo - 1] : NULL;
}

uint64_t ude_memory_room(const ude_machine *m, uint64_t address) {
  const ude_object *object = ude_memory_object(m, address);
  return object ? object->end - address : 0;
}

void ude_memory_release(ude_machine *m, uint64_t address) {
  const ude_object *object = ude_memory_object(m, address);
  if (!object || object->start != address || m->current) {
    return; /* another version may still use it */
  }
  for (uint64_t at = object->start; at < object->end; at += 8) {
    ude_word *word = ude_memory_word(m, at);
    *word          = (ude_word){.what = {UDE_HALF_NONE, UDE_HALF_NONE}};
  }
  m->freed = ude_machine_grow(m, m->freed, m->freed_count, &m->freed_capacity, sizeof *m->freed);
  m->freed[m->freed_count++] = (ude_free_block){address, object->end - object->start};
}

ude_word *ude_memory_word(ude_machine *m, uint64_t address) {
  ude_region *region = address >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  if (address < region->base || (address - region->base) / 8 >= region->words) {
    return NULL;
  }
  return &region->word[(address - region->base) / 8];
}

/* ---------------------------------------------------------------------------------- halves -- */

static uint32_t half_bits(const ude_word *word, unsigned half) {
  return (uint32_t)(word->bits >> (32 * half));
}

static unsigned mask_of(uint32_t what) {
  return what & 15;
}

static unsigned part_of(uint32_t what) {
  return what >> 4 & 3;
}

static bool is_whole(const ude_word *word) {
  return word->what[0] && word->what[0] == word->what[1] &&
         part_of(word->what[0]) == UDE_PART_WHOLE;
}

static uint64_t shift_half(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)op;
  (void)defined;
  return a >> b & UINT32_MAX;
}

/* A half as a number of 32 bits. */
static void read_half(ude_machine *m, const ude_word *word, unsigned half, ude_cell *to) {
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

static void write_half(ude_word *word, unsigned half, const ude_cell *cell) {
  if (!cell->what) {
    word->bits &= ~(UINT64_C(0xFFFFFFFF) << (32 * half));
    word->bits |= (cell->bits & UINT32_MAX) << (32 * half);
  }
  word->set[half]  = cell->set;
  word->what[half] = cell->what ? UDE_HALF(15, UDE_PART_HALF, cell->what) : 0;
}

/* One number in both halves becomes two. */
static void split(ude_machine *m, ude_word *word) {
  ude_cell low, high;
  read_half(m, word, 0, &low);
  read_half(m, word, 1, &high);
  write_half(word, 0, &low);
  write_half(word, 1, &high);
}

/* Both halves as one number of 64 bits. */
static void read_whole(ude_machine *m, const ude_word *word, ude_cell *to) {
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

static void write_whole(ude_word *word, const ude_cell *cell) {
  word->bits   = cell->bits;
  word->set[0] = word->set[1] = cell->set;
  word->what[0] = word->what[1] = cell->what ? UDE_HALF(15, UDE_PART_WHOLE, cell->what) : 0;
}

/* Bytes of one half, 1 to 3 of them. */
static void read_bytes(const ude_word *word, unsigned at, unsigned bytes, ude_cell *to) {
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

static void write_bytes(ude_machine *m, ude_word *word, unsigned at, unsigned bytes,
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

/* -------------------------------------------------------------------------- at one address -- */

int ude_cell_bytes(int type, int64_t bytes) {
  return type == UDE_CELL_FLOAT    ? 4
         : type == UDE_CELL_DOUBLE ? 8
         : type == UDE_CELL_OTHER  ? (int)bytes
                                   : (type + 7) / 8;
}

/* Bytes of a word that the access touches: from `at` to at + count. */
static unsigned in_word(uint64_t address, uint64_t end) {
  uint64_t next = (address & ~UINT64_C(7)) + 8;
  return (unsigned)((end < next ? end : next) - address);
}

static bool exists(const ude_word *word, unsigned at, unsigned bytes) {
  return word && word->what[at / 4] != UDE_HALF_NONE &&
         word->what[(at + bytes - 1) / 4] != UDE_HALF_NONE;
}

static bool load_at(ude_machine *m, uint64_t address, int bytes, ude_cell *to) {
  const ude_word *word = ude_memory_word(m, address);
  unsigned        at   = address & 7;
  if (!exists(word, at, in_word(address, address + (unsigned)bytes))) {
    return false;
  }
  if (bytes == 8 && !at) {
    read_whole(m, word, to);
    return true;
  }
  if (bytes == 4 && at % 4 == 0) {
    read_half(m, word, at / 4, to);
    return true;
  }
  if (bytes < 4 && at / 4 == (at + (unsigned)bytes - 1) / 4) {
    read_bytes(word, at, (unsigned)bytes, to);
    return true;
  }
  /* Across halves: byte by byte. */
  ude_cell all = {0};
  for (int k = 0; k < bytes; k++) {
    uint64_t place = address + (unsigned)k;
    word           = ude_memory_word(m, place);
    if (!exists(word, place & 7, 1)) {
      return false;
    }
    ude_cell one;
    read_bytes(word, place & 7, 1, &one);
    all.set  = ude_set_merge(m, all.set, one.set);
    all.what = all.what || one.what ? UDE_ANY : UDE_KNOWN;
    all.bits |= k < 8 ? one.bits << (8 * k) : 0;
  }
  *to = all;
  return true;
}

static bool store_at(ude_machine *m, uint64_t address, int bytes, const ude_cell *cell) {
  ude_word *word = ude_memory_word(m, address);
  unsigned  at   = address & 7;
  if (!exists(word, at, in_word(address, address + (unsigned)bytes))) {
    return false;
  }
  if (bytes == 8 && !at) {
    ude_log_word(m, address, word);
    write_whole(word, cell);
    return true;
  }
  if (bytes == 4 && at % 4 == 0) {
    ude_log_word(m, address, word);
    if (is_whole(word)) {
      split(m, word);
    }
    write_half(word, at / 4, cell);
    return true;
  }
  if (bytes < 4 && at / 4 == (at + (unsigned)bytes - 1) / 4) {
    ude_log_word(m, address, word);
    write_bytes(m, word, at, (unsigned)bytes, cell);
    return true;
  }
  for (int k = 0; k < bytes; k++) {
    uint64_t place = address + (unsigned)k;
    word           = ude_memory_word(m, place);
    if (!exists(word, place & 7, 1)) {
      return false;
    }
    ude_cell one = {.set  = cell->set,
                    .what = cell->what || k >= 8 ? UDE_ANY : UDE_KNOWN,
                    .bits = k < 8 ? cell->bits >> (8 * k) & 255 : 0};
    ude_log_word(m, place, word);
    write_bytes(m, word, place & 7, 1, &one);
  }
  return true;
}

/* ------------------------------------------------------------------------ at many addresses -- */

/* Call f at every address that the access may have; true if one of them exists. */
typedef bool (*visit)(ude_machine *m, uint64_t address, void *context);

static bool each_address(ude_machine *m, const ude_cell *address, int64_t offset, visit f,
                         void *context) {
  const uint64_t *values;
  uint64_t        copy[UDE_CHOICES];
  bool            some  = false;
  int             count = ude_cell_values(m, address, &values);
  if (count) {
    memcpy(copy, values, (size_t)count * sizeof *copy); /* the visit may make new choices */
    for (int k = 0; k < count; k++) {
      some = f(m, copy[k] + (uint64_t)offset, context) || some;
    }
    return some;
  }
  ude_choice range;
  ude_cell_range(m, address, UDE_CELL_POINTER, &range);
  if (address->what == UDE_ANY || range.lo <= 0) {
    ude_machine_refuse(m, "an access to memory",
                       "its address is not known: it depends on the inputs",
                       "index an array instead");
  }
  /* The part of the range that is memory, region by region, in step. */
  const ude_region *const regions[2] = {&m->stack, &m->heap};
  for (int k = 0; k < 2; k++) {
    uint64_t base = regions[k]->base, end = base + regions[k]->words * 8;
    uint64_t step = (uint64_t)range.step, at = (uint64_t)range.lo;
    if (at < base) {
      at += (base - at + step - 1) / step * step;
    }
    for (; at <= (uint64_t)range.hi && at < end; at += step) {
      some = f(m, at + (uint64_t)offset, context) || some;
    }
  }
  return some;
}

typedef struct access {
  int             type, bytes;
  ude_cell        loaded;
  const ude_cell *stored;
  bool            some, any;
} access;

static bool load_one(ude_machine *m, uint64_t address, void *context) {
  access  *a = context;
  ude_cell one;
  if (!load_at(m, address, a->bytes, &one)) {
    return false;
  }
  if (a->some) {
    ude_cell_join(m, &a->loaded, &one, a->type);
  } else {
    a->loaded = one;
    a->some   = true;
  }
  return true;
}

static bool store_one(ude_machine *m, uint64_t address, void *context) {
  access  *a = context;
  ude_cell one;
  if (!load_at(m, address, a->bytes, &one)) {
    return false;
  }
  ude_cell_join(m, &one, a->stored, a->type);
  return store_at(m, address, a->bytes, &one);
}

static bool exists_one(ude_machine *m, uint64_t address, void *context) {
  const access *a = context;
  return exists(ude_memory_word(m, address), address & 7,
                in_word(address, address + (unsigned)a->bytes));
}

/* Numbers of a table that is never written depend on nothing: no need to look at them all. */
static bool from_table(ude_machine *m, const ude_cell *address, int64_t offset, int type) {
  ude_choice range;
  if (type <= UDE_CELL_POINTER || address->what <= UDE_ANY || m->choice[address->what].count) {
    return false;
  }
  ude_cell_range(m, address, UDE_CELL_POINTER, &range);
  const ude_object *object =
      range.lo > 0 ? ude_memory_object(m, (uint64_t)(range.lo + offset)) : NULL;
  return object && object->constant && (uint64_t)(range.hi + offset) <= object->end;
}

bool ude_memory_load(ude_machine *m, const ude_cell *address, int64_t offset, int type, int bytes,
                     ude_cell *to) {
  uint32_t stamp = to->stamp, chosen = address->set;
  access   a = {.type = type, .bytes = bytes};
  bool     found;
  if (!address->what) {
    found = load_at(m, address->bits + (uint64_t)offset, bytes, &a.loaded);
  } else if (from_table(m, address, offset, type)) {
    a.loaded.what = UDE_ANY;
    found         = true;
  } else {
    found = each_address(m, address, offset, load_one, &a);
  }
  if (!found) {
    return false;
  }
  to->bits = a.loaded.bits;
  to->what = type == UDE_CELL_OTHER ? UDE_ANY : a.loaded.what;
  to->set  = ude_set_merge(m, a.loaded.set, chosen);
  if (type < UDE_CELL_POINTER && type % 8 && !to->what) {
    to->bits = ude_low_bits(to->bits, type);
  }
  to->stamp = stamp;
  return true;
}

bool ude_memory_store(ude_machine *m, const ude_cell *address, int64_t offset, int type, int bytes,
                      const ude_cell *value) {
  ude_cell copy = *value; /* registers may move while sets are merged */
  if (!address->what) {
    return store_at(m, address->bits + (uint64_t)offset, bytes, &copy);
  }
  access a = {.type = type, .bytes = bytes, .stored = &copy};
  /* With one address left after those that do not exist the store is certain. */
  const uint64_t *values;
  int             count = ude_cell_values(m, address, &values);
  uint64_t        only  = 0;
  int             real  = 0;
  for (int k = 0; k < count; k++) {
    uint64_t place = values[k] + (uint64_t)offset;
    if (exists_one(m, place, &a)) {
      only = place;
      real++;
    }
  }
  if (count && real == 1) {
    return store_at(m, only, bytes, &copy);
  }
  return each_address(m, address, offset, store_one, &a);
}

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
  if (!load_at(m, from, bytes, &piece)) {
    return false;
  }
  if (!certain) {
    if (!load_at(m, to, bytes, &old)) {
      return false;
    }
    ude_cell_join(m, &old, &piece, 8 * bytes);
    piece = old;
  }
  return store_at(m, to, bytes, &piece);
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
  return each_address(m, t->source, 0, copy_from, t);
}

bool ude_memory_copy(ude_machine *m, const ude_cell *to, const ude_cell *from,
                     const ude_cell *bytes) {
  if (!bytes->what && !bytes->bits) {
    return true;
  }
  transfer t = {.source = from, .count = bytes, .certain = !to->what && !from->what};
  return each_address(m, to, 0, copy_to, &t);
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
      if (!load_at(m, to + done, size, &old)) {
        return false;
      }
      ude_cell_join(m, &old, &piece, 8 * size);
      piece = old;
    }
    if (!store_at(m, to + done, size, &piece)) {
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
  return each_address(m, to, 0, set_from, &t);
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
