/**
 * @file abstract_version.c
 * @brief Versions of the machine's state where control may have come several ways: a tree of differences.
 *
 * Version 0 is the root; the machine's memory and registers hold the state of the current version. To go
 * to another one, the logs up to the common ancestor are undone and those down to the other are done
 * again, each by exchanging what it holds. A register is logged only by versions younger than the call that it
 * belongs to: nobody needs it when the call has returned.
 */
#include <stdlib.h>

#include "compiler/abstract.h"

static void exchange(ude_machine *m, ude_log_entry *entry) {
  if (entry->place & 1) {
    ude_cell *cell = (ude_cell *)(uintptr_t)(entry->place & ~UINT64_C(1));
    ude_word  old  = {.bits = cell->bits, .set = {cell->set}, .what = {cell->what}};
    cell->bits     = entry->value.bits;
    cell->set      = entry->value.set[0];
    cell->what     = entry->value.what[0];
    entry->value   = old;
    return;
  }
  ude_region *region = entry->place >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  ude_word   *word   = &region->word[(entry->place - region->base) / 8];
  ude_word    old    = *word;
  *word              = entry->value;
  word->stamp        = 0; /* what is logged twice does no harm, what is not logged does */
  entry->value       = old;
}

void ude_version_log(ude_machine *m, uint64_t place, const ude_word *old) {
  ude_world *v         = &m->version[m->current];
  v->log               = ude_machine_grow(m, v->log, v->entries, &v->capacity, sizeof *v->log);
  v->log[v->entries++] = (ude_log_entry){place, *old};
}

int ude_version_fork(ude_machine *m, int parent) {
  int at;
  if (m->unused_count) {
    at = m->unused[--m->unused_count];
  } else {
    m->version =
        ude_machine_grow(m, m->version, m->versions, &m->version_capacity, sizeof *m->version);
    at             = m->versions++;
    m->version[at] = (ude_world){0};
  }
  ude_world *v = &m->version[at];
  if (++m->next_id == 0) {
    ude_machine_refuse(m, "the program", "it has too many ways to go", "simplify its branches");
  }
  *v = (ude_world){.parent   = parent,
                   .depth    = m->version[parent].depth + 1,
                   .id       = m->next_id,
                   .log      = v->log,
                   .capacity = v->capacity};
  m->version[parent].children++;
  return at;
}

static void undo(ude_machine *m) {
  ude_world *v = &m->version[m->current];
  for (int k = v->entries; k-- > 0;) {
    exchange(m, &v->log[k]);
  }
  m->current = v->parent;
}

static int common(const ude_machine *m, int a, int b) {
  while (a != b) {
    if (m->version[a].depth >= m->version[b].depth) {
      a = m->version[a].parent;
    } else {
      b = m->version[b].parent;
    }
  }
  return a;
}

/* Do the logs on the way down from the current version to a descendant. */
static void redo(ude_machine *m, int to) {
  while (m->current != to) {
    int next = to;
    while (m->version[next].parent != m->current) {
      next = m->version[next].parent;
    }
    ude_world *v = &m->version[next];
    for (int k = 0; k < v->entries; k++) {
      exchange(m, &v->log[k]);
    }
    m->current = next;
  }
}

void ude_version_switch(ude_machine *m, int to) {
  int meeting = common(m, m->current, to);
  while (m->current != meeting) {
    undo(m);
  }
  redo(m, to);
}

static void release(ude_machine *m, int version) {
  ude_world *v = &m->version[version];
  v->entries   = 0;
  v->parked    = false;
  m->unused =
      ude_machine_grow(m, m->unused, m->unused_count, &m->unused_capacity, sizeof *m->unused);
  m->unused[m->unused_count++] = version;
}

void ude_version_drop(ude_machine *m, int version) {
  if (m->current == version) {
    undo(m);
  }
  int at = version;
  while (at && !m->version[at].children && !m->version[at].parked && at != m->frame->base) {
    int parent = m->version[at].parent;
    if (m->current == at) {
      undo(m);
    }
    release(m, at);
    m->version[parent].children--;
    at = parent;
  }
}

/* ------------------------------------------------------------------------------------- joins -- */

typedef struct difference {
  uint64_t place;
  ude_word value;
} difference;

static ude_word read_place(ude_machine *m, uint64_t place) {
  if (place & 1) {
    const ude_cell *cell = (const ude_cell *)(uintptr_t)(place & ~UINT64_C(1));
    return (ude_word){.bits = cell->bits, .set = {cell->set}, .what = {cell->what}};
  }
  const ude_region *region = place >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  return region->word[(place - region->base) / 8];
}

static uint32_t *stamp_of(ude_machine *m, uint64_t place) {
  if (place & 1) {
    return &((ude_cell *)(uintptr_t)(place & ~UINT64_C(1)))->stamp;
  }
  ude_region *region = place >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  return &region->word[(place - region->base) / 8].stamp;
}

/* Write in the current version, logged as needed. */
static void write_place(ude_machine *m, uint64_t place, const ude_word *value) {
  if (place & 1) {
    ude_cell *cell = (ude_cell *)(uintptr_t)(place & ~UINT64_C(1));
    cell           = ude_write_cell(m, m->frame, (int)(cell - m->frame->cell));
    cell->bits     = value->bits;
    cell->set      = value->set[0];
    cell->what     = value->what[0];
    return;
  }
  const ude_region *region = place >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  ude_word         *word   = &region->word[(place - region->base) / 8];
  ude_log_word(m, place, word);
  word->bits = value->bits;
  for (int k = 0; k < 2; k++) {
    word->set[k]  = value->set[k];
    word->what[k] = value->what[k];
  }
}

static ude_cell as_cell(const ude_word *value) {
  return (ude_cell){.bits = value->bits, .set = value->set[0], .what = value->what[0]};
}

static int type_at(const ude_machine *m, uint64_t place) {
  const ude_cell *cell = (const ude_cell *)(uintptr_t)(place & ~UINT64_C(1));
  return m->frame->code->type[cell - m->frame->cell];
}

static bool in_frame(const ude_machine *m, uint64_t place) {
  const ude_cell *cell = (const ude_cell *)(uintptr_t)(place & ~UINT64_C(1));
  return cell >= m->frame->cell && cell < m->frame->cell + m->frame->code->cells;
}

static void join_place(ude_machine *m, uint64_t place, ude_word *to, const ude_word *from,
                       bool widen) {
  if (!(place & 1)) {
    ude_word_join(m, to, from, widen);
    return;
  }
  ude_cell a = as_cell(to), b = as_cell(from);
  if (widen) {
    ude_cell_widen(m, &a, &b, type_at(m, place));
  } else {
    ude_cell_join(m, &a, &b, type_at(m, place));
  }
  to->bits    = a.bits;
  to->set[0]  = a.set;
  to->what[0] = a.what;
}

/* Places that the versions from `top` (excluded) down to `version` have logged, each once. */
static int list_places(ude_machine *m, int version, int top, uint32_t mark, int count) {
  for (int at = version; at != top; at = m->version[at].parent) {
    const ude_world *v = &m->version[at];
    for (int k = 0; k < v->entries; k++) {
      uint64_t  place = v->log[k].place;
      uint32_t *stamp = stamp_of(m, place);
      if (*stamp != mark && (!(place & 1) || in_frame(m, place))) {
        *stamp = mark;
        m->scratch =
            ude_machine_grow(m, m->scratch, count, &m->scratch_capacity, sizeof(difference));
        difference *list = m->scratch;
        list[count++]    = (difference){.place = place};
      }
    }
  }
  return count;
}

int ude_version_merge(ude_machine *m, int other) {
  int      mine = m->current, meeting = common(m, mine, other);
  uint32_t mark    = ++m->next_id;
  int      count   = list_places(m, mine, meeting, mark, 0);
  count            = list_places(m, other, meeting, mark, count);
  difference *list = m->scratch;
  for (int k = 0; k < count; k++) {
    list[k].value = read_place(m, list[k].place);
  }
  ude_version_switch(m, other);
  for (int k = 0; k < count; k++) {
    ude_word here = read_place(m, list[k].place);
    join_place(m, list[k].place, &list[k].value, &here, false);
  }
  while (m->current != meeting) {
    undo(m);
  }
  m->version[other].parked = false;
  m->version[meeting].children++; /* keep it while both go */
  ude_version_drop(m, mine);
  ude_version_drop(m, other);
  m->version[meeting].children--;
  int to = meeting;
  if (m->version[meeting].children || m->version[meeting].parked || meeting == 0 ||
      meeting == m->frame->base) {
    to         = ude_version_fork(m, meeting);
    m->current = to;
  }
  for (int k = 0; k < count; k++) {
    write_place(m, list[k].place, &list[k].value);
  }
  m->version[to].parked = true;
  return to;
}

void ude_version_collapse(ude_machine *m, int base) {
  while (m->current != base) {
    int        at = m->current, parent = m->version[at].parent;
    ude_world *v = &m->version[at], *up = &m->version[parent];
    if (up->children > 1 || up->parked) {
      return;
    }
    uint32_t mark = up->id;
    bool     log  = parent != 0;
    for (int k = 0; k < up->entries && log; k++) {
      if (!(up->log[k].place & 1) || parent != base) {
        *stamp_of(m, up->log[k].place) = mark;
      }
    }
    m->current = parent;
    for (int k = 0; k < v->entries && log; k++) {
      uint64_t  place = v->log[k].place;
      uint32_t *stamp;
      if (place & 1 && (parent == base || !in_frame(m, place))) {
        continue; /* registers of this call are not logged by the version that called */
      }
      stamp = stamp_of(m, place);
      if (*stamp != mark) {
        *stamp = mark;
        ude_version_log(m, place, &v->log[k].value);
        v = &m->version[at];
      }
    }
    release(m, at);
    m->version[parent].children--;
  }
}

/* ------------------------------------------------------------------------------------- loops -- */

/* For each place that changed since ancestor `last`: the value there, as the oldest entry has it. */
static int changes_since(ude_machine *m, int last) {
  int         now   = m->current;
  uint32_t    mark  = ++m->next_id;
  int         count = list_places(m, now, last, mark, 0);
  difference *list  = m->scratch;
  ude_version_switch(m, last);
  for (int k = 0; k < count; k++) {
    list[k].value = read_place(m, list[k].place);
  }
  ude_version_switch(m, now);
  return count;
}

bool ude_version_settled(ude_machine *m, int last) {
  int         count = changes_since(m, last);
  difference *list  = m->scratch;
  for (int k = 0; k < count; k++) {
    ude_word now = read_place(m, list[k].place);
    if (list[k].place & 1) {
      ude_cell a = as_cell(&now), b = as_cell(&list[k].value);
      if (!ude_cell_within(m, &a, &b, type_at(m, list[k].place))) {
        return false;
      }
    } else if (!ude_word_within(m, &now, &list[k].value)) {
      return false;
    }
  }
  return true;
}

void ude_version_widen(ude_machine *m, int last) {
  int         count = changes_since(m, last);
  difference *list  = m->scratch;
  for (int k = 0; k < count; k++) {
    ude_word now = read_place(m, list[k].place);
    join_place(m, list[k].place, &list[k].value, &now, true);
    write_place(m, list[k].place, &list[k].value);
  }
}
