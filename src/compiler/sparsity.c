/**
 * @file sparsity.c
 * @brief Patterns of first and second derivatives: runs a map on the abstract machine and reads its outputs.
 */
#include "compiler/sparsity.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

enum { CALLS = 6, CALLS_WIDEN = 3 };

typedef struct task {
  const ude_sparsity_task *of;
  ude_machine              machine;
  ude_pattern              pattern;
  uint32_t                *row;   /**< [rows] sets */
  ude_word               **image; /**< [globals] what the calls before may have left */
  int                      images;
} task;

/* ------------------------------------------------------------------------------------- inputs -- */

/* Memory of u or p: known numbers or any, with their own sets where derivatives are wanted. */
static uint64_t make_input(task *t, int64_t count, const double *value, const bool *known,
                           bool all_known, bool active) {
  ude_machine *m       = &t->machine;
  uint64_t     address = ude_memory_allocate(m, &m->heap, (uint64_t)count * 8);
  for (int64_t k = 0; k < count; k++) {
    bool     told = value && (all_known || (known && known[k]));
    ude_cell cell = {.what = told ? UDE_KNOWN : UDE_ANY, .set = active ? ude_set_input(m, k) : 0};
    if (told) {
      cell.bits = ude_real_bits(value[k], UDE_CELL_DOUBLE);
    }
    ude_cell place = {.bits = address};
    ude_memory_store(m, &place, 8 * k, UDE_CELL_DOUBLE, 8, &cell);
  }
  return address;
}

static bool run_once(task *t, int function, uint64_t *y) {
  ude_machine             *m     = &t->machine;
  const ude_sparsity_task *of    = t->of;
  ude_frame               *frame = ude_frame_open(m, function);
  m->frame                       = frame;
  *y                             = make_input(t, of->rows, NULL, NULL, false, false);
  /* A parameter of which derivatives are wanted is not known, however fixed. */
  const bool *known = of->wrt_param ? NULL : of->known_param;
  uint64_t    at[3] = {*y, make_input(t, of->states, of->u, NULL, of->path, !of->wrt_param),
                       make_input(t, of->params, of->p, known, of->path, of->wrt_param)};
  for (int k = 0; k < 3; k++) {
    frame->cell[frame->code->param[k]].bits = at[k];
  }
  ude_cell *time = &frame->cell[frame->code->param[3]];
  time->what     = of->path ? UDE_KNOWN : UDE_ANY;
  time->bits     = ude_real_bits(of->t, UDE_CELL_DOUBLE);
  bool returns   = ude_machine_run(m, frame);
  m->frame       = NULL;
  ude_frame_close(m, frame);
  return returns;
}

/* ----------------------------------------------------------------------------- static variables -- */

/* What a call leaves in static variables the next one finds there: runs until nothing new comes in. Their
 * content depends on earlier inputs, which are constants to this call. True if it must run again. */
static bool remember_globals(task *t, int call) {
  ude_machine *m       = &t->machine;
  bool         changed = false;
  ude_word   **wider   = ude_realloc(t->image, (size_t)m->global_count + 1, sizeof *wider);
  if (!wider) {
    ude_machine_memory(m);
  }
  t->image = wider;
  for (int g = 0; g < m->global_count; g++) {
    LLVMValueRef global  = m->global[g];
    LLVMValueRef initial = LLVMGetInitializer(global);
    bool         fresh   = g >= t->images;
    if (fresh) {
      t->image[g] = NULL;
      t->images   = g + 1;
    }
    if (!initial || LLVMIsGlobalConstant(global)) {
      continue;
    }
    uint64_t bytes = LLVMABISizeOfType(m->walk->layout, LLVMGlobalGetValueType(global));
    size_t   words = (size_t)(bytes + 7) / 8;
    if (fresh) {
      uint64_t copy = ude_memory_allocate(m, &m->heap, bytes);
      ude_constant_write(m, initial, copy);
      t->image[g] = ude_calloc(words, sizeof(ude_word));
      if (!t->image[g]) {
        ude_machine_memory(m);
      }
      memcpy(t->image[g], ude_memory_word(m, copy), words * sizeof(ude_word));
    }
    for (size_t k = 0; k < words; k++) {
      ude_word now = *ude_memory_word(m, m->global_address[g] + 8 * k);
      now.set[0] = now.set[1] = 0;
      if (!ude_word_within(m, &now, &t->image[g][k])) {
        ude_word_join(m, &t->image[g][k], &now, call >= CALLS_WIDEN);
        changed = true;
      }
    }
  }
  return changed;
}

static void restore_globals(task *t) {
  ude_machine *m = &t->machine;
  for (size_t k = 0; k < m->heap.words; k++) {
    m->heap.word[k].set[0] = m->heap.word[k].set[1] = 0;
  }
  for (int g = 0; g < t->images; g++) {
    if (!t->image[g]) {
      continue;
    }
    uint64_t bytes = LLVMABISizeOfType(m->walk->layout, LLVMGlobalGetValueType(m->global[g]));
    memcpy(ude_memory_word(m, m->global_address[g]), t->image[g],
           (size_t)(bytes + 7) / 8 * sizeof(ude_word));
  }
}

/* ------------------------------------------------------------------------------------ outputs -- */

static void make_pattern(task *t, int64_t rows, int64_t columns) {
  ude_machine *m = &t->machine;
  ude_pattern *p = &t->pattern;
  int64_t      n = 0;
  p->rows        = rows;
  p->columns     = columns;
  p->start       = ude_calloc((size_t)rows + 1, sizeof *p->start);
  if (!p->start) {
    ude_machine_memory(m);
  }
  for (int64_t i = 0; i < rows; i++) {
    n += (int64_t)ude_set_count(&m->sets, t->row[i]);
    p->start[i + 1] = n;
  }
  p->index = ude_calloc((size_t)n, sizeof *p->index);
  if (!p->index) {
    ude_machine_memory(m);
  }
  for (int64_t i = 0; i < rows; i++) {
    ude_set_write(&m->sets, t->row[i], p->index + p->start[i]);
  }
}

static int64_t *list_set(ude_machine *m, uint32_t set, size_t *count) {
  *count        = ude_set_count(&m->sets, set);
  int64_t *list = ude_calloc(*count, sizeof *list);
  if (!list) {
    ude_machine_memory(m);
  }
  ude_set_write(&m->sets, set, list);
  return list;
}

/* Both sides of each product whose second derivative may not be zero. */
static void add_products(task *t, uint32_t products) {
  ude_machine *m = &t->machine;
  size_t       count, elements;
  int64_t     *list = list_set(m, products, &count);
  for (size_t k = 0; k < count; k++) {
    for (int side = 0; side < 2; side++) {
      const ude_product *p    = &m->product[list[k]];
      uint32_t           over = side ? p->b : p->a, with = side ? p->a : p->b;
      int64_t           *of = list_set(m, over, &elements);
      for (size_t i = 0; i < elements; i++) {
        t->row[of[i]] = ude_set_union(&m->sets, t->row[of[i]], with);
      }
      free(of);
    }
  }
  free(list);
}

static void run(task *t, LLVMValueRef primal) {
  ude_machine             *m  = &t->machine;
  const ude_sparsity_task *of = t->of;
  ude_walk                *w  = m->walk;
  uint64_t                 y  = 0;
  int                      f  = ude_walk_function(w, primal);
  for (int call = 0; call < CALLS; call++) {
    if (!run_once(t, f, &y)) {
      ude_walk_leave(
          w, UDE_NOT_DIFFERENTIABLE,
          "the model never returns: every path ends in abort, exit or an invalid access");
    }
    if (of->path || !remember_globals(t, call)) {
      break;
    }
    if (call + 1 == CALLS) {
      ude_walk_leave(w, UDE_NOT_DIFFERENTIABLE,
                     "the model keeps a state in static variables that never settles; "
                     "pass it in struct state");
    }
    restore_globals(t);
  }
  int64_t columns = of->wrt_param ? of->params : of->states;
  int64_t rows    = of->second ? columns : of->rows;
  t->row          = ude_calloc((size_t)rows, sizeof *t->row);
  if (!t->row) {
    ude_machine_memory(m);
  }
  for (int64_t i = 0; i < of->rows; i++) {
    const ude_word *word = ude_memory_word(m, y + 8 * (uint64_t)i);
    uint32_t        set  = ude_set_merge(m, word->set[0], word->set[1]);
    if (of->second) {
      add_products(t, m->jet[set].h);
    } else {
      t->row[i] = set;
    }
  }
  make_pattern(t, rows, columns);
}

ude_status ude_sparsity_run(LLVMModuleRef module, LLVMValueRef primal, const ude_sparsity_task *of,
                            ude_pattern *pattern, ude_error *error) {
  ude_error own  = {0};
  error          = error ? error : &own;
  *pattern       = (ude_pattern){0};
  ude_walk *walk = ude_walk_create(module, error);
  task     *t    = ude_calloc(1, sizeof *t);
  if (!walk || !t) {
    ude_walk_free(walk);
    free(t);
    return ude_fail_memory(error, "a sparsity pattern");
  }
  t->of               = of;
  t->machine.walk     = walk;
  volatile int status = setjmp(walk->leave);
  if (!status) {
    ude_walk_program(walk, primal);
    if (!ude_machine_open(&t->machine, walk, of->second, of->path)) {
      ude_machine_memory(&t->machine);
    }
    run(t, primal);
    *pattern   = t->pattern;
    t->pattern = (ude_pattern){0};
  }
  ude_machine_close(&t->machine);
  for (int g = 0; g < t->images; g++) {
    free(t->image[g]);
  }
  free(t->image);
  free(t->row);
  free(t->pattern.start);
  free(t->pattern.index);
  free(t);
  ude_walk_free(walk);
  return (ude_status)status;
}
