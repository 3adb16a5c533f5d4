/**
 * @file tape.c
 * @brief The tape of a thread and the shadows of heap blocks.
 */
#include "compiler/tape.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/jet.h"
#include "compiler/rules.h"
#include "compiler/transform.h"

typedef struct ude_tape_chunk {
  struct ude_tape_chunk *next;
  size_t                 size;
} ude_tape_chunk;

enum { CHUNK_FIRST = 1 << 16, CHUNK_LARGEST = 1 << 26, ALIGN = 16 };

static pthread_key_t           tape_key;
static pthread_once_t          tape_once = PTHREAD_ONCE_INIT;
static int                     tape_key_failed;
static _Thread_local ude_tape *tape_of_thread;

static void free_tape(void *pointer) {
  ude_tape *tape = pointer;
  for (ude_tape_chunk *chunk = tape->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    free(chunk);
  }
  free(tape);
  tape_of_thread = NULL;
}

static void make_key(void) {
  tape_key_failed = pthread_key_create(&tape_key, free_tape);
}

static char *chunk_start(ude_tape_chunk *chunk) {
  return (char *)chunk + (sizeof *chunk + ALIGN - 1) / ALIGN * ALIGN;
}

ude_tape *ude_tape_begin(void) {
  if (tape_of_thread) {
    return tape_of_thread;
  }
  pthread_once(&tape_once, make_key);
  ude_tape *tape = tape_key_failed ? NULL : calloc(1, sizeof *tape);
  if (!tape) {
    return NULL;
  }
  if (pthread_setspecific(tape_key, tape)) {
    free(tape);
    return NULL;
  }
  tape_of_thread = tape;
  return tape;
}

static void enter_chunk(ude_tape *tape, ude_tape_chunk *chunk) {
  tape->current = chunk;
  tape->top     = chunk ? chunk_start(chunk) : NULL;
  tape->end     = chunk ? tape->top + chunk->size : NULL;
}

void *ude_tape_more(ude_tape *tape, size_t size) {
  if (size > SIZE_MAX / 2) {
    return NULL;
  }
  ude_tape_chunk *last = tape->current;
  ude_tape_chunk *next = last ? last->next : tape->chunks;
  while (next && next->size < size) { /* too small for this block: keep it for later */
    last = next;
    next = next->next;
  }
  if (!next) {
    size_t room = last ? 2 * last->size : CHUNK_FIRST;
    if (room > CHUNK_LARGEST) {
      room = CHUNK_LARGEST;
    }
    if (room < size) {
      room = size;
    }
    next = malloc((sizeof *next + ALIGN - 1) / ALIGN * ALIGN + room);
    if (!next) {
      return NULL;
    }
    *next = (ude_tape_chunk){.next = NULL, .size = room};
    if (last) {
      last->next = next;
    } else {
      tape->chunks = next;
    }
  }
  enter_chunk(tape, next);
  char *block = tape->top;
  tape->top += size;
  return block;
}

void *ude_tape_take(ude_tape *tape, size_t size) {
  if (size > SIZE_MAX / 2) {
    return NULL;
  }
  size_t bytes = (size + ALIGN - 1) / ALIGN * ALIGN;
  void  *block = tape->top;
  if ((size_t)(tape->end - tape->top) >= bytes && block) {
    tape->top += bytes;
    return block;
  }
  return ude_tape_more(tape, bytes ? bytes : ALIGN);
}

void *ude_tape_zeroed(ude_tape *tape, size_t size) {
  void *block = ude_tape_take(tape, size);
  return block ? memset(block, 0, size) : NULL;
}

char *ude_tape_mark(const ude_tape *tape) {
  return tape->top;
}

void ude_tape_end(ude_tape *tape, char *top) {
  ude_tape_chunk *chunk = tape->chunks;
  while (top && chunk && !(top >= chunk_start(chunk) && top <= chunk_start(chunk) + chunk->size)) {
    chunk = chunk->next;
  }
  if (!top) {
    chunk = tape->chunks;
  }
  enter_chunk(tape, chunk);
  if (top) {
    tape->top = top;
  }
}

/* ------------------------------------------------------------------------ shadows of heap -- */

void *ude_shadow_alloc(size_t size) {
  if (size > SIZE_MAX - ALIGN) {
    return NULL;
  }
  char *block = calloc(1, size + ALIGN);
  if (!block) {
    return NULL;
  }
  memcpy(block, &size, sizeof size);
  return block + ALIGN;
}

size_t ude_shadow_size(const void *shadow) {
  size_t size = 0;
  if (shadow) {
    memcpy(&size, (const char *)shadow - ALIGN, sizeof size);
  }
  return size;
}

void *ude_shadow_grow(const void *shadow, size_t size) {
  void  *wider = ude_shadow_alloc(size);
  size_t keep  = ude_shadow_size(shadow);
  if (wider && shadow) {
    memcpy(wider, shadow, keep < size ? keep : size);
  }
  return wider;
}

void ude_shadow_free(void *shadow) {
  if (shadow) {
    free((char *)shadow - ALIGN);
  }
}

void ude_transform_runtime_symbols(void (*add)(const char *name, void *address, void *context),
                                   void *context) {
  union {
    void (*function)(void);
    void *object;
  } address;
#define SYMBOL(f)                         \
  address.function = (void (*)(void))(f); \
  add(#f, address.object, context)
  SYMBOL(ude_tape_begin);
  SYMBOL(ude_tape_end);
  SYMBOL(ude_tape_more);
  SYMBOL(ude_tape_zeroed);
  SYMBOL(ude_tape_take);
  SYMBOL(ude_tape_mark);
  SYMBOL(ude_shadow_alloc);
  SYMBOL(ude_shadow_grow);
  SYMBOL(ude_shadow_free);
  SYMBOL(ude_shadow_size);
  SYMBOL(ude_polygamma);
  SYMBOL(ude_polygammaf);
  SYMBOL(ude_jet_begin);
  SYMBOL(ude_jet_reserve);
  SYMBOL(ude_jet_mul);
  SYMBOL(ude_jet_div);
  SYMBOL(ude_jet_chain);
  SYMBOL(ude_jet_log);
  SYMBOL(ude_jet_power);
  SYMBOL(ude_jet_pow);
  SYMBOL(ude_jet_tower);
  SYMBOL(ude_jet_once1);
  SYMBOL(ude_jet_once2);
#undef SYMBOL
}
