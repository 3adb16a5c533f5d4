/* Machine code at the first call. */
#include "compiler/later.h"

#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/flat.h"
#include "compiler/pipeline.h"
#include "compiler/tape.h"

static const struct {
  const char *name, *prefix;
  int         object;
} kinds[UDE_LATER_KINDS] = {[UDE_LATER_JVP]  = {"jvp", "ude.jvp.", UDE_OBJECT_JVP},
                            [UDE_LATER_WIDE] = {"wide", "ude.wide.", UDE_OBJECT_WIDE}};

static void move(ude_text *to, ude_text *from) {
  *to   = *from;
  *from = (ude_text){0};
}

ude_status ude_later_begin(ude_later *later, ude_jit *jit, ude_cache_entry *entry,
                           const char *cache_dir, const char *key, ude_error *error) {
  pthread_mutex_init(&later->lock, NULL);
  later->jit = jit;
  move(&later->bitcode, &entry->object[UDE_OBJECT_LATER]);
  for (int i = 0; i < UDE_LATER_KINDS; i++) {
    move(&later->part[i].object, &entry->object[kinds[i].object]);
  }
  memcpy(later->key, key, sizeof later->key);
  later->cache_dir = cache_dir ? strdup(cache_dir) : NULL;
  return cache_dir && !later->cache_dir ? ude_fail_memory(error, "the model") : UDE_OK;
}

ude_status ude_later_add(ude_later *later, ude_entry *entry, const char *map, ude_error *error) {
  size_t         size = strlen(map) + 1;
  ude_later_map *made = malloc(sizeof *made + size);
  if (!made) {
    return ude_fail_memory(error, "the model");
  }
  made->next  = later->maps;
  made->entry = entry;
  memcpy(made->name, map, size);
  later->maps  = made;
  entry->later = later;
  return UDE_OK;
}

/* The cache's entry with what was made. */
static void keep(const ude_later *later, int kind) {
  const ude_text *made = &later->part[kind].object;
  ude_cache_entry entry;
  if (!later->cache_dir || !ude_cache_load(later->cache_dir, later->key, &entry)) {
    return;
  }
  ude_text *object = &entry.object[kinds[kind].object];
  if (object->length == 0) {
    ude_text_append_bytes(object, made->data, made->length);
    if (!object->failed) {
      ude_cache_store(later->cache_dir, later->key, &entry);
    }
  }
  ude_cache_entry_free(&entry);
}

static bool generate(ude_later *later, int kind) {
  ude_text *object = &later->part[kind].object;
  if (object->length > 0) {
    return true;
  }
  LLVMMemoryBufferRef bitcode =
      LLVMCreateMemoryBufferWithMemoryRange(later->bitcode.data, later->bitcode.length, "model", 0);
  ude_part   part   = {.bitcode = bitcode, .prefix = kinds[kind].prefix, .object = object};
  ude_status status = ude_pipeline_parts(&part, 1, NULL);
  LLVMDisposeMemoryBuffer(bitcode);
  if (status) {
    ude_text_free(object);
    return false;
  }
  keep(later, kind);
  return true;
}

static bool publish(const ude_later *later, int kind) {
  for (const ude_later_map *map = later->maps; map; map = map->next) {
    char  name[UDE_FLAT_NAME];
    void *address =
        ude_jit_find(later->jit, ude_flat_name(name, kinds[kind].name, map->name), NULL);
    ude_flat_jvp function;
    memcpy(&function, &address, sizeof function);
    if (!address) {
      return false;
    }
    atomic_store_explicit(kind == UDE_LATER_JVP ? &map->entry->jvp : &map->entry->jvp_wide,
                          function, memory_order_release);
  }
  return true;
}

/* The functions of this kind of all entries; 0 on success. */
static int make(ude_later *later, int kind) {
  pthread_mutex_lock(&later->lock);
  ude_later_part *part = &later->part[kind];
  if (part->state == UDE_LATER_WAITS && generate(later, kind)) {
    bool loaded =
        ude_jit_add(later->jit, part->object.data, part->object.length, "model", NULL) == UDE_OK &&
        publish(later, kind);
    part->state = loaded ? UDE_LATER_DONE : UDE_LATER_BROKEN;
    ude_text_free(&part->object);
  }
  int code = part->state == UDE_LATER_DONE ? 0 : -1;
  pthread_mutex_unlock(&later->lock);
  return code;
}

/* ----------------------------------------------------------------------------------- calls -- */

/* The function, made now if it is not there; NULL if that fails. */
static ude_flat_jvp ready(const ude_entry *entry, const _Atomic(ude_flat_jvp) *function, int kind) {
  ude_flat_jvp found = atomic_load_explicit(function, memory_order_acquire);
  return found || make(entry->later, kind) ? found
                                           : atomic_load_explicit(function, memory_order_acquire);
}

static int call(const ude_entry *entry, ude_flat_jvp function, double *y, double *y_dot,
                const double *u, const double *u_dot, const double *p, const double *p_dot,
                double t, const double *t_dot) {
  if (!function) {
    return -1;
  }
  function(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros, t,
           t_dot ? t_dot : entry->zeros);
  return ude_tape_failed() ? -1 : 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  return call(entry, ready(entry, &entry->jvp, UDE_LATER_JVP), y, y_dot, u, u_dot, p, p_dot, t,
              t_dot);
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  return call(entry, ready(entry, &entry->jvp_wide, UDE_LATER_WIDE), y, y_dot, u, u_dot, p, p_dot,
              t, t_dot);
}

void ude_later_fill(const ude_entry *entry, int64_t width, ude_map *map) {
  if (entry->later) {
    map->jvp      = jvp;
    map->jvp_wide = jvp_wide;
    map->width    = width;
  }
}

void ude_later_end(ude_later *later) {
  if (!later->jit) {
    return;
  }
  while (later->maps) {
    ude_later_map *next = later->maps->next;
    free(later->maps);
    later->maps = next;
  }
  ude_text_free(&later->bitcode);
  for (int i = 0; i < UDE_LATER_KINDS; i++) {
    ude_text_free(&later->part[i].object);
  }
  free(later->cache_dir);
  pthread_mutex_destroy(&later->lock);
}
