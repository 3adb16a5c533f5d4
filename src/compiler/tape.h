/**
 * @file tape.h
 * @brief Run-time memory of emitted derivatives: the tape of reverse sweeps and shadows of heap blocks.
 *
 * A thread has one tape: a list of chunks that grows by bumping a pointer, is reset at the end of each reverse
 * sweep and keeps its chunks for the next one. Emitted code reads and writes `top` and `end`
 * itself; their places are part of the contract with reverse*.c.
 */
#ifndef UDE_COMPILER_TAPE_H
#define UDE_COMPILER_TAPE_H

#include <stddef.h>

typedef struct ude_tape {
  char *top, *end; /**< free part of the current chunk: emitted code knows these two */
  struct ude_tape_chunk *current, *chunks;
} ude_tape;

/** This thread's tape; NULL if there is no memory for it. */
ude_tape *ude_tape_begin(void);
/** Release everything that was taken since `top` was the tape's top. */
void ude_tape_end(ude_tape *tape, char *top);
/** `size` bytes aligned to 16 from another chunk; top and end move there. NULL: no memory. */
void *ude_tape_more(ude_tape *tape, size_t size);

/** `size` bytes aligned to 16. NULL: no memory. */
void *ude_tape_take(ude_tape *tape, size_t size);
/** The top, for ude_tape_end. */
char *ude_tape_mark(const ude_tape *tape);

/** `size` zeroed bytes. NULL: no memory. */
void *ude_tape_zeroed(ude_tape *tape, size_t size);

/** Zeroed shadow of a heap block; NULL: no memory. */
void *ude_shadow_alloc(size_t size);
/** Shadow of a block that was reallocated: keeps the old content, new bytes are zero; the old
 *  shadow stays valid. `shadow` may be NULL. */
void  *ude_shadow_grow(const void *shadow, size_t size);
void   ude_shadow_free(void *shadow);
size_t ude_shadow_size(const void *shadow);

#endif
