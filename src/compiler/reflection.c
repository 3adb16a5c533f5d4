/* Life of a reflection, and its text form for cache entries: one item a line, fields split by blanks
 * (names of C members have none). */
#include "compiler/reflection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ude_reflection_free_shape(ude_struct_shape *shape) {
  for (int64_t i = 0; i < shape->runs; i++) {
    free((void *)shape->run[i].member.name);
  }
  for (int64_t i = 0; i < shape->integers; i++) {
    free(shape->integer[i].name);
  }
  free(shape->run);
  free(shape->integer);
  *shape = (ude_struct_shape){0};
}

void ude_reflection_free(ude_reflection *reflection) {
  for (int i = 0; i < UDE_STRUCTS; i++) {
    ude_reflection_free_shape(&reflection->structs[i]);
  }
  for (int64_t i = 0; i < reflection->learned_count; i++) {
    ude_learned_shape *learned = &reflection->learned[i];
    for (int j = 0; j < learned->arguments; j++) {
      free(learned->argument[j].name);
    }
    free(learned->argument);
    free(learned->name);
  }
  free(reflection->learned);
  *reflection = (ude_reflection){0};
}

bool ude_shape_is_flat(const ude_struct_shape *shape) {
  bool flat = shape->integers == 0 && shape->size == 8 * shape->reals;
  for (int64_t i = 0; i < shape->runs; i++) {
    flat = flat && !shape->run[i].single && shape->run[i].offset == 8 * shape->run[i].member.first;
  }
  return flat;
}

/* ----------------------------------------------------------------------------------- write -- */

static void write_shape(const ude_struct_shape *shape, ude_text *text) {
  ude_text_append(text, "struct %d %lld %lld %lld\n", shape->defined, (long long)shape->size,
                  (long long)shape->runs, (long long)shape->integers);
  for (int64_t i = 0; i < shape->runs; i++) {
    const ude_field_run *run = &shape->run[i];
    char                 lower[32];
    char                 upper[32];
    ude_text_append(
        text, "%s %lld %d %d %s %s %d %d", run->member.name, (long long)run->offset, run->single,
        run->member.fixed + 2 * run->member.relative + 4 * run->member.metric,
        ude_format_real(run->member.lower, lower), ude_format_real(run->member.upper, upper),
        (int)run->member.init, run->member.rank);
    for (int d = 0; d < run->member.rank; d++) {
      ude_text_append(text, " %lld", (long long)run->member.extents[d]);
    }
    ude_text_append(text, "\n");
  }
  for (int64_t i = 0; i < shape->integers; i++) {
    const ude_integer_run *run = &shape->integer[i];
    ude_text_append(text, "%s %lld %lld %d", run->name, (long long)run->offset,
                    (long long)run->size, run->rank);
    for (int d = 0; d < run->rank; d++) {
      ude_text_append(text, " %lld", (long long)run->extents[d]);
    }
    ude_text_append(text, "\n");
  }
}

void ude_reflection_write(const ude_reflection *reflection, ude_text *text) {
  for (int i = 0; i < UDE_STRUCTS; i++) {
    write_shape(&reflection->structs[i], text);
  }
  ude_text_append(text, "maps");
  for (int i = 0; i < UDE_MAPS; i++) {
    ude_text_append(text, " %d", reflection->map[i]);
  }
  ude_text_append(text, " %d %d %d %d %d %lld\n", reflection->has_u0, reflection->has_p0,
                  reflection->has_mass, reflection->has_tspan, reflection->has_draw,
                  (long long)reflection->learned_count);
  const ude_event_counts *events = &reflection->events;
  ude_text_append(text, "%lld %lld %lld %lld %lld %d %d\n", (long long)events->count,
                  (long long)events->scheduled, (long long)events->discontinuities,
                  (long long)events->directions, (long long)events->terminals,
                  events->schedule_constant, events->discontinuity_constant);
  for (int64_t i = 0; i < reflection->learned_count; i++) {
    const ude_learned_shape *learned = &reflection->learned[i];
    ude_text_append(text, "%s %d %d %d %lld %lld\n", learned->name, learned->arguments,
                    learned->returns, learned->returns_single, (long long)learned->rows,
                    (long long)learned->columns);
    for (int j = 0; j < learned->arguments; j++) {
      const ude_learned_argument *argument = &learned->argument[j];
      ude_text_append(text, "%s %d %d %lld\n", argument->name, (int)argument->kind,
                      argument->single, (long long)argument->count);
    }
  }
}

/* ------------------------------------------------------------------------------------ read -- */

typedef struct reader {
  const char *at, *end;
  bool        failed;
} reader;

/* The next word; empty at the end. */
static void word(reader *in, char *buffer, size_t size) {
  while (in->at < in->end && (*in->at == ' ' || *in->at == '\n')) {
    in->at++;
  }
  size_t length = 0;
  while (in->at < in->end && *in->at != ' ' && *in->at != '\n') {
    if (length + 1 < size) {
      buffer[length++] = *in->at;
    }
    in->at++;
  }
  buffer[length] = '\0';
  in->failed     = in->failed || length == 0;
}

static int64_t integer(reader *in) {
  char  buffer[64];
  char *end = buffer;
  word(in, buffer, sizeof buffer);
  int64_t value = strtoll(buffer, &end, 10);
  in->failed    = in->failed || *end != '\0';
  return value;
}

static double real(reader *in) {
  char   buffer[64];
  double value = 0;
  word(in, buffer, sizeof buffer);
  in->failed = in->failed || !ude_parse_real(buffer, strlen(buffer), &value);
  return value;
}

static char *name(reader *in) {
  char buffer[1024];
  word(in, buffer, sizeof buffer);
  char *copy = in->failed ? NULL : strdup(buffer);
  in->failed = in->failed || !copy;
  return copy;
}

static int64_t count(reader *in) {
  int64_t value = integer(in);
  if (value < 0 || value > in->end - in->at) { /* each item takes more than a byte */
    in->failed = true;
    return 0;
  }
  return value;
}

/* The rank, which is returned, and as many extents. */
static int read_extents(reader *in, int64_t extents[UDE_MAX_RANK], int64_t *product) {
  int64_t rank = integer(in);
  in->failed   = in->failed || rank < 0 || rank > UDE_MAX_RANK;
  *product     = 1;
  for (int d = 0; d < rank && !in->failed; d++) {
    extents[d] = integer(in);
    *product *= extents[d];
  }
  return in->failed ? 0 : (int)rank;
}

static void read_shape(reader *in, ude_struct_shape *shape) {
  char key[16];
  word(in, key, sizeof key);
  shape->defined   = integer(in) != 0;
  shape->size      = integer(in);
  int64_t runs     = count(in);
  int64_t integers = count(in);
  shape->run       = in->failed ? NULL : ude_calloc((size_t)runs, sizeof *shape->run);
  shape->integer   = in->failed ? NULL : ude_calloc((size_t)integers, sizeof *shape->integer);
  in->failed       = in->failed || !shape->run || !shape->integer;
  for (; shape->runs < runs && !in->failed; shape->runs++) {
    ude_field_run *run   = &shape->run[shape->runs];
    run->member.name     = name(in);
    run->offset          = integer(in);
    run->single          = integer(in) != 0;
    run->member.single   = run->single;
    int64_t marks        = integer(in);
    run->member.fixed    = (marks & 1) != 0;
    run->member.relative = (marks & 2) != 0;
    run->member.metric   = (marks & 4) != 0;
    run->member.lower    = real(in);
    run->member.upper    = real(in);
    run->member.init     = (ude_init)integer(in);
    run->member.rank     = read_extents(in, run->member.extents, &run->member.count);
    run->member.first    = shape->reals;
    shape->reals += run->member.count;
  }
  for (; shape->integers < integers && !in->failed; shape->integers++) {
    ude_integer_run *run = &shape->integer[shape->integers];
    run->name            = name(in);
    run->offset          = integer(in);
    run->size            = integer(in);
    run->rank            = read_extents(in, run->extents, &run->count);
  }
}

static void read_learned(reader *in, ude_learned_shape *learned) {
  learned->name           = name(in);
  int64_t arguments       = count(in);
  learned->returns        = integer(in) != 0;
  learned->returns_single = integer(in) != 0;
  learned->rows           = integer(in);
  learned->columns        = integer(in);
  learned->argument = in->failed ? NULL : ude_calloc((size_t)arguments, sizeof *learned->argument);
  in->failed        = in->failed || !learned->argument;
  for (; learned->arguments < arguments && !in->failed; learned->arguments++) {
    ude_learned_argument *argument = &learned->argument[learned->arguments];
    argument->name                 = name(in);
    argument->kind                 = (ude_argument_kind)integer(in);
    argument->single               = integer(in) != 0;
    argument->count                = integer(in);
  }
}

ude_status ude_reflection_read(const char *text, size_t length, ude_reflection *reflection,
                               ude_error *error) {
  reader in   = {text, text + length, false};
  *reflection = (ude_reflection){0};
  for (int i = 0; i < UDE_STRUCTS && !in.failed; i++) {
    read_shape(&in, &reflection->structs[i]);
  }
  char key[16];
  word(&in, key, sizeof key);
  for (int i = 0; i < UDE_MAPS; i++) {
    reflection->map[i] = integer(&in) != 0;
  }
  reflection->has_u0             = integer(&in) != 0;
  reflection->has_p0             = integer(&in) != 0;
  reflection->has_mass           = integer(&in) != 0;
  reflection->has_tspan          = integer(&in) != 0;
  reflection->has_draw           = integer(&in) != 0;
  int64_t           learned      = count(&in);
  ude_event_counts *events       = &reflection->events;
  events->count                  = integer(&in);
  events->scheduled              = integer(&in);
  events->discontinuities        = integer(&in);
  events->directions             = integer(&in);
  events->terminals              = integer(&in);
  events->schedule_constant      = integer(&in) != 0;
  events->discontinuity_constant = integer(&in) != 0;
  reflection->learned = in.failed ? NULL : ude_calloc((size_t)learned, sizeof *reflection->learned);
  in.failed           = in.failed || !reflection->learned;
  for (; reflection->learned_count < learned && !in.failed; reflection->learned_count++) {
    read_learned(&in, &reflection->learned[reflection->learned_count]);
  }
  if (in.failed) {
    ude_reflection_free(reflection);
    return ude_fail(error, UDE_BAD_DATA, "the cache entry is damaged");
  }
  return UDE_OK;
}
